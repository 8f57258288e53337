"""Counts what a service runs, before a deployment and at each poll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weco_deploy.model.expected import Expected
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import EcsDeployment, ServiceView, Task
from weco_deploy.rules.digests import all_described, running_tasks
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.track import Track


def tasks_before(view: ServiceView, expected: Iterable[Expected]) -> RunningTasks:
    """The service's tasks before a deployment: all are old. Their digests are known if all tasks were described and agree."""
    digests = _digests(running_tasks(view), tuple(expected)) if all_described(view) else {}
    agreed = {image_id: next(iter(found)) for image_id, found in digests.items() if len(found) == 1}
    service = view.service
    return RunningTasks(desired=service.desired, new=0, old=service.running, old_digests=agreed)


def tasks_now(track: Track, view: ServiceView, known: RunningTasks | None) -> RunningTasks:
    """The service's tasks at a poll. `known` are those before, whose digests count as long as nothing contradicts them."""
    service = view.service
    ours = service.deployment(track.deployment_id)
    new = ours.running if ours else 0
    others = [deployment for deployment in service.deployments if deployment is not ours]
    return RunningTasks(
        desired=service.desired,
        new=new,
        old=max(0, service.running - new),
        old_digests=known.old_digests if known and _as_before(track, view, others, known.old_digests) else {},
    )


def _as_before(
    track: Track, view: ServiceView, others: Iterable[EcsDeployment], before: Mapping[str, str]
) -> bool:
    """Whether all tasks of other deployments run these digests.

    ECS pins a deployment's tasks to digests, also when it rolls back to that deployment: under its old id, or under a new id
    with the old one in the reason. Tasks that were read may contradict this, because pinning can be switched off.
    """
    previous = track.previous_id
    if previous is None or previous == track.deployment_id:
        return False
    known = all(
        previous == other.id or previous in other.rollout_reason.rstrip(".").split()
        for other in others
        if other.running
    )
    ours = view.service.deployment(track.deployment_id)
    old = [task for task in running_tasks(view) if ours is None or not belongs(task, ours)]
    read = _digests(old, track.service.expected)
    return known and all(found == {before.get(image_id)} for image_id, found in read.items())


def _digests(tasks: Iterable[Task], expected: tuple[Expected, ...]) -> dict[str, set[str]]:
    """The digests that the tasks report, by image id."""
    found: dict[str, set[str]] = {}
    for task in tasks:
        for container in task.containers:
            for image in expected:
                if container.digest and image.concerns(container.image):
                    found.setdefault(image.image_id, set()).add(container.digest)
    return found
