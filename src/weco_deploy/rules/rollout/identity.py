"""Decides whose deployment a service runs: ours, a later one that we follow, or ECS's rollback of ours.

If another deployment is PRIMARY, it is one of these:

| the PRIMARY deployment                                        | what that means                                   |
|---------------------------------------------------------------|---------------------------------------------------|
| is ECS's rollback, or ECS says that ours failed               | ours failed                                       |
| is ECS's rollback of a later deployment, back to before ours  | ours was superseded                               |
| is older than ours, which no poll has listed yet              | an old answer: wait                               |
| is older than ours, which was listed before                   | an old answer, or a rollback if it stays          |
| is later, uses the same images, with the release's digests    | follow it: it brings the release in place of ours |
| is later, uses the same images, digests not resolved yet      | wait                                              |
| is later, with other images or digests                        | ours was superseded                               |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from weco_deploy.model.expected import Expected
from weco_deploy.model.service import EcsDeployment, Service, ServiceView, Task
from weco_deploy.rules.digests import Match, compare, compare_resolved, running_tasks
from weco_deploy.rules.rollout.track import Track

POLLS_TO_CONFIRM = 2
"""ECS's answers may be old: an answer that could be old counts only if this many polls in a row show the same."""
POLLS_TO_CONFIRM_PREVIOUS = 6
"""The same for an answer that shows an earlier deployment and not ours, which is most likely an old answer."""

DELETED = frozenset({"DRAINING", "INACTIVE"})
"""Statuses of a service that was deleted."""

_FAILED_DEPLOYMENT = re.compile(r"\(deployment (\S+)\) deployment failed")


def belongs(task: Task, deployment: EcsDeployment) -> bool:
    """Whether the deployment started the task.

    `startedBy` names the deployment. If it doesn't, the time decides: a task created before the deployment belongs to
    another. ECS may round times to seconds, so a task of the same second counts as the deployment's.
    """
    if task.deployment_id is not None:
        return task.deployment_id == deployment.started_by
    return task.created_at is not None and task.created_at >= deployment.created_at.replace(microsecond=0)


def ran_release(task: Task, deployment: EcsDeployment, expected: Iterable[Expected]) -> bool:
    """Whether a stopped task is evidence about the deployment: it belongs to it, and did not run another image.

    If only the time decides, a task that ECS started for the deployment before, after ours was made, seems to belong to ours.
    """
    ran_another_image = task.deployment_id is None and compare((task,), expected) is Match.WRONG
    return belongs(task, deployment) and not ran_another_image


def surely_belongs(task: Task, deployment: EcsDeployment) -> bool:
    """Like `belongs`, but if the time decides, the task must have been created after the deployment."""
    if task.deployment_id is not None:
        return task.deployment_id == deployment.started_by
    return task.created_at is not None and task.created_at > deployment.created_at


def missing(track: Track) -> Track:
    """The track when ECS does not know the service, or is deleting it. Somebody may create it again."""
    polls = track.polls_missing + 1
    gone = "the service was deleted: waiting for somebody to create it again"
    return replace(
        track,
        polls_missing=polls,
        polls_not_primary=0,
        polls_steady=0,
        state="not found" if polls < POLLS_TO_CONFIRM else gone,
        blames_image=False,
        unverified=False,
    )


def may_follow(track: Track, service: Service) -> bool:
    """Whether the PRIMARY deployment is a later one, so that a poll reads which images it uses."""
    primary, ours = service.primary, service.deployment(track.deployment_id)
    return (
        primary is not None
        and primary is not ours
        and not _is_older(primary, track, ours)
        and not _rolled_back(track, service, primary, ours)
    )


def to_judge(track: Track, service: Service) -> EcsDeployment | None:
    """The PRIMARY deployment if this poll may judge it: it is ours, or a later one that we may follow."""
    primary = service.primary
    ours = primary is not None and primary.id == track.deployment_id
    return primary if ours or may_follow(track, service) else None


