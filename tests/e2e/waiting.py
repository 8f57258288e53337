"""Waiting for a condition, never for ever."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

LOOKS_EVERY = 0.1


def true_within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in that many seconds."""
    pause = Event()
    for _ in range(int(seconds / LOOKS_EVERY)):
        if condition():
            return True
        pause.wait(LOOKS_EVERY)
    return condition()


def eventually(condition: Callable[[], bool], what: str, *, within: float = 30.0) -> None:
    """Wait until it holds; `what` says it in words, for the failure."""
    if not true_within(within, condition):
        pytest.fail(f"not within {within:g} s: {what}")
