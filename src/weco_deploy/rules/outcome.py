"""What services' outcomes make of a deployment, and what became of one that was cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from weco_deploy.model.deployment import (
    GOOD,
    SETTLED,
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.plan import Expected, PlannedService, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.rules.expecting import expected_of
from weco_deploy.rules.running import Match, all_described, evidence, rested

_UNSUCCESSFUL = frozenset({DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED})


def verdict(services: Iterable[ServiceOutcome]) -> DeploymentStatus:
    """The deployment's status once nothing more is waited for."""
    statuses = [service.status for service in services]
    if any(status in SETTLED - GOOD for status in statuses):
        return DeploymentStatus.FAILED
    if all(status in GOOD for status in statuses):
        return DeploymentStatus.SUCCEEDED
    return DeploymentStatus.TIMED_OUT


def left_as(service: PlannedService) -> ServiceStatus:
    """What is said of a service that is left alone. One that is scaled to nothing runs nothing, which is no success."""
    nothing = service.related and service.desired == 0
    return ServiceStatus.NOTHING_RUNNING if nothing else ServiceStatus.UNCHANGED


def turned_out(recorded: DeploymentStatus, now: DeploymentStatus) -> bool:
    """Whether what is seen now is to take the place of a recorded verdict.

    What did not succeed in its time may have succeeded since, and what ran out of time may have failed. A failure
    keeps the reasons it had, and one that was interrupted the chance to go on.
    """
    if now is DeploymentStatus.SUCCEEDED:
        return recorded in _UNSUCCESSFUL
    return now is DeploymentStatus.FAILED and recorded is DeploymentStatus.TIMED_OUT


def left_behind(deployment: Deployment) -> tuple[str, ...]:
    """The images whose environment tag points at what a service failed with.

    ECS may put a service back to what it ran before, but it does not move tags. Of a service with several
    images it is one that was moved; where all had been moved before, it may be any of them.
    """
    failed: set[str] = set()
    for service in deployment.services:
        if service.status is ServiceStatus.FAILED:
            changes = [deployment.images[one] for one in service.images if one in deployment.images]
            moved = {change.image_id for change in changes if change.tag_moved}
            failed |= moved or {change.image_id for change in changes if change.applied}
    return tuple(image_id for image_id in deployment.images if image_id in failed)


def cut_off(deployment: Deployment, project: Project, seen: Snapshot) -> DeploymentStatus:
    """What to record of a deployment whose holder is gone: succeeded if all of it runs, else interrupted.

    What was not looked at (the next release may lack an image) does not count as running.
    """
    looked_at = deployment.images.keys() <= seen.images.keys()
    if not deployment.images or not looked_at or drifted(deployment, seen):
        return DeploymentStatus.INTERRUPTED
    digests = {image_id: change.to_digest for image_id, change in deployment.images.items()}
    expected = expected_of(project, project.environment(deployment.environment), digests, seen)
    fine = all(_runs(outcome, expected, seen) for outcome in deployment.services)
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


def _runs(outcome: ServiceOutcome, expected: Mapping[str, Expected], seen: Snapshot) -> bool:
    if outcome.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED):
        return False
    views = seen.services.get(outcome.service_id, ())
    if len(views) != 1:
        return False
    ours = tuple(expected[image_id] for image_id in outcome.images if image_id in expected)
    finding = evidence(views[0], ours, seen.resolved.get(outcome.key, ()), None)
    return finding.match is Match.RIGHT and rested(views[0].service) and all_described(views[0])
