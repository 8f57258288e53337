from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command("show-deployment", cls=Command, short_help="Show all about one deployment, with its logs.")
@click.argument("deployment", required=False, type=options.Text())
@options.environment("Only deployments to this environment.  [default: all]")
@click.pass_obj
def show_deployment(invocation: Invocation, *, deployment: str | None, environment_id: str | None) -> None:
    """Show a deployment (default: the last one): its verdict, failures, log lines, images, and what followed.

    DEPLOYMENT is an id, or the first characters of one (4 or more).
    """
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations.show_deployment import show
    from weco_deploy.report.documents import deployment_details_document

    context = ProjectContext(invocation, "show-deployment")
    details = show(context.ports, deployment, environment_id)

    def text(screen: Screen) -> str:
        from weco_deploy.report.deployment_details import deployment_details_text

        return deployment_details_text(
            details, screen, context.options_shown, everything=context.settings.verbose
        )

    print_result(context.settings, lambda: deployment_details_document(details, context.options), text)
