from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command, ExitCodeFlag
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.model.status import Status
    from weco_deploy.report.screen import Screen


@click.command("status", cls=Command, short_help="Show what runs in each environment, and what drifted.")
@options.environment("Which environment.  [default: all]")
@click.option(
    "--check",
    cls=ExitCodeFlag,
    envvar="WECO_DEPLOY_CHECK",
    is_flag=True,
    help="Exit with 0 if all is in sync and up, 1 if anything drifted or is down, 5 for any error.",
)
@click.option(
    "--watch",
    envvar="WECO_DEPLOY_WATCH",
    is_flag=True,
    help="Show it again every 10 seconds, until Ctrl-C.",
)
@click.pass_obj
def status(invocation: Invocation, *, environment_id: str | None, check: bool, watch: bool) -> int:
    """Show what runs in each environment: by the record, by its tags in ECR, by what ECS resolved and what its tasks run.

    Below it what drifted, services that are down or crashed within the last hour, deployments in progress, locks,
    what waits to be promoted, and images that are known to be bad.
    """
    from weco_deploy.cli import watching
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations.status import status as observe
    from weco_deploy.report.status_document import status_document

    if watch:
        watching.check_can_watch(invocation.settings, check=check)
    context = ProjectContext(invocation, "status")
    if environment_id is not None:
        context.project.environment(environment_id)

    def text(found: Status, screen: Screen) -> str:
        from weco_deploy.report.status_text import status_text

        return status_text(found, screen, everything=context.settings.verbose)

    if watch:
        watching.watch(context.ports, lambda: observe(context.ports, environment_id), text)
        return exit_codes.DONE
    found = observe(context.ports, environment_id)
    print_result(
        context.settings,
        lambda: status_document(found, context.options),
        lambda screen: text(found, screen),
    )
    watching.report_errors(found, context.settings)
    if found.errors:
        return exit_codes.DISTINCT_ERROR if check else exit_codes.FAILED
    return exit_codes.FAILED if check and not found.healthy else exit_codes.DONE
