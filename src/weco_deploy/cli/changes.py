from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.report.screen import Screen


@click.command("changes", cls=Command, short_help="List the commits between two releases or environments.")
@click.argument("sides", required=False, type=options.Text(), metavar="[A..B]")
@click.option(
    "--commit",
    envvar="WECO_DEPLOY_COMMIT",
    type=options.Text(),
    metavar="COMMIT",
    shell_complete=completion.commits,
    help="Show where this commit is instead: in which releases, and in which environments since when.",
)
@click.option(
    "--format",
    "form",
    envvar="WECO_DEPLOY_FORMAT",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print it; json is the same as --output json.",
)
@click.pass_obj
def changes(invocation: Invocation, *, sides: str | None, commit: str | None, form: str) -> None:
    """List the commits that are in B but not in A: releases, or environments as they are recorded.

    By default, what `promote` would bring from stage to prod. The commits come from the git repository
    in the current directory.
    """
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.errors import UsageError

    if commit is not None and (sides is not None or form == "markdown"):
        given = "A..B" if sides is not None else "--format markdown"
        raise UsageError(f"--commit can't be combined with {given}", "leave one of them out")
    if form == "markdown" and invocation.settings.json:
        raise UsageError("--format markdown can't be combined with --output json", "leave one of them out")
    if form == "json":
        invocation.settings = replace(invocation.settings, json=True)
    context = ProjectContext(invocation, "changes")
    if commit is not None:
        _show_commit(context, commit)
    else:
        _show_changes(context, sides, markdown=form == "markdown")


def _show_changes(context: ProjectContext, sides: str | None, *, markdown: bool) -> None:
    from weco_deploy.cli.output import print_result
    from weco_deploy.operations.changes import changes as compare
    from weco_deploy.report.documents import changes_document

    found = compare(context.ports, sides)

    def text(screen: Screen) -> str:
        from weco_deploy.report.changes_text import changes_markdown, changes_text

        return (
            changes_markdown(found)
            if markdown
            else changes_text(found, screen, everything=context.settings.verbose)
        )

    print_result(context.settings, lambda: changes_document(found), text)


def _show_commit(context: ProjectContext, commit: str) -> None:
    from weco_deploy.cli.output import print_result
    from weco_deploy.operations.changes import where
    from weco_deploy.report.documents import where_document

    found = where(context.ports, commit)

    def text(screen: Screen) -> str:
        from weco_deploy.report.changes_text import where_text

        return where_text(found, screen, everything=context.settings.verbose)

    print_result(context.settings, lambda: where_document(found), text)
