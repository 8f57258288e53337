from __future__ import annotations

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.model.requests import DeployOptions


@click.command("rollback", cls=Command, short_help="Deploy the release that ran before.")
@options.environment_to_name
@click.option(
    "--to-release",
    "--to",
    "to_release",
    envvar="WECO_DEPLOY_TO_RELEASE",
    type=options.Text(),
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="The release to go back to.  [default: the last one that worked before]",
)
@click.option(
    "--lock",
    "lock_afterwards",
    envvar="WECO_DEPLOY_LOCK",
    type=options.Text(),
    metavar="REASON",
    help="Lock the environment from the end of the rollback, so that the next merge brings nothing back.",
)
@options.deploy_options
@click.pass_obj
def rollback(
    invocation: Invocation,
    *,
    environment_id: str | None,
    to_release: str | None,
    lock_afterwards: str | None,
    description: str | None,
    given: DeployOptions,
) -> int:
    """Deploy the release that an environment ran before, and watch.

    If the last deployment did not succeed, this is the last release that worked, otherwise the release before
    the current one. A second rollback goes further back. A rollback that did not succeed is repeated.
    """
    from dataclasses import replace

    from weco_deploy.cli import deployments, prompts
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.streams import write_notice
    from weco_deploy.model.kind import Kind
    from weco_deploy.model.requests import DEFAULT_ROLLBACK_DESCRIPTION
    from weco_deploy.operations.release import choose
    from weco_deploy.operations.rollback import earlier_release

    context = ProjectContext(invocation, "rollback")
    context.check_environment(environment_id)
    if environment_id is None and to_release is not None and prompts.may_ask(context.settings):
        choose(context.ports, to_release)  # an unknown release is refused before the first question
    environment = context.environment(environment_id, "Environment to roll back", default=None)
    target = prompts.optional(
        context.settings,
        to_release,
        question="Release to go back to",
        otherwise="the last one that worked before",
    )
    release, new = earlier_release(context.ports, environment, target, write_notice)
    description = deployments.description(context, description, DEFAULT_ROLLBACK_DESCRIPTION)
    request = deployments.deploy_request(release, environment, description, given)
    return deployments.deploy(
        context, replace(request, new_release=new, kind=Kind.ROLLBACK, lock_afterwards=lock_afterwards)
    )
