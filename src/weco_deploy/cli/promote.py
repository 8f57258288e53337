from __future__ import annotations

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.model.requests import DeployOptions


@click.command("promote", cls=Command, short_help="Deploy to one environment what another one runs.")
@click.option(
    "--from",
    "source",
    envvar="WECO_DEPLOY_FROM",
    type=options.Text(),
    metavar="ENVIRONMENT",
    shell_complete=completion.environments,
    help="The environment to take the release from.  [default: stage, at a terminal]",
)
@click.option(
    "--to",
    "target",
    envvar="WECO_DEPLOY_TO",
    type=options.Text(),
    metavar="ENVIRONMENT",
    shell_complete=completion.environments,
    help="The environment to deploy to.  [default: prod, at a terminal]",
)
@options.deploy_options
@click.pass_obj
def promote(
    invocation: Invocation,
    *,
    source: str | None,
    target: str | None,
    description: str | None,
    given: DeployOptions,
) -> int:
    """Deploy to one environment the very images that another one runs, and watch.

    Refused while the other one is being deployed to, if its last deployment did not succeed, or if it
    runs something else than what is recorded.
    """
    from dataclasses import replace

    from weco_deploy.cli import deployments, prompts
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.errors import UsageError
    from weco_deploy.model.kind import Kind
    from weco_deploy.operations.promote import running_release

    context = ProjectContext(invocation, "promote")
    known = [environment.id for environment in context.project.environments]
    if len(known) == 1:
        raise UsageError(
            f"project {context.project.id} has only the environment {known[0]}: there is nothing to promote",
            "promote between environments of one project; deploy moves a release to its only environment",
        )
    # In a pipeline, which nobody watches, a forgotten flag must not deploy to prod.
    defaults = ("stage", "prod") if prompts.at_a_terminal() else (None, None)
    if not prompts.may_ask(context.settings) and source is target is None and None in defaults:
        raise UsageError(
            "--from and --to are missing, and there is no default for them",
            f"add --from and --to: two of {', '.join(known)}",
        )
    from_id = context.environment(source, "Environment to promote from", flag="--from", default=defaults[0])
    to_id = context.environment(target, "Environment to promote to", flag="--to", default=defaults[1])
    if from_id == to_id:
        raise UsageError(
            f"--from and --to are both {from_id}: there is nothing to promote", "name two environments"
        )
    description = deployments.description(context, description, f"Promoted from {from_id}")
    release, new = running_release(context.ports, from_id, override=given.override_gate)
    request = deployments.deploy_request(release, to_id, description, given)
    return deployments.deploy(context, replace(request, new_release=new, kind=Kind.PROMOTE, source=from_id))
