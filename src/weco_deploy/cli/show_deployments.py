from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command("show-deployments", cls=Command, short_help="List the newest deployments.")
@click.argument("release", required=False, type=options.Text(), shell_complete=completion.releases)
@options.environment("Only those to this environment.  [default: all]")
@options.limit
@click.pass_obj
def show_deployments(
    invocation: Invocation, *, release: str | None, environment_id: str | None, limit: int
) -> None:
    """List the newest deployments, of all releases or of RELEASE."""
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations import history
    from weco_deploy.report.documents import deployments_document

    context = ProjectContext(invocation, "show-deployments")
    deployments = history.deployments(
        context.ports, release=release, environment_id=environment_id, limit=limit
    )

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import deployments_text

        return deployments_text(deployments, screen, context.ports.clock.utc(), context.options_shown)

    print_result(context.settings, lambda: deployments_document(deployments), text)
