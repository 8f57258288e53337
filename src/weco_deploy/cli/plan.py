from __future__ import annotations

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command, ExitCodeFlag
from weco_deploy.cli.invocation import Invocation
from weco_deploy.model.requests import DEFAULT_DESCRIPTION, DeployOptions


@click.command("plan", cls=Command, short_help="Show what deploying a release would change.")
@options.release_id
@options.environment_id
@options.deploy_options
@click.option(
    "--detailed-exitcode",
    cls=ExitCodeFlag,
    envvar="WECO_DEPLOY_DETAILED_EXITCODE",
    is_flag=True,
    help="Exit with 0 if there is nothing to do, 2 if something would change, 5 for any error.",
)
@click.pass_obj
def plan(
    invocation: Invocation,
    *,
    release_id: str | None,
    environment_id: str | None,
    description: str | None,
    given: DeployOptions,
    detailed_exitcode: bool,
) -> int:
    """Show what deploying a release would change: which tags move, which services are redeployed, and why.

    Takes the options of deploy and changes nothing.
    """
    from weco_deploy.cli import deployments
    from weco_deploy.cli.project_context import ProjectContext

    context = ProjectContext(invocation, "plan")
    release, environment = deployments.release_and_environment(context, release_id, environment_id)
    description = description or DEFAULT_DESCRIPTION
    request = deployments.deploy_request(release, environment, description, given)
    changes = deployments.show_plan(context, request).changes
    return exit_codes.CHANGES if detailed_exitcode and changes else exit_codes.DONE
