"""Decides when failed tasks make a rollout a failure, although ECS would retry for ever.

ECS's circuit breaker counts tasks that don't start or fail their health checks, until the first task is healthy: with the
threshold of its owner, and it fails the rollout itself. It never counts containers that exit after their task was RUNNING.
ECS retries services without a circuit breaker for ever. What ECS doesn't count, we count:

| a task that                         | while the circuit breaker counts | else                                |
|-------------------------------------|----------------------------------|-------------------------------------|
| did not start                       | ECS                              | we, if its image is to blame         |
| failed health checks                | ECS                              | we                                  |
| exited after it was RUNNING         | we                               | we                                  |

We count failures in a row, as ECS's default circuit breaker does. Only a task that was healthy for a while and has not failed
since ends a row, because each task of a crash loop is RUNNING for a moment; and it must outlive the tasks that failed, because
a loop may take a minute. At the limit it is a suspicion as long as tasks
run that may still turn out healthy. A loop that began while the circuit breaker counted is one loop, and goes on counting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from weco_deploy.model.deployment import reasons
from weco_deploy.model.expected import Expected
from weco_deploy.model.faults import FAILED_TO_START, blames_image
from weco_deploy.model.service import EcsDeployment, Service, Task
from weco_deploy.rules.rollout.aws_clock import CLOCK_RESOLUTION
from weco_deploy.rules.rollout.culprits import STOPPED_BY_ECS
from weco_deploy.rules.rollout.track import Healthy, Stop, Track

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
_HOST_IS_GONE = re.compile(r"^Host EC2 \(instance ")
"""How ECS's reason begins if the EC2 instance was stopped or terminated, whatever the stop code is (developer guide)."""
POLLS_BEFORE_SUSPICION = 3
"""A rollout that is still in progress after this many polls may be in a crash loop."""
FEWEST, MOST = 3, 200
"""The bounds of the limit, as those of ECS's default circuit breaker."""


