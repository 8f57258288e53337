from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.model.requests import DeployOptions


@click.command("deploy", cls=Command, short_help="Deploy a release to an environment and watch it.")
@options.release_id
@options.environment_id
@options.deploy_options
@click.pass_obj
def deploy(
    invocation: Invocation,
    *,
    release_id: str | None,
    environment_id: str | None,
    description: str | None,
    given: DeployOptions,
) -> int:
    """Deploy a release to an environment, and watch until every service runs it.

    Shows what will change and asks; --confirm (before the command) asks nothing.
    """
    from weco_deploy.cli import deployments
    from weco_deploy.cli.project_context import ProjectContext

    context = ProjectContext(invocation, "deploy")
    release, environment = deployments.release_and_environment(context, release_id, environment_id)
    description = deployments.description(context, description)
    request = deployments.deploy_request(release, environment, description, given)
    return deployments.deploy(context, request)
