"""The command `sandbox trouble`."""

from __future__ import annotations

import click

from weco_deploy.cli import completion
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.sandbox_directory import directory, directory_of, say, warn_if_project_file_changed


@click.command("trouble", cls=Command, short_help="Let something go wrong with a service.")
@click.argument("service_id", metavar="SERVICE_ID", shell_complete=completion.services)
@click.argument("kind", metavar="TROUBLE")
@click.option(
    "--environment-id",
    envvar="WECO_DEPLOY_ENVIRONMENT_ID",
    metavar="ENVIRONMENT",
    shell_complete=completion.environments,
    help="The service's environment.  [default: the only one that has the service]",
)
@click.option(
    "--after",
    envvar="WECO_DEPLOY_AFTER",
    type=click.IntRange(0, 48 * 3600),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="Let it happen so many seconds later, of ECS's time: 30 of them pass in one.",
)
@click.option(
    "--next-deployment",
    envvar="WECO_DEPLOY_NEXT_DEPLOYMENT",
    is_flag=True,
    help="Let it happen in the service's next deployment; --after counts from its beginning.",
)
@directory
@click.pass_obj
def trouble(
    invocation: Invocation,
    *,
    service_id: str,
    kind: str,
    environment_id: str | None,
    after: int,
    next_deployment: bool,
    directory: str | None,
) -> None:
    """Let something go wrong with a service of the sandbox, or let somebody else change it.

    \b
    Until none:
      no-capacity           no container instance can take another task
      alarm                 a CloudWatch alarm that watches it is in ALARM
      targets-fail          its load balancer finds all targets unhealthy
      targets-unused        no load balancer uses its target group
      target-group-missing  its target group does not exist any more
      no-network-interface  no network interface can be created for its tasks
      no-secret             its tasks may not read a secret
      no-log-group          the log group of its tasks does not exist
      no-volume             its tasks can't mount an EFS volume
      hides-digests         its tasks report no digests
      hides-revisions       its service revisions report no digests
      image-by-digest       its tasks name their images by digest
      pause                 a lifecycle hook pauses its deployments
      hook-fails            the functions of its lifecycle hooks fail
      hook-hangs            the functions of its lifecycle hooks hang
      pulls-once            its instances keep the image pulled first
      none                  ends all of these

    \b
    Once:
      redeployed            somebody forces a new deployment
      scaled=COUNT          somebody sets its desired count
      deleted               somebody deletes it
      recreated             somebody deletes it, and creates it again
      deployment-continued  somebody continues its paused deployment
      deployment-refused    somebody rolls its paused deployment back
      deployment-stopped    somebody stops its deployment
      task-stopped          somebody stops one of its tasks
      container-exit        a container of one of its tasks exits
      spot-interruption     a Spot interruption ends one of its tasks
      termination-notice    the host of one of its tasks is terminated
      host-failure          the host of one of its tasks fails

    Trouble happens at once, or later with --next-deployment and --after. ECS ignores an alarm that was in ALARM before a
    deployment began, so alarm needs --next-deployment to fail one. targets-fail, targets-unused and target-group-missing need a sandbox with --load-balancers.
    pause, hook-fails and hook-hangs concern deployments that begin later, and need a sandbox with a --strategy other than rolling.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with the character \b
    from weco_deploy.sandbox import commands, troubles

    settings = invocation.settings
    wanted = troubles.parse(kind, after, next_deployment=next_deployment)
    where = directory_of(settings, directory)
    warn_if_project_file_changed(settings, where)
    service = commands.trouble(
        where,
        say(settings),
        service_id,
        wanted,
        environment_id=environment_id,
        project_id=settings.project_id,
        dry_run=settings.dry_run,
    )
    if settings.json:
        from weco_deploy.cli.streams import write_result
        from weco_deploy.report.documents import json_text

        made = {
            "service_id": service.service_id,
            "environment": service.environment_id,
            "cluster": service.cluster,
            "service_name": service.name,
            "kind": wanted.kind,
            "count": wanted.count,
            "after": wanted.after,
            "next_deployment": wanted.next_deployment,
            "dry_run": settings.dry_run,
        }
        write_result(json_text({"trouble": made}))
