"""When failed tasks make a rollout a failure, although ECS would go on retrying.

ECS's circuit breaker counts tasks that don't start or fail their health checks, and fails the rollout itself. It does not
count containers that exit after they ran, and it stops counting once the rollout is complete. Services without a circuit
breaker are retried for ever. In these cases we count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from weco_deploy.model.service import EcsDeployment, Service, Task
from weco_deploy.rules.rollout.track import Track

POLLS_BEFORE_SUSPICION = 3
"""A rollout still in progress after so many polls may be crash looping."""


def failure_limit(desired: int) -> int:
    """How many failed tasks make a rollout of `desired` tasks a failure: half of them, at least three."""
    return max(3, -(-desired // 2))


def needs_stopped_tasks(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether a poll reads the stopped tasks: only where we count them, because reading them costs calls."""
    takes_long = ours.rollout_state == "IN_PROGRESS" and track.polls >= POLLS_BEFORE_SUSPICION
    return service.desired > 0 and (takes_long or _counts_failed_starts(track, service, ours))


def count_failures(track: Track, service: Service, ours: EcsDeployment, failed: Iterable[Task]) -> Track:
    """The track with these failed tasks of our deployment counted, each once; failed if there are too many."""
    counted = [task for task in failed if _counts(task, track, service, ours)]
    newest = max(counted, key=lambda task: (task.stopped_at is not None, task.stopped_at), default=None)
    track = replace(
        track,
        failed_tasks=track.failed_tasks | {task.arn for task in counted},
        newest_failure=newest.stopped_reason if newest else track.newest_failure,
    )
    number = len(track.failed_tasks)
    if number < failure_limit(service.desired):
        return track
    why = f": {track.newest_failure}" if track.newest_failure else ""
    return track.as_failed(
        f"{number} tasks of this deployment stopped{why}; {_breaker_remark(service, ours)}, so ECS keeps retrying"
    )


def failures_despite_success(track: Track) -> str:
    """What a success says of the tasks that failed on the way; empty if none did."""
    number = track.failed_earlier + len(track.failed_tasks)
    if not number:
        return ""
    tasks = "one of its tasks" if number == 1 else f"{number} of its tasks"
    return f"although {tasks} stopped{': ' if track.newest_failure else ''}{track.newest_failure}"


def _counts(task: Task, track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether we count a failed task. The circuit breaker's owner set how many failed starts are too many."""
    if task.started_at is None and not _counts_failed_starts(track, service, ours):
        return False
    since = track.failures_since
    return since is None or task.stopped_at is None or task.stopped_at >= since


def _counts_failed_starts(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether we count tasks that failed to start, too: no circuit breaker does.

    A complete rollout is looked into only where tasks are missing, or where it is judged once more.
    """
    if not service.breaker:
        return True
    failing = service.running < service.desired or track.failures_since is not None
    return ours.rollout_state == "COMPLETED" and failing


def _breaker_remark(service: Service, ours: EcsDeployment) -> str:
    if not service.breaker:
        return "it has no circuit breaker"
    if ours.rollout_state == "COMPLETED":
        return "its circuit breaker counts no more, because the rollout was complete"
    return "its circuit breaker does not count tasks that had been running"
