"""Ends a child process with its parent, however the parent ends.

The child's standard input is a pipe that only the parent has open for writing, so its end means the end of the
parent, on every system. On Linux the kernel can also kill the child, even if it hangs.
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


def when_parent_ends(callback: Callable[[], None]) -> None:
    """Call `callback`, in another thread, when the parent has closed our standard input or has ended."""

    def watch() -> None:
        while os.read(_STDIN, 64):
            pass
        callback()

    in_background("parent-death", watch)


def killed_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends; only on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
