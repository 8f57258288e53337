"""Decides which services ECS itself puts back when we roll back: by ending its deployment in progress, not by a new one.

That is right only where the revision that ECS returns to has the digests that we go back to. ECS names the revisions that ran when
the deployment began, and returns to one of them, so all of them must have these digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from weco_deploy.model.deployment import ImageChange, reasons
from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Action, EcsRollback, PlannedService, Snapshot
from weco_deploy.model.service import ResolvedImage, ServiceDeployment
from weco_deploy.rules.digests import Match, compare_resolved

IN_PROGRESS = frozenset({"PENDING", "IN_PROGRESS"})
"""Statuses of service deployments that can be stopped."""
ROLLING_BACK = frozenset(
    {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
)
"""Statuses of service deployments that ECS rolls back already, or has rolled back."""
GOING_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})


def with_ecs_rollback(service: PlannedService, observed: Snapshot) -> PlannedService:
    """The service with the deployment that ECS rolls back for us, if there is one that leads to the expected images."""
    rollout = observed.rollouts.get(service.key)
    if service.action is Action.LEAVE or rollout is None or service.code_deploy is not None:
        return service
    if service.action is Action.ADOPT and rollout.status not in GOING_BACK:
        return service
    rollback = ecs_rollback(rollout, service.expected, observed.revisions)
    if rollback is None:
        return service
    how = "ECS rolls it back already" if rollback.requested else "ECS rolls its deployment in progress back"
    return replace(service, ecs_rollback=rollback, why=reasons(service.why, how))


def images_before(expected: Iterable[Expected], changes: Mapping[str, ImageChange]) -> tuple[Expected, ...]:
    """The images with the digests that their tags pointed at before the deployment; none if one of the tags did not exist."""
    before = []
    for image in expected:
        change = changes[image.image_id]
        if change.from_digest is None:
            return ()
        same = change.from_digest == change.to_digest
        before.append(image if same else replace(image, digests=frozenset({change.from_digest})))
    return tuple(before)


def ecs_rollback(
    rollout: ServiceDeployment,
    expected: Iterable[Expected],
    revisions: Mapping[str, tuple[ResolvedImage, ...]],
) -> EcsRollback | None:
    """How ECS rolls the service deployment back; None if it can't, or would not return to the expected digests."""
    if rollout.status not in IN_PROGRESS | GOING_BACK or not rollout.source_revisions:
        return None
    images = tuple(expected)
    if any(
        compare_resolved(revisions.get(source, ()), images) is not Match.RIGHT
        for source in rollout.source_revisions
    ):
        return None
    paused = next((hook.id for hook in rollout.lifecycle.hooks if hook.pauses), "")
    return EcsRollback(
        service_deployment_arn=rollout.arn, hook_id=paused, requested=rollout.status in GOING_BACK
    )
