"""Repeats a change that AWS throttles, for as long as it is allowed."""

from __future__ import annotations

from collections.abc import Callable

from weco_deploy.errors import Throttled
from weco_deploy.ports import THROTTLING_PATIENCE, Clock

PAUSE_SECONDS = 1.0


def repeat_throttled(change: Callable[[], None], allowed: Callable[[], None], clock: Clock) -> None:
    """Make a change, and repeat it while AWS throttles it: a refused request has changed nothing.

    Args:
        change: makes the change.
        allowed: raises if the change is no longer allowed. It is called before every attempt.
        clock: waits between the attempts.

    Raises what `change` and `allowed` raise; Throttled after five minutes.

    """
    patient_until = clock.utc() + THROTTLING_PATIENCE
    while True:
        allowed()
        try:
            change()
        except Throttled:
            if clock.utc() >= patient_until:
                raise
        else:
            return
        clock.wait(PAUSE_SECONDS)
