from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.report.screen import Screen


@click.command("show-release", cls=Command, short_help="Show a release as JSON, or compare two.")
@click.argument(
    "release", default="latest", type=options.Text(), metavar="[RELEASE]", shell_complete=completion.releases
)
@click.option(
    "--diff",
    "base",
    envvar="WECO_DEPLOY_DIFF",
    type=options.Text(),
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="Show what distinguishes the release from this one instead.",
)
@click.pass_obj
def show_release(invocation: Invocation, *, release: str, base: str | None) -> None:
    """Show a release (default: latest) as JSON, with its deployments."""
    from weco_deploy.cli.project_context import ProjectContext

    context = ProjectContext(invocation, "show-release")
    if base is None:
        _show_release(context, release)
    else:
        _show_difference(context, release, base)


def _show_release(context: ProjectContext, release_id: str) -> None:
    from weco_deploy.cli.streams import write_result
    from weco_deploy.operations import history
    from weco_deploy.operations.release import choose
    from weco_deploy.report.documents import json_text, release_document

    # Always JSON, as in 5.x, regardless of --output.
    release = choose(context.ports, release_id)
    deployments = history.release_deployments(context.ports, release)
    write_result(json_text(release_document(release, deployments)))


def _show_difference(context: ProjectContext, release_id: str, base: str) -> None:
    from weco_deploy.cli.output import print_result
    from weco_deploy.operations import history
    from weco_deploy.report.documents import difference_document

    difference = history.difference(context.ports, release_id, base)

    def text(screen: Screen) -> str:
        from weco_deploy.report.release_text import difference_text

        return difference_text(difference, screen, unchanged=context.settings.verbose)

    print_result(context.settings, lambda: difference_document(difference), text)
