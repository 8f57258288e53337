"""Judges our new tasks while the rollout is not complete: whether all of them run, and whether anything speaks against the image.

Old tasks may be protected from scale-in or drain slowly, alarms may have a bake time, the cluster may be full, and an image may
start slowly. A waiting time that ends meanwhile is no reason to take the release back. Evidence against the image is:

| evidence                                                                       | where it is found    |
|--------------------------------------------------------------------------------|----------------------|
| a task of ours stopped in a way that counts against the image, and no task has | `crash_loop.py`      |
| been healthy for long enough since: it exited, failed its health checks, or    |                      |
| its image could not be pulled                                                  |                      |
| a task of ours is unhealthy, by its containers or its targets, and the grace   | `health.py`          |
| period of its service is over                                                  |                      |
| a task of ours runs another digest, or the service revision resolved to one    | `rolling.py`         |
| ECS says that the deployment failed, or rolls it back                          | `ecs_verdict.py`,    |
|                                                                                | `identity.py`        |
"""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.service import EcsDeployment, ServiceView, Task
from weco_deploy.rules.digests import Match, compare, compare_resolved, running_tasks
from weco_deploy.rules.rollout.crash_loop import failure_limit, failures_in_a_row
from weco_deploy.rules.rollout.health import is_blamed_for_health, is_unhealthy
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.stability import last_failure, seconds_until_stable
from weco_deploy.rules.rollout.track import Track


def new_digests(track: Track, view: ServiceView, ours: EcsDeployment) -> Match:
    """Whether the running tasks of ours have the release's digests, by themselves or else by the service revision."""
    match = compare(_new_tasks(view, ours), track.service.expected)
    return compare_resolved(view.resolved or (), track.service.expected) if match is Match.UNKNOWN else match


def all_new_tasks_run(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    """Whether as many tasks of ours as desired have been running for long enough, none unhealthy, none with another digest.

    `new_digests` tells whether they are known to have the right ones.
    """
    return seconds_until_new_tasks_run(track, view, ours) == 0


def seconds_until_new_tasks_run(track: Track, view: ServiceView, ours: EcsDeployment) -> float | None:
    """How many more seconds the tasks of ours must run until all of them do; None if something else has to happen, too."""
    new = _healthy_new_tasks(view, ours)
    if not _are_enough(track, view, new) or new_digests(track, view, ours) is Match.WRONG:
        return None
    return seconds_until_stable(view, new, track.stable_for, last_failure(track))


def speaks_against_the_image(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    """Whether this poll found evidence against the image. If a later deployment is watched, it is none against ours."""
    if track.superseded_id is not None:
        return False
    new = _new_tasks(view, ours)
    if any(is_blamed_for_health(view, task) for task in new) or new_digests(track, view, ours) is Match.WRONG:
        return True
    return _has_failed_lately(track, view, new)


def _has_failed_lately(track: Track, view: ServiceView, new: Sequence[Task]) -> bool:
    """Whether a task failed, and neither enough tasks nor a single one for long enough have been healthy since."""
    limit = failure_limit(view.service.desired, track)
    if not failures_in_a_row(track, limit, breaker_monitors=False):
        return False
    failed_at = last_failure(track)
    recovered = failed_at is not None and not seconds_until_stable(view, new, track.stable_for, failed_at)
    return not (recovered and _are_enough(track, view, new))


def _new_tasks(view: ServiceView, ours: EcsDeployment) -> list[Task]:
    return [task for task in running_tasks(view) if belongs(task, ours)]


def _healthy_new_tasks(view: ServiceView, ours: EcsDeployment) -> list[Task]:
    return [task for task in _new_tasks(view, ours) if not is_unhealthy(view, task)]


def _are_enough(track: Track, view: ServiceView, new: Sequence[Task]) -> bool:
    return len(new) >= view.service.desired > 0 and not track.suspicion
