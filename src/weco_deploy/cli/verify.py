from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.errors import UsageError

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command("verify", cls=Command, short_help="Run the checks of an environment again.")
@options.environment_id
@click.pass_obj
def verify(invocation: Invocation, *, environment_id: str | None) -> int:
    """Run the checks of an environment again, and record their results in its last deployment.

    Exits with 1 if a check failed that is not advisory. The deployment keeps its status: confirm-deploy judges it again.
    """
    from weco_deploy.cli.event_output import EventOutput
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.model.requests import VerifyRequest
    from weco_deploy.operations.verify import verify as run_checks
    from weco_deploy.report.documents import verification_document

    context = ProjectContext(invocation, "verify")
    if context.settings.dry_run:
        raise UsageError("verify has no dry run: its checks run", "`plan` shows them")
    request = VerifyRequest(environment_id=context.environment(environment_id, "Environment to verify"))
    with EventOutput(invocation, context.ports.clock.utc, environment=request.environment_id) as output:
        deployment = run_checks(request, context.ports, output)

    def text(screen: Screen) -> str:
        from weco_deploy.report.verification_text import verification_text

        return verification_text(deployment, screen)

    print_result(context.settings, lambda: verification_document(deployment), text)
    return exit_codes.FAILED if deployment.failed_checks else exit_codes.DONE
