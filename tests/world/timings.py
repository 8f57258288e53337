"""How long ECS takes for what it does."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_BACKOFF = 27 * 60.0
"""Tasks that can't be started are retried with delays growing to this many seconds."""


@dataclass(slots=True)
class Timings:
    """In seconds. `placement` from wanting a task to its first pull, `pull` until a pull fails.

    `steady`: how long all tasks must run until the rollout is COMPLETED; `drain`: how long an old task
    still runs after it was told to stop.
    """

    placement: float = 5.0
    pull: float = 2.0
    steady: float = 5.0
    drain: float = 15.0

    def until_placed(self, failed: int) -> float:
        """How long a task waits to be placed after so many failed starts in a row."""
        return self.placement + (min(LONGEST_BACKOFF, 2.0 ** min(failed, 12)) if failed else 0.0)
