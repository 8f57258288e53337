"""Target groups: registering the tasks of a service, their health, and elbv2's DescribeTargetHealth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import GOOD_FOR_ECS, Json, Task

FAILING = "Health checks failed"
_REASONS = {
    "initial": ("Elb.RegistrationInProgress", "Target registration is in progress"),
    "unhealthy": ("Target.FailedHealthChecks", FAILING),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


def port_of(service: Service) -> int:
    """The port at which its target groups reach its tasks."""
    balanced = [
        balancer for balancer in service.request.get("loadBalancers", ()) if "targetGroupArn" in balancer
    ]
    return int(balanced[0].get("containerPort", 80)) if balanced else 80


def register(region: Region, task: Task, known: Callable[[], None]) -> None:
    """Register a task that runs in the target groups of its service; `known` is run once its health is known."""
    service = task.service
    if service is None or not service.target_groups:
        return
    for group in service.target_groups:
        if service.trouble.target_group_missing:
            name = group.rsplit("/", 2)[-2]
            region.tell(
                service,
                f"failed to register targets in (target-group {group}) with "
                f"(error The target group '{name}' does not exist)",
            )
            return
        region.tell(service, f"registered 1 targets in (target-group {group})")
    task.target = "initial"
    region.after(_seconds_until_known(region, task, service), lambda: _known(task, service, known))


def recheck(region: Region, service: Service, known: Callable[[Task], None]) -> None:
    """Check all targets of a service again, as target groups do all the time."""
    for task in list(service.tasks.values()):
        if task.target in {"initial", *GOOD_FOR_ECS}:
            _check_again(region, task, service, known)


def _check_again(region: Region, task: Task, service: Service, known: Callable[[Task], None]) -> None:
    seconds = _seconds_until_known(region, task, service)
    region.after(seconds, lambda: _known(task, service, lambda: known(task)))


def _fails(task: Task, service: Service) -> bool:
    balanced = {balancer.get("containerName") for balancer in service.request.get("loadBalancers", ())}
    return service.trouble.targets_fail or any(
        not container.behaviour.healthy for container in task.containers if container.name in balanced
    )


def _seconds_until_known(region: Region, task: Task, service: Service) -> float:
    timings = region.settings.timings
    if not _fails(task, service):
        return timings.target
    grace = float(service.request.get("healthCheckGracePeriodSeconds", 0))
    return max(timings.target_failure, grace)


def _fails_unheeded(region: Region, task: Task, service: Service) -> bool:
    """Whether the target groups find a target unhealthy while ECS ignores that: in the service's grace period."""
    if task.target != "initial" or task.started_at is None or not _fails(task, service):
        return False
    seconds = region.settings.timings.target_failure / region.settings.speed
    return region.now >= task.started_at + timedelta(seconds=seconds)


def _known(task: Task, service: Service, known: Callable[[], None]) -> None:
    if task.target in {"initial", *GOOD_FOR_ECS}:
        task.target = "unhealthy" if _fails(task, service) else "healthy"
        if service.trouble.targets_unused:
            task.target = "unused"
        known()


def deregister(region: Region, task: Task) -> None:
    """Take a task out of the target groups; it drains."""
    service = task.service
    if service is None or task.target in {"", "draining"}:
        return
    task.target = "draining"
    for group in service.target_groups:
        region.tell(service, f"deregistered 1 targets in (target-group {group})")
    region.tell(service, "has begun draining connections on 1 tasks.", f", taskSet {task.started_by}")


def describe_target_health(region: Region, request: Json) -> Json:
    """elbv2:DescribeTargetHealth."""
    arn = request["TargetGroupArn"]
    services = [
        service
        for cluster in region.clusters.values()
        for service in cluster.services.values()
        if arn in service.target_groups and service.status != "INACTIVE"
    ]
    if not services or any(service.trouble.target_group_missing for service in services):
        raise ApiError("TargetGroupNotFound", f"One or more target groups not found: '{arn}'")
    wanted = {target["Id"] for target in request.get("Targets", ())}
    return {
        "TargetHealthDescriptions": [
            _description(region, task, service)
            for service in services
            for task in service.tasks.values()
            if task.target and (not wanted or _target_of(task, service)["Id"] in wanted)
        ]
    }


def _description(region: Region, task: Task, service: Service) -> Json:
    target = _target_of(task, service)
    state = "unhealthy" if _fails_unheeded(region, task, service) else task.target
    health: Json = {"State": state}
    if state in _REASONS:
        health["Reason"], health["Description"] = _REASONS[state]
    return {
        "Target": target,
        "HealthCheckPort": str(target["Port"]),
        "TargetHealth": health,
    }


def _target_of(task: Task, service: Service) -> Json:
    """Its own address, or the EC2 instance that it runs on and the port there."""
    port = port_of(service)
    if task.instance is None:
        return {"Id": task.address, "Port": port}
    bound = (
        binding["hostPort"]
        for container in task.containers
        for binding in container.bindings
        if binding["containerPort"] == port
    )
    return {"Id": task.instance.id, "Port": next(bound, port)}
