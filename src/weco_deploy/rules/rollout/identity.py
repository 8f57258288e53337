"""Decides whose deployment a service runs when ours is not its PRIMARY deployment, or when the service is gone."""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import EcsDeployment, Service
from weco_deploy.rules.rollout.track import Track

POLLS_TO_CONFIRM = 2
"""ECS's answers may be old: an answer that could be old counts only if this many polls in a row show the same."""
POLLS_TO_CONFIRM_PREVIOUS = 6
"""The same for an answer that shows the previous deployment and not ours, which is most likely an old answer."""

DELETED = frozenset({"DRAINING", "INACTIVE"})
"""Statuses of a service that was deleted."""


def missing(track: Track) -> Track:
    """The track when ECS does not know the service, or is deleting it."""
    polls = track.polls_missing + 1
    track = replace(track, polls_missing=polls, polls_not_primary=0, polls_steady=0, state="not found")
    if polls < POLLS_TO_CONFIRM:
        return track
    return track.as_failed("the service is gone: it was deleted while it was deployed to")


def not_primary(track: Track, service: Service, ours: EcsDeployment | None) -> Track:
    """The track when another deployment is PRIMARY: ECS rolled back, somebody deployed later, or the answer is old."""
    primary = service.primary
    as_before_ours = ours is None and primary is not None and primary.id == track.previous_id
    failure_logged = _failure_in_events(track, service)
    if primary is None or (as_before_ours and not track.ours_listed and not failure_logged):
        return replace(track, polls_not_primary=0, polls_steady=0, state="waiting for ECS")
    polls = track.polls_not_primary + 1
    track = replace(track, polls_not_primary=polls, polls_steady=0, state="another deployment is primary")
    maybe_old = as_before_ours and not failure_logged
    if polls < (POLLS_TO_CONFIRM_PREVIOUS if maybe_old else POLLS_TO_CONFIRM):
        return track
    if primary.id == track.previous_id or _rolled_back(track, service, primary, ours):
        return track.as_failed(
            f"ECS rolled back to {primary.id}: {primary.rollout_reason or 'it gives no reason'}"
        )
    return replace(
        track,
        status=ServiceStatus.SUPERSEDED,
        state="superseded",
        reason=f"a later deployment, {primary.id}, took over from ours, {track.deployment_id}",
    )


def _rolled_back(track: Track, service: Service, primary: EcsDeployment, ours: EcsDeployment | None) -> bool:
    """Whether the primary deployment is ECS's rollback of ours, rather than somebody else's later deployment.

    This decides between failed and superseded. The primary deployment is ECS's rollback in these cases:

    - It is older than ours: ECS rolled back to the earlier deployment.
    - Its reason contains "rolling back" without naming ours. If it names ours, ECS is rolling back *to* ours.
    - The service's events say that our deployment failed.
    """
    if ours is not None and primary.created_at < ours.created_at:
        return True
    if "rolling back" in primary.rollout_reason and track.deployment_id not in primary.rollout_reason:
        return True
    return _failure_in_events(track, service)


def _failure_in_events(track: Track, service: Service) -> bool:
    """Whether the service's events say that our deployment failed. An answer older than our deployment can't say so."""
    return any(f"{track.deployment_id}) deployment failed" in event.message for event in service.events)
