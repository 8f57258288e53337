from __future__ import annotations

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command(
    "confirm-deploy", cls=Command, short_help="Watch a deployment made before, and close its record."
)
@click.option(
    "--release-id",
    envvar="WECO_DEPLOY_RELEASE_ID",
    type=options.Text(),
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="The release that was deployed.  [default: the environment's last deployment]",
)
@options.environment_id
@options.confirm_options
@options.output_file
@click.pass_obj
def confirm_deploy(
    invocation: Invocation,
    *,
    release_id: str | None,
    environment_id: str | None,
    wait: float,
    interval: float,
    stable_for: float | None,
) -> int:
    """Watch a deployment made before until every service runs it.

    The record of a deployment that was cut off gets its verdict, and that of one that turned out otherwise than
    recorded (it took longer, say) a new one. Nothing else is changed; with --dry-run not even that.
    """
    from weco_deploy.cli import prompts
    from weco_deploy.cli.deployments import show_result
    from weco_deploy.cli.event_output import EventOutput
    from weco_deploy.cli.github_sink import add_github_sink
    from weco_deploy.cli.message_sinks import add_message_sinks
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.model.requests import ConfirmRequest
    from weco_deploy.operations.confirm import confirm
    from weco_deploy.operations.release import choose

    context = ProjectContext(invocation, "confirm-deploy")
    context.check_environment(environment_id)
    if environment_id is None and release_id is not None and prompts.may_ask(context.settings):
        choose(context.ports, release_id)  # an unknown release is refused before the first question
    release = prompts.optional(
        context.settings,
        release_id,
        question="Release whose deployment to confirm",
        otherwise="the environment's last deployment",
    )
    request = ConfirmRequest(
        environment_id=context.environment(environment_id, "Environment it was deployed to"),
        release_id=release,
        wait=wait,
        interval=interval,
        stable_for=stable_for,
        recorded=not context.settings.dry_run,
    )
    invocation.request = request
    if request.recorded:
        add_message_sinks(context, request.environment_id)
        add_github_sink(context, request.environment_id)
    with EventOutput(invocation, context.ports.clock.utc, environment=request.environment_id) as output:
        deployment = confirm(request, context.ports, output)
    return show_result(context, deployment)
