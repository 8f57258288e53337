"""Ctrl-C, SIGTERM and a closed terminal: the first signal ends the tool cleanly, the second at once.

A signal handler runs between two steps of the main thread, so it must not take a lock that this thread
may hold: `threading.Event.set` can deadlock there. The handler sets plain attributes and writes a byte
into a pipe; that byte ends the main thread's sleep.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from weco_deploy.errors import Interrupted

EXIT_CODE = Interrupted.exit_code
_SHOW_CURSOR = b"\x1b[?25h"  # a live display hides it
_MAX_SLEEP_SECONDS = 24 * 3600.0  # select fails on times that are too long for the platform


class Signals:
    """Implements `ports.Interrupts` with the process's signals, which it handles within `installed`.

    Args:
        say: prints a line for the person who interrupted, if the tool has to wait for something. It is
            called in a signal handler, so it may write to a file descriptor but not to a buffered stream.

    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._requested = False
        self._depth = 0
        self._raised: Interrupted | None = None
        self._pipe: tuple[int, int] | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals within this context, and restore their handlers afterwards. Main thread only."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        self._pipe = (reading, writing)
        previous = {number: signal.getsignal(number) for number in _signals()}
        try:
            for number in previous:
                signal.signal(number, self._handle)
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._pipe = None
            os.close(reading)
            os.close(writing)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """See the port. Raises Interrupted if an earlier Interrupted was swallowed.

        Libraries that catch every Exception can swallow an Interrupted (botocore takes it for a broken
        connection and retries). Changes run in this context, and no change may begin after a signal.
        """
        swallowed, self._raised = self._raised, None
        if swallowed is not None:
            raise swallowed
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def requested(self) -> bool:
        return self._requested

    def sleep(self, seconds: float) -> bool:
        """Sleep for `seconds`; in the main thread a signal ends the sleep, and the result is True.

        A signal ends only one sleep, because the work after an interruption may have to wait, too. It ends
        no sleep of other threads, because these make changes that the main thread waits for.
        """
        bounded = min(max(seconds, 0.0), _MAX_SLEEP_SECONDS)
        in_main_thread = threading.current_thread() is threading.main_thread()
        wakers = [self._pipe[0]] if self._pipe and in_main_thread else []
        readable, _, _ = select.select(wakers, [], [], bounded)
        for pipe in readable:
            os.read(pipe, 1)
        return bool(readable)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._requested:
            leave(EXIT_CODE, show_cursor=True)
        self._requested = True
        if self._depth == 0:
            self._raised = interrupted(number)
            raise self._raised
        if self._pipe:
            os.write(self._pipe[1], b"!")
        if self._say:
            self._say("stopping: what is in flight is awaited and recorded; once more to exit at once")


def interrupted(number: int | None = None) -> Interrupted:
    """The error for a signal; names the signal if its number is known."""
    name = f" by {signal.Signals(number).name}" if number else ""
    return Interrupted(f"interrupted{name}", "run the same command again to go on")


def _signals() -> tuple[signal.Signals, ...]:
    """The signals to handle: SIGHUP, of a closed terminal, only if `nohup` does not ignore it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGINT, signal.SIGTERM)
    return (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def leave(code: int, *, show_cursor: bool = False) -> NoReturn:
    """Flush stdout and stderr and end the process now.

    Python's normal exit waits for every pool thread, and a thread that reads may wait minutes for an
    answer from AWS that nobody needs any more.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the flush may block on a full pipe: one more signal ends it
    for stream in (sys.stdout, sys.stderr):
        # A signal may have interrupted a write to this stream (RuntimeError), its reader may be gone
        # (OSError), or it may be closed (ValueError). None of that matters now.
        with suppress(RuntimeError, OSError, ValueError):
            stream.flush()
            if show_cursor and stream.isatty() and os.environ.get("TERM") != "dumb":
                os.write(stream.fileno(), _SHOW_CURSOR)
    os._exit(code)
