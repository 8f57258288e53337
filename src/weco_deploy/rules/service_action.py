"""Decides whether a service is redeployed, watched or left alone."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from weco_deploy.model.code_deploy import DeploymentGroup, GroupSettings, Revision
from weco_deploy.model.deployment import reasons
from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.replica import Replica
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.digests import Match, all_described, running_tasks
from weco_deploy.rules.rollout.health import waits_for_health
from weco_deploy.rules.rollout.running_tasks import tasks_before
from weco_deploy.rules.rollout.stability import seconds_until_stable
from weco_deploy.rules.rollout.steady_state import in_steady_state, rollout_in_progress
from weco_deploy.rules.rollout.strategies import strategy_of
from weco_deploy.rules.running import current_tasks, evidence


def planned_service(
    service_id: str,
    expected: tuple[Expected, ...],
    view: ServiceView,
    observed: Snapshot,
    stable_for: float,
    group: DeploymentGroup | None = None,
) -> PlannedService:
    """How to get the service to run the expected images, which its containers use, and why.

    A service that runs them is watched until its tasks have been running for `stable_for` seconds and are healthy. CodeDeploy deploys
    a service with a deployment `group`.
    """
    service = _with_traffic_shift(view.service, observed.groups.get(service_id))
    action, why = _action(service_id, expected, view, observed, stable_for)
    own_wait = strategy_of(service).own_wait(service)
    if action is not Action.LEAVE:
        why = reasons(why, _made_to_wait(service, group, own_wait))
    return PlannedService(
        service_id=service_id,
        key=service.key,
        images=tuple(image.image_id for image in expected),
        action=action,
        why=why,
        expected=expected,
        desired=service.desired,
        breaker=service.breaker,
        ecs_deployment_id=service.primary.id if service.primary else None,
        replicas=_replicas(expected, view, observed),
        own_wait=own_wait,
        code_deploy=_revision(service, group),
        traffic_shift=service.traffic_shift,
        tasks=tasks_before(view, expected),
    )


def _made_to_wait(service: Service, group: DeploymentGroup | None, own_wait: timedelta) -> str:
    """How long ECS, or CodeDeploy, makes a deployment of the service wait by its configuration; empty if it does not."""
    if group is not None:
        wait = f"CodeDeploy makes it wait up to {_minutes(own_wait)} min ({group}), besides the waiting time"
        return wait if own_wait else ""
    paused = sum(service.traffic_shift.pauses, timedelta(0))
    if not own_wait + paused:
        return ""
    wait = f"ECS makes it wait up to {_minutes(own_wait + paused)} min ({service.strategy}), besides the waiting time"
    hooks = f"lifecycle hooks pause it until somebody continues it, for up to {_minutes(paused)} min of that"
    return reasons(wait, hooks if paused else "")


def _minutes(duration: timedelta) -> int:
    return math.ceil(duration.total_seconds() / 60)


def _is_being_replaced(service: Service) -> bool:
    """Whether CodeDeploy has a deployment under way whose tasks do not get the traffic yet."""
    primary = service.primary
    return (
        strategy_of(service).begins_beside
        and primary is not None
        and any(
            other.created_at > primary.created_at and other.status != "DRAINING"
            for other in service.deployments
        )
    )


def _with_traffic_shift(service: Service, settings: GroupSettings | str | None) -> Service:
    """The service, with the traffic shift of its deployment group if it has one."""
    return replace(service, traffic_shift=settings.shift) if isinstance(settings, GroupSettings) else service


def _revision(service: Service, group: DeploymentGroup | None) -> Revision | None:
    """What CodeDeploy deploys; None if ECS deploys the service."""
    if group is None or service.traffic_to is None:
        return None
    return Revision(
        group=group,
        task_definition=service.task_definition,
        container=service.traffic_to.container,
        port=service.traffic_to.port,
    )


def _replicas(expected: tuple[Expected, ...], view: ServiceView, observed: Snapshot) -> tuple[Replica, ...]:
    """The replicas that the service's containers pull the images from."""
    containers = [container.image for task in current_tasks(view) for container in task.containers]
    containers += [container.image for container in observed.defined.get(view.service.key, ())]
    found = (image.replica_of(container) for image in expected for container in containers)
    return tuple(dict.fromkeys(replica for replica in found if replica is not None))


def with_forced_redeploy(service: PlannedService) -> PlannedService:
    """The service with the action to redeploy it (`--force-redeploy`)."""
    if service.action is Action.REDEPLOY:
        return service
    return replace(service, action=Action.REDEPLOY, why=f"forced ({service.why})")


def _action(
    service_id: str,
    expected: tuple[Expected, ...],
    view: ServiceView,
    observed: Snapshot,
    stable_for: float,
) -> tuple[Action, str]:
    service = view.service
    known = observed.record.services.get(service_id)
    if _is_being_replaced(service):
        return Action.REDEPLOY, "CodeDeploy is about to shift its traffic to other tasks"
    finding = evidence(view, expected, observed.resolved.get(service.key, ()), known)
    if finding.match is not Match.RIGHT:
        return Action.REDEPLOY, finding.why
    if service.primary is None or service.primary.rollout_state == "FAILED":
        return Action.REDEPLOY, "its last rollout failed"
    if known is not None and known.failed and known.ecs_deployment_id == service.primary.id:
        # Its tasks may be between two crashes. A new ECS deployment also resets the count of failures.
        return Action.REDEPLOY, "its rollout failed in the deployment before"
    if rollout_in_progress(service):
        return Action.ADOPT, f"{finding.why}, and that rollout is under way"
    if not in_steady_state(service):
        return Action.ADOPT, f"{finding.why}, with {service.running} of {service.desired} tasks running"
    if not finding.observed and service.desired:
        return Action.ADOPT, f"{finding.why}, but nothing tells what it runs"
    if not all_described(view):
        return Action.ADOPT, f"{finding.why}, as far as they were listed"
    if seconds_until_stable(view, running_tasks(view), stable_for):
        return Action.ADOPT, f"{finding.why}, but not all of its tasks have been running for {stable_for:g} s"
    if unhealthy := waits_for_health(view, running_tasks(view)):
        return Action.ADOPT, reasons(finding.why, unhealthy)
    return Action.LEAVE, finding.why
