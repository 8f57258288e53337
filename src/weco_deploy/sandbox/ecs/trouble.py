"""What can go wrong with a service, or be done to it by somebody else: `sandbox:MakeTrouble`, no call of AWS.

A request names `cluster`, `service` and `kind`; `value` is what the kind needs. It begins `after` so many seconds (0), with
`nextDeployment` counted from when the next deployment of the service is opened. Kinds:

    no-capacity            no container instance can take another task
    no-network-interface   no network interface can be created for its tasks
    no-secret              its tasks may not read a secret
    no-log-group           the log group of its tasks does not exist
    no-volume              its tasks can't mount an EFS volume
    alarm                  the alarms of its deployment configuration are in ALARM
    targets-fail           its target groups find every target unhealthy
    targets-unused         no load balancer uses its target groups
    target-group-missing   its target groups were deleted
    hides-digests          its tasks report no digest
    hides-revisions        its service revisions tell no digest
    image-by-digest        its tasks name their images `repository@sha256:…`
    pulls-once             its instances keep the image that they pulled first
    pause                  a lifecycle hook pauses its later deployments, for an hour at most
    hook-fails             the Lambda functions of its lifecycle hooks fail; one is added if there is none
    hook-hangs             the same, but they answer IN_PROGRESS for as long as it lasts
    none                   ends all of these

and these happen once:

    redeployed             somebody forces a new deployment
    scaled                 somebody sets its desired count to `value`
    deleted                somebody deletes it
    recreated              somebody deletes it and, once it is gone, makes it again as it was
    spot-interruption      a Spot interruption ends one of its tasks
    host-failure           the host of one of its tasks fails
    termination-notice     the host of one of its tasks is terminated
    task-stopped           somebody stops one of its tasks
    deployment-continued   somebody continues its deployment, which is paused
    deployment-refused     somebody rolls back its deployment, which is paused
    deployment-stopped     somebody stops its deployment, and lets ECS roll it back
    container-exit         an essential container of one of its tasks exits with 1
"""

from __future__ import annotations

from weco_deploy.sandbox.ecs import deployment_calls, hook_trouble, service_calls, targets, tasks
from weco_deploy.sandbox.ecs.errors import ApiError, invalid
from weco_deploy.sandbox.ecs.lookups import cluster_of, service_of
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service, Trouble
from weco_deploy.sandbox.ecs.state import Cluster, Json

START_FAILS = {
    "no-network-interface": (
        "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0123456789abcdef0': "
        "InsufficientFreeAddressesInSubnet"
    ),
    "no-secret": (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to "
        "retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException"
    ),
    "no-log-group": (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create "
        "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
    ),
    "no-volume": (
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "
        "fs-0123456789abcdef0 : unsuccessful EFS utils command execution; code: 1"
    ),
}
"""Why tasks can't be started, in ECS's words."""
LASTING = {
    "no-capacity": "no_capacity",
    "targets-fail": "targets_fail",
    "targets-unused": "targets_unused",
    "target-group-missing": "target_group_missing",
    "hides-digests": "hides_digests",
    "hides-revisions": "hides_revisions",
    "image-by-digest": "image_by_digest",
    "pulls-once": "pulls_once",
}
STOPS = {
    "spot-interruption": ("SpotInterruption", "Your Spot Task was interrupted."),
    "host-failure": ("InfrastructureHealth", "The underlying infrastructure of the task is unhealthy."),
    "termination-notice": (
        "TerminationNotice",
        "Your Spot Task was interrupted: termination notice received.",
    ),
    "task-stopped": ("UserInitiated", "Task stopped by user"),
    "container-exit": ("EssentialContainerExited", "Essential container in task exited"),
}
KINDS = frozenset(
    {
        *LASTING,
        *START_FAILS,
        *hook_trouble.LASTING,
        *STOPS,
        "alarm",
        "none",
        "redeployed",
        "scaled",
        "deleted",
        "recreated",
        "deployment-continued",
        "deployment-refused",
        "deployment-stopped",
    }
)
GONE_AGAIN_AFTER = 1.0
"""Seconds between two looks whether a deleted service is gone, so that it can be made again."""


