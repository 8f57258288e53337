"""Decides whether a service is stable: a moment in which all is well is no success yet.

A service is stable if at least the desired number of its tasks have been running for `stable_for` seconds, by AWS's clock, and
no task has stopped since in a way that counts against the image. Younger surplus tasks don't matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.rollout.aws_clock import CLOCK_RESOLUTION, aws_now
from weco_deploy.rules.rollout.track import Track


def seconds_until_stable(
    view: ServiceView,
    tasks: Iterable[Task],
    stable_for: float,
    failed_at: datetime | None = None,
) -> float:
    """How many more seconds the service must run as it does now until it is stable; 0 if it is.

    Args:
        view: the poll.
        tasks: those of its running tasks that count.
        stable_for: how long they must have been running, in seconds; 0 turns this off.
        failed_at: when a task last stopped in a way that counts against the image.

    """
    now = aws_now(view)
    # Some emulators don't tell when a task started.
    starts = sorted(at for task in tasks if (at := task.started_at or task.created_at) is not None)
    if not stable_for or now is None or len(starts) < view.service.desired or not starts:
        return 0.0
    since = starts[max(view.service.desired, 1) - 1]
    if failed_at is not None:
        since = max(since, failed_at)
    left = stable_for - (now - since).total_seconds()
    return left + CLOCK_RESOLUTION if left > 0 else 0.0


def last_failure(track: Track) -> datetime | None:
    """When a task of ours last stopped in a way that counts against the image."""
    return max((stop.at for stop in track.stops.values() if stop.at is not None), default=None)
