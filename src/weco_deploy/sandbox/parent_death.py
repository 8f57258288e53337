"""Processes that end with the one that started them, however that one ends.

Its standard input is a pipe that only the parent can write to, so it ends with the parent, on every system. Linux
can do better: the kernel kills the child at once, even one that hangs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from weco_deploy.sandbox.threads import in_background

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STDIN = 0


def when_parent_ends(then: Callable[[], None]) -> None:
    """Call `then`, on another thread, when the parent has closed our standard input or is gone."""

    def watch() -> None:
        while os.read(_STDIN, 64):
            pass
        then()

    in_background("lifeline", watch)


def killed_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