def make_trouble(region: Region, request: Json) -> Json:
    """sandbox:MakeTrouble."""
    cluster = cluster_of(region, request)
    service = service_of(cluster, request["service"])
    kind = request["kind"]
    if kind not in KINDS:
        raise invalid(f"there is no trouble {kind!r}; there is {', '.join(sorted(KINDS))}")
    if kind == "scaled" and "value" not in request:
        raise invalid("scaled needs a value")

    def begin() -> None:
        # A service that was made again under this name is the one that is meant.
        _begin(region, cluster, cluster.services[service.name], kind, request)

    after = request.get("after", 0)
    if request.get("nextDeployment"):
        service.at_next_deployment.append(lambda: region.after(after, begin))
    elif after:
        region.after(after, begin)
    else:
        begin()
    return {}


def _begin(region: Region, cluster: Cluster, service: Service, kind: str, request: Json) -> None:
    if kind in LASTING:
        setattr(service.trouble, LASTING[kind], True)
    elif kind in START_FAILS:
        service.trouble.start_fails = START_FAILS[kind]
    elif kind in hook_trouble.LASTING:
        hook_trouble.begin(service, kind)
    elif kind == "none":
        hook_trouble.end(service)
        service.trouble = Trouble()
        region.alarms -= service.alarms
    elif kind == "alarm":
        region.alarms |= service.alarms
        _wake_watchers(region)
    elif kind in STOPS:
        _stop_one(region, service, *STOPS[kind])
    else:
        _by_somebody(region, cluster, service, kind, request)
    for task in service.tasks.values():
        region.changed(task)  # some troubles change what its tasks look like
    if kind in {"targets-fail", "targets-unused", "none"}:
        targets.recheck(region, service, lambda task: tasks.target_known(region, task))
    region.wake(service)


def _wake_watchers(region: Region) -> None:
    """Let the scheduler look at each service whose alarms are in ALARM: several may share one."""
    for cluster in region.clusters.values():
        for service in cluster.services.values():
            if service.alarms & region.alarms:
                region.wake(service)


def _stop_one(region: Region, service: Service, code: str, reason: str) -> None:
    running = [task for task in service.tasks.values() if task.running and task.wanted]
    if not running:
        return
    task = running[0]
    if code == "UserInitiated":
        tasks.stop(region, task, code, reason)
        return
    if code == "EssentialContainerExited":
        next(container for container in task.containers if container.essential).exit_code = 1
    tasks.end(region, task, code, reason)


def _by_somebody(region: Region, cluster: Cluster, service: Service, kind: str, request: Json) -> None:
    named: Json = {"cluster": cluster.name, "service": service.name}
    try:
        match kind:
            case "redeployed":
                service_calls.update_service(region, named | {"forceNewDeployment": True})
            case "scaled":
                service_calls.update_service(region, named | {"desiredCount": request["value"]})
            case "deleted" | "recreated":
                service_calls.delete_service(region, named | {"force": True})
            case "deployment-continued":
                hook_trouble.act_on_pause(region, service, "CONTINUE")
            case "deployment-refused":
                hook_trouble.act_on_pause(region, service, "ROLLBACK")
            case "deployment-stopped":
                current = {"serviceDeploymentArn": service.service_deployments[0].arn, "stopType": "ROLLBACK"}
                deployment_calls.stop_service_deployment(region, current)
    except ApiError:
        # What somebody else tries may be refused, as what we try.
        return
    if kind == "recreated":
        _recreate_once_gone(region, cluster, service)


def _recreate_once_gone(region: Region, cluster: Cluster, service: Service) -> None:
    if cluster.services.get(service.name) is not service:
        return
    if service.status == "INACTIVE":
        service_calls.recreate(region, cluster, service.name)
    else:
        region.after(GONE_AGAIN_AFTER, lambda: _recreate_once_gone(region, cluster, service))
