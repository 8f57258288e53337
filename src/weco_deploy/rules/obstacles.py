"""Finds what would keep ECS from redeploying a service, before anything has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.service import Service

MOST_OPEN = 5
"""ECS refuses UpdateService for a service with so many deployments that are not complete."""


def obstacles(services: Iterable[PlannedService], observed: Snapshot) -> Iterator[str]:
    """Why services that the plan redeploys can't be redeployed."""
    for planned in services:
        if planned.action is Action.REDEPLOY:
            (view,) = observed.services[planned.service_id]
            if reason := _too_many_deployments(view.service) or no_step(view.service):
                yield f"{planned.service_id}: {reason}"


def _too_many_deployments(service: Service) -> str:
    # Behind a Classic Load Balancer ECS names no rollout state.
    open_deployments = [
        deployment
        for deployment in service.deployments
        if deployment.status != "INACTIVE" and deployment.rollout_state not in (None, "COMPLETED")
    ]
    if len(open_deployments) < MOST_OPEN:
        return ""
    return (
        f"{service.key} has {len(open_deployments)} deployments that are not complete, and ECS refuses another one: wait "
        "until the old ones are gone, or find out what keeps their tasks"
    )


def no_step(service: Service) -> str:
    """Why ECS may neither start a new task nor stop an old one first; it gives no reason then, and waits for ever."""
    if service.maximum_percent is None or service.minimum_healthy_percent is None or not service.desired:
        return ""
    most = service.desired * service.maximum_percent // 100
    fewest = -(-service.desired * service.minimum_healthy_percent // 100)
    may_start = service.running + service.pending < most
    if most > fewest or may_start:
        return ""
    return (
        f"{service.key} can never be redeployed: of {service.desired} desired tasks, maximumPercent "
        f"{service.maximum_percent} allows {most} at most, and minimumHealthyPercent {service.minimum_healthy_percent} "
        f"demands {fewest} at least"
    )
