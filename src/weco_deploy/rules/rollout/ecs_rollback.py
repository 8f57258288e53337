"""Follows ECS while it rolls back a deployment of a service for us, until the deployment that it makes PRIMARY can be judged.

| the service deployment that ECS rolls back      | what that means                                            |
|-------------------------------------------------|------------------------------------------------------------|
| PENDING, IN_PROGRESS, ROLLBACK_REQUESTED        | wait: ECS has not begun, or the answer is old              |
| ROLLBACK_IN_PROGRESS                            | watch the deployment that is PRIMARY now                   |
| ROLLBACK_SUCCESSFUL                             | the same: its tasks and their digests decide               |
| ROLLBACK_FAILED, SUCCESSFUL                     | ECS did not roll it back: it has to be redeployed          |
| STOPPED, in several polls                       | the same                                                   |
| is not the service's current one any more       | somebody deployed later                                    |
"""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.model.lifecycle import NO_LIFECYCLE
from weco_deploy.model.service import EcsDeployment, ServiceDeployment, ServiceView
from weco_deploy.rules.digests import Match
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM, POLLS_TO_CONFIRM_PREVIOUS, brings
from weco_deploy.rules.rollout.track import Track

AS_A_DEPLOYMENT = {
    "ROLLBACK_REQUESTED": "IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS": "IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL": "SUCCESSFUL",
}
"""What the status of a service deployment that is rolled back says of the deployment that it is rolled back to."""
NOT_ROLLED_BACK = frozenset({"ROLLBACK_FAILED", "SUCCESSFUL"})
STOPPED = frozenset({"STOP_REQUESTED", "STOPPED"})


def followed(track: Track, view: ServiceView) -> Track:
    """The track, with the deployment to watch once ECS has made it PRIMARY; failed if ECS does not roll back."""
    primary, found = view.service.primary, view.service_deployment
    if primary is None:
        return replace(track, state="waiting for ECS")
    if found is None:
        unknown = not track.deployment_id and track.previous_id in (None, primary.id)
        return replace(track, state="waiting for ECS") if unknown else _watching(track, view, primary)
    if found.arn != track.ecs_rollback:
        return track if track.deployment_id else _taken_over(track, view, primary)
    stopped = track.polls_stopped + 1 if found.status in STOPPED else 0
    track = replace(track, polls_stopped=stopped, polls_not_primary=0)
    if found.status in NOT_ROLLED_BACK or stopped >= POLLS_TO_CONFIRM_PREVIOUS:
        why = f"ECS did not roll it back ({found.status}): {found.reason or 'it gives no reason'}"
        return replace(track.as_failed(why), not_rolled_back=True)
    if found.deploys(primary.id):
        return replace(track, state="ECS is about to roll it back", made=primary)
    return _watching(track, view, primary)


def verdict_on_rollback(track: Track, found: ServiceDeployment) -> ServiceDeployment | None:
    """ECS's verdict on the deployment that it rolls back to, if this is the service deployment that it rolls back."""
    status = AS_A_DEPLOYMENT.get(found.status)
    if found.arn != track.ecs_rollback or status is None:
        return None
    # Its circuit breaker and its stage are those of the deployment that is rolled back.
    return replace(found, status=status, breaker="", lifecycle=NO_LIFECYCLE)


def _watching(track: Track, view: ServiceView, primary: EcsDeployment) -> Track:
    if track.deployment_id == primary.id:
        return track
    # ECS may put an earlier deployment back under its id. How its tasks ended before says nothing.
    return replace(track, deployment_id=primary.id, made=primary, failures_since=view.service.as_of)


def _taken_over(track: Track, view: ServiceView, later: EcsDeployment) -> Track:
    """The track if another service deployment is the current one before ECS has rolled ours back.

    The answer may be old. It is not if its deployment is later than the one that is rolled back, or if it stays.
    """
    polls, rolled_back = track.polls_not_primary + 1, track.made
    surely_later = rolled_back is not None and later.created_at > rolled_back.created_at
    track = replace(track, polls_not_primary=polls, state="waiting for ECS")
    if polls < (POLLS_TO_CONFIRM if surely_later else POLLS_TO_CONFIRM_PREVIOUS):
        return track
    match brings(track, view, later):
        case Match.RIGHT:
            return replace(track.following(later), superseded_id=track.previous_id or "", ecs_rollback="")
        case Match.WRONG:
            return track.as_superseded(
                f"a later deployment, {later.id}, took over with other images before ECS had rolled ours back"
            )
    state = f"a later deployment, {later.id}, took over: waiting for the digests that it runs"
    return replace(track, state=state)