def failure_limit(desired: int, track: Track) -> int:
    """How many failures in a row make a rollout of `desired` tasks a failure: as ECS's default circuit breaker has it.

    If the service has a circuit breaker with a higher threshold, its owner accepts more failures.
    """
    limit = min(MOST, max(FEWEST, -(-desired // 2)))
    allowed = track.verdict.threshold if track.verdict and track.verdict.breaker != "DISABLED" else 0
    return max(limit, allowed)


def is_failure(task: Task, expected: Iterable[Expected] = ()) -> bool:
    """Whether a stopped task counts as a failure of its image.

    A read that lags may show a task that was listed as stopped while it still ran. Why it stopped is not known then. A task
    that could not be placed or started is a failure only if its image is at fault: one of the `expected` images, if any are given,
    and not that of a sidecar.
    """
    if task.status != "STOPPED" or _HOST_IS_GONE.search(task.stopped_reason):
        return False
    if task.stop_code == FAILED_TO_START and not _exited(task):
        return blames_image(why_not_started(task)) and not _only_sidecars_failed(task, tuple(expected))
    return task.stop_code not in NOT_THE_IMAGE or _failed_health_checks(task)


def could_not_start(task: Task, expected: Iterable[Expected] = ()) -> bool:
    """Whether a stopped task never started, and not because of its image: there was no room, or something else was missing."""
    return task.status == "STOPPED" and task.stop_code == FAILED_TO_START and not is_failure(task, expected)


def _only_sidecars_failed(task: Task, expected: Collection[Expected]) -> bool:
    """Whether ECS blames only containers whose images are certainly none of the expected ones."""
    blamed = [container for container in task.containers if blames_image(container.reason)]
    return bool(blamed and expected) and not any(
        container.named_by_digest or any(image.concerns(container.image) for image in expected)
        for container in blamed
    )


def why_not_started(task: Task) -> str:
    """ECS's reasons why a task did not start, each once: the task's, and those of its containers."""
    return reasons(
        *dict.fromkeys([task.stopped_reason, *(container.reason for container in task.containers)])
    )


def needs_stopped_tasks(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether a poll reads the stopped tasks. It does only where we may count them, because that takes more calls."""
    takes_long = track.polls >= POLLS_BEFORE_SUSPICION
    complete = ours.rollout_state == "COMPLETED"
    return service.desired > 0 and (not service.breaker or complete or takes_long or ours.failed_tasks > 0)


def count_failures(track: Track, stopped: Iterable[Task], *, breaker_monitors: bool) -> Track:
    """The track with the failures among our stopped tasks noted, once each.

    What the circuit breaker counts, or may have counted since the poll before, is noted as counted by it.
    """
    left_to_breaker = breaker_monitors or track.breaker_monitored
    since = track.failures_since
    new = {
        task.arn: Stop(
            at=task.stopped_at,
            reason=_reason(task),
            by_breaker=left_to_breaker and not _exited_after_running(task),
            lived=_lived(task),
        )
        for task in stopped
        if is_failure(task, track.service.expected)
        and (since is None or task.stopped_at is None or task.stopped_at >= since)
    }
    return replace(track, stops={**new, **track.stops}, breaker_monitored=breaker_monitors)


def note_hindrance(track: Track, stopped: Iterable[Task]) -> Track:
    """The track with the reason why a task of ours last could not start, if that was not its image's fault."""
    hindered = sorted(
        (task for task in stopped if could_not_start(task, track.service.expected)),
        key=lambda task: (task.stopped_at is not None, task.stopped_at),
    )
    return replace(track, hindrance=why_not_started(hindered[-1]) if hindered else "")


def note_healthy(track: Track, healthy: Iterable[Task], now: datetime) -> Track:
    """The track with the tasks noted that are healthy now."""
    noted = {
        task.arn: Healthy(since=task.started_at, until=now) for task in healthy if task.started_at is not None
    }
    return replace(track, healthy={**track.healthy, **noted})


def time_to_prove(track: Track, limit: int) -> timedelta:
    """How long a task must have been healthy to end a row of failures: longer than those of a loop were running."""
    loop = _in_order(track.stops.values())[-limit:]
    longest = max((stop.lived for stop in loop), default=timedelta(0)) if len(loop) == limit else timedelta(0)
    return max(track.healthy_after, longest)


def failures_in_a_row(track: Track, limit: int, *, breaker_monitors: bool) -> list[Stop]:
    """The failures since a task was last healthy for long enough, in order, without those that are ECS's to judge."""
    needed = time_to_prove(track, limit)
    proven = (
        task.since + needed
        for arn, task in track.healthy.items()
        if arn not in track.stops and task.until >= task.since + needed
    )
    last = max(proven, default=None)
    row = [stop for stop in track.stops.values() if last is None or stop.at is None or stop.at > last]
    return _in_order(stop for stop in row if not (breaker_monitors and stop.by_breaker))


def judge_failures(
    track: Track,
    service: Service,
    ours: EcsDeployment,
    *,
    breaker_monitors: bool,
    others_run: bool,
    now: datetime | None,
) -> Track:
    """The track, failed or under suspicion if too many of our tasks failed in a row.

    Args:
        track: with all failures noted.
        service: as this poll shows it.
        ours: our deployment in it.
        breaker_monitors: whether a circuit breaker counts failed starts and health checks now.
        others_run: whether tasks of ours run, which may still turn out healthy.
        now: AWS's time, as far as it is known.

    """
    limit = failure_limit(service.desired, track)
    row = failures_in_a_row(track, limit, breaker_monitors=breaker_monitors)
    # The last failure must be ours to count: those before it, the breaker has judged.
    if len(row) < limit or row[-1].by_breaker:
        return replace(track, suspicion="")
    why = f": {row[-1].reason}" if row[-1].reason else ""
    remark = _breaker_remark(service, ours, breaker_monitors=breaker_monitors)
    suspicion = f"{len(row)} tasks of this deployment stopped{why}; {remark}, so ECS keeps retrying"
    track = replace(track, suspicion=suspicion)
    reached = row[limit - 1].at
    decided = reached + time_to_prove(track, limit) if reached is not None else None
    if not others_run or decided is None or now is None or now >= decided:
        return track.as_failed_by_our_count()
    return replace(track, more_seconds=(decided - now).total_seconds() + CLOCK_RESOLUTION)


def failures_despite_success(track: Track) -> str:
    """The remark on a success after some tasks failed; empty if none did."""
    if not track.stops:
        return ""
    newest = _in_order(track.stops.values())[-1]
    tasks = "one of its tasks" if len(track.stops) == 1 else f"{len(track.stops)} of its tasks"
    return f"although {tasks} stopped{': ' if newest.reason else ''}{newest.reason}"


def _in_order(stops: Iterable[Stop]) -> list[Stop]:
    return sorted(stops, key=lambda stop: (stop.at is not None, stop.at))


def _reason(task: Task) -> str:
    return why_not_started(task) if task.stop_code == FAILED_TO_START else task.stopped_reason


def _lived(task: Task) -> timedelta:
    if task.started_at is None or task.stopped_at is None:
        return timedelta(0)
    return task.stopped_at - task.started_at


def _exited(task: Task) -> bool:
    """Whether a container exited by itself. ECS stops the others with a signal."""
    return any(container.exit_code not in (None, 0, *STOPPED_BY_ECS) for container in task.containers)


def _failed_health_checks(task: Task) -> bool:
    return "health check" in task.stopped_reason


def _exited_after_running(task: Task) -> bool:
    return task.started_at is not None and not _failed_health_checks(task)


def _breaker_remark(service: Service, ours: EcsDeployment, *, breaker_monitors: bool) -> str:
    if not service.breaker:
        return "it has no circuit breaker"
    if breaker_monitors:
        return "its circuit breaker does not count containers that exit after their task was running"
    if ours.rollout_state == "COMPLETED":
        return "its circuit breaker counts no more, because the rollout was complete"
    return "its circuit breaker counts no more, because a task was healthy"