def not_primary(track: Track, view: ServiceView, ours: EcsDeployment | None) -> Track:
    """The track when another deployment is PRIMARY. Its `deployment_id` changes if we follow that deployment."""
    service, primary = view.service, view.service.primary
    track = replace(track, polls_steady=0)
    if primary is None:
        return replace(track, polls_not_primary=0, state="waiting for ECS")
    rolled_back = _rolled_back(track, service, primary, ours)
    older = _is_older(primary, track, ours)
    if older and not rolled_back and not track.ours_listed:
        return replace(track, polls_not_primary=0, state="waiting for ECS")
    if not older and not rolled_back:
        match brings(track, view, primary):
            case Match.RIGHT:
                return track.following(primary)
            case Match.UNKNOWN:
                state = f"a later deployment, {primary.id}, took over: waiting for the digests that it runs"
                return replace(track, polls_not_primary=0, state=state)
    polls = track.polls_not_primary + 1
    failed_later = _later_that_failed(track, service, ours)
    # One poll that shows a rollback is no certain failure yet, but it is evidence against the image.
    track = replace(
        track,
        polls_not_primary=polls,
        state="another deployment is primary",
        blames_image=rolled_back and not failed_later and track.superseded_id is None,
    )
    if polls < (POLLS_TO_CONFIRM if rolled_back or not older else POLLS_TO_CONFIRM_PREVIOUS):
        return track
    if rolled_back or older:
        reason = f"ECS rolled back to {primary.id}: {primary.rollout_reason or 'it gives no reason'}"
        if failed_later:
            took_over = f"a later deployment, {failed_later}, took over from ours, {track.own_id}, and failed"
            return track.as_superseded(f"{took_over}: {reason}")
        return track.as_failed(reason)
    return track.as_superseded(
        f"a later deployment, {primary.id}, took over from ours, {track.own_id}, with other images"
    )


def _is_older(primary: EcsDeployment, track: Track, ours: EcsDeployment | None) -> bool:
    """Whether the PRIMARY deployment was made before ours."""
    if primary.id == track.previous_id:
        return True
    made = ours or track.made
    return made is not None and primary.created_at < made.created_at


def _rolled_back(track: Track, service: Service, primary: EcsDeployment, ours: EcsDeployment | None) -> bool:
    """Whether ECS rolled our deployment back, or says that it failed.

    - ECS lists ours as replaced by an older deployment.
    - The service's events say that our deployment failed. An answer older than our deployment can't say so.
    - The PRIMARY deployment is later than ours, and its reason contains "rolling back". If it names ours, ECS is rolling back
      *to* ours. If the events name another deployment that failed, ECS rolled back that one, which somebody made after ours.
      If the PRIMARY deployment is older than ours, it may be an old answer: ECS rolled back the deployment before ours.
    """
    older = _is_older(primary, track, ours)
    if ours is not None and older:
        return True
    failed = set(_failed_later(track, service, ours))
    if track.deployment_id in failed:
        return True
    rolling_back = "rolling back" in primary.rollout_reason.lower()
    return rolling_back and not older and track.deployment_id not in primary.rollout_reason and not failed


def says_failed(track: Track, service: Service) -> bool:
    """Whether an event of the service says that the watched deployment failed."""
    return track.deployment_id in _failed_later(track, service, service.deployment(track.deployment_id))


def _later_that_failed(track: Track, service: Service, ours: EcsDeployment | None) -> str:
    """The id of the deployment that somebody made after ours and that failed; empty if none did, or ours failed itself."""
    failed = set(_failed_later(track, service, ours)) - {track.previous_id}
    return "" if track.deployment_id in failed else min(failed, default="")


def _failed_later(track: Track, service: Service, ours: EcsDeployment | None) -> Iterator[str]:
    """The ids of the deployments that failed since ours was made, according to the service's events."""
    made = ours or track.made
    for event in service.events:
        if made is None or event.at >= made.created_at.replace(microsecond=0):
            yield from _FAILED_DEPLOYMENT.findall(event.message)


def brings(track: Track, view: ServiceView, later: EcsDeployment) -> Match:
    """Whether a later deployment brings the release: it uses the images that ours used, with the release's digests."""
    expected = track.service.expected
    tasks = (task for task in running_tasks(view) if surely_belongs(task, later))
    found = {compare(tasks, expected), compare_resolved(view.resolved or (), expected)}
    uses = _uses_our_images(track, view, later)
    if Match.WRONG in {uses, *found}:
        return Match.WRONG
    nothing_runs = view.service.desired == 0 and view.service.running == 0
    return uses if nothing_runs or Match.RIGHT in found else Match.UNKNOWN


def _uses_our_images(track: Track, view: ServiceView, later: EcsDeployment) -> Match:
    """Whether the later deployment's task definition uses all images at our tag that ours used."""
    made = track.made
    if made is not None and made.task_definition == later.task_definition:
        return Match.RIGHT
    theirs = _used(track, view, later.task_definition)
    if theirs is None:
        return Match.UNKNOWN
    used_by_ours = _used(track, view, made.task_definition) if made is not None else None
    ours = used_by_ours if used_by_ours is not None else theirs
    return Match.RIGHT if theirs and ours <= theirs else Match.WRONG


def _used(track: Track, view: ServiceView, task_definition: str) -> frozenset[str] | None:
    """The ids of the expected images that a task definition uses at our tag; None if it could not be read."""
    containers = view.defined.get(task_definition)
    if containers is None:
        return None
    return frozenset(
        image.image_id
        for image in track.service.expected
        for container in containers
        if image.concerns(container.image)
    )
