"""Looks for what AWS may have begun although its answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from weco_deploy.ports import Clock

READS = 3
SECONDS_BETWEEN_READS = 2.0
"""There are several reads, because they lag."""

Begun = TypeVar("Begun")


def begun_after_all(read: Callable[[], Begun | None], clock: Clock) -> Begun | None:
    """What `read` finds; None if it finds nothing several times. Raises what `read` raises."""
    for number in range(READS):
        if number:
            clock.wait(SECONDS_BETWEEN_READS)
        begun = read()
        if begun is not None:
            return begun
    return None
