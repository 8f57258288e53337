"""Decides when failed tasks make a rollout a failure, although ECS would retry for ever.

ECS's circuit breaker counts tasks that don't start or fail their health checks, and fails the rollout itself. It does not
count containers that exit after they ran, and it stops counting once the rollout is complete. ECS retries services
without a circuit breaker for ever. In these cases we count the failed tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from weco_deploy.model.service import EcsDeployment, Service, Task
from weco_deploy.rules.rollout.track import Track

NOT_THE_IMAGE = frozenset(
    {
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "ServiceSchedulerInitiated",
        "UserInitiated",
    }
)
"""Stop codes that don't blame the image: Spot, the end of the instance or a fault of its host, scaling in or draining, a person.

The scheduler also stops tasks that fail health checks, which does blame the image: `is_failure` checks the reason.
"""
POLLS_BEFORE_SUSPICION = 3
"""A rollout that is still in progress after this many polls may be in a crash loop."""


def failure_limit(desired: int) -> int:
    """How many failed tasks make a rollout of `desired` tasks a failure: half of them, at least three."""
    return max(3, -(-desired // 2))


def is_failure(task: Task) -> bool:
    """Whether a stopped task counts as a failure of its image."""
    return task.stop_code not in NOT_THE_IMAGE or "health check" in task.stopped_reason


def needs_stopped_tasks(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether a poll reads the stopped tasks. It does only where we count them, because that takes more calls."""
    takes_long = ours.rollout_state == "IN_PROGRESS" and track.polls >= POLLS_BEFORE_SUSPICION
    return service.desired > 0 and (takes_long or _counts_failed_starts(track, service, ours))


def count_failures(track: Track, service: Service, ours: EcsDeployment, stopped: Iterable[Task]) -> Track:
    """The track with the failures among our deployment's stopped tasks counted once each; failed if there are too many."""
    counted = [task for task in stopped if _counts(task, track, service, ours)]
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
    """The remark on a success after some tasks failed; empty if none did."""
    number = track.failed_earlier + len(track.failed_tasks)
    if not number:
        return ""
    tasks = "one of its tasks" if number == 1 else f"{number} of its tasks"
    return f"although {tasks} stopped{': ' if track.newest_failure else ''}{track.newest_failure}"


def _counts(task: Task, track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether we count a stopped task. Failed starts are the circuit breaker's concern, if it counts them."""
    if not is_failure(task):
        return False
    if task.started_at is None and not _counts_failed_starts(track, service, ours):
        return False
    since = track.failures_since
    return since is None or task.stopped_at is None or task.stopped_at >= since


def _counts_failed_starts(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether we count tasks that failed to start, because no circuit breaker does.

    | circuit breaker | rollout     | we count failed starts                                  |
    |-----------------|-------------|---------------------------------------------------------|
    | no              | any         | yes                                                     |
    | yes             | in progress | no                                                      |
    | yes             | complete    | if tasks are missing, or a failed rollout is reassessed |
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
