"""What services' outcomes make of a deployment, and what became of one that was cut off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from weco_deploy.model.deployment import (
    GOOD,
    SETTLED,
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.plan import Expected, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.rules.running import Match, all_described, evidence, expectation, rested


def verdict(services: Iterable[ServiceOutcome]) -> DeploymentStatus:
    """The deployment's status once nothing more is waited for."""
    statuses = [service.status for service in services]
    if any(status in SETTLED - GOOD for status in statuses):
        return DeploymentStatus.FAILED
    if all(status in GOOD for status in statuses):
        return DeploymentStatus.SUCCEEDED
    return DeploymentStatus.TIMED_OUT


def left_behind(deployment: Deployment) -> tuple[str, ...]:
    """The images of services that failed whose environment tag points at what they failed with.

    ECS may put a service back to what it ran before, but it does not move tags.
    """
    failed = {
        image_id
        for service in deployment.services
        if service.status is ServiceStatus.FAILED
        for image_id in service.images
    }
    return tuple(
        image_id for image_id, change in deployment.images.items() if image_id in failed and change.applied
    )


def cut_off(deployment: Deployment, project: Project, seen: Snapshot) -> DeploymentStatus:
    """What to record of a deployment whose holder is gone: succeeded if all of it runs, else interrupted.

    What was not looked at (the next release may lack an image) does not count as running.
    """
    looked_at = deployment.images.keys() <= seen.images.keys()
    if not deployment.images or not looked_at or drifted(deployment, seen):
        return DeploymentStatus.INTERRUPTED
    fine = all(_runs(outcome, deployment, project, seen) for outcome in deployment.services)
    return DeploymentStatus.SUCCEEDED if fine else DeploymentStatus.INTERRUPTED


def as_seen(deployment: Deployment, seen: Snapshot) -> Deployment:
    """The deployment with its tags as they are now: one may have moved before that was noted."""
    images = {
        image_id: replace(
            change, tag_moved=seen.images[image_id].tagged == change.to_digest != change.from_digest
        )
        if image_id in seen.images
        else change
        for image_id, change in deployment.images.items()
    }
    return replace(deployment, images=images)


def drifted(deployment: Deployment, seen: Snapshot) -> tuple[str, ...]:
    """The images whose tag does not point at what was deployed."""
    return tuple(
        image_id
        for image_id, change in deployment.images.items()
        if image_id in seen.images and seen.images[image_id].tagged != change.to_digest
    )


def _runs(outcome: ServiceOutcome, deployment: Deployment, project: Project, seen: Snapshot) -> bool:
    if outcome.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED):
        return False
    views = seen.services.get(outcome.service_id, ())
    if len(views) != 1:
        return False
    finding = evidence(
        views[0],
        expected_of(deployment, outcome, project),
        seen.resolved.get(outcome.key, ()),
        None,
    )
    return finding.match is Match.RIGHT and rested(views[0].service) and all_described(views[0])


def expected_of(deployment: Deployment, outcome: ServiceOutcome, project: Project) -> tuple[Expected, ...]:
    """What a service of a recorded deployment must run. An index's children are not recorded."""
    tag = project.environment(deployment.environment).tag
    repositories = {image.id: image.repository for image in project.images}
    return tuple(
        expectation(image_id, repositories[image_id], tag, frozenset({deployment.images[image_id].to_digest}))
        for image_id in outcome.images
        if image_id in deployment.images and image_id in repositories
    )
