"""Waits for conditions, with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

POLL_INTERVAL = 0.1


def true_within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait until the condition is true; False if it is not within `seconds`."""
    pause = Event()
    for _ in range(int(seconds / POLL_INTERVAL)):
        if condition():
            return True
        pause.wait(POLL_INTERVAL)
    return condition()


def eventually(condition: Callable[[], bool], description: str, *, within: float = 30.0) -> None:
    """Wait until the condition is true; else fail with its description."""
    if not true_within(within, condition):
        pytest.fail(f"not within {within:g} s: {description}")
