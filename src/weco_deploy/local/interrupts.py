"""Ctrl-C, SIGTERM and a closed terminal: ask once and the tool finishes cleanly, ask twice and it is gone.

A signal handler runs between two steps of the main thread, so it may not take a lock that this thread
could hold: `threading.Event.set` can deadlock there. The handler sets plain attributes and writes a byte
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
_LONGEST_SLEEP = 24 * 3600.0  # select refuses times that are too long for the platform


class Signals:
    """Implements `ports.Interrupts` with the process's signals. `installed` puts it in charge of them.

    Args:
        say: takes a line for the person who interrupted, if there is something to wait for. It is
            called in a signal handler: it may write to a file descriptor, not to a buffered stream.

    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._requested = False
        self._depth = 0
        self._raised: Interrupted | None = None
        self._pipe: tuple[int, int] | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals within; afterwards they do what they did before. Main thread only."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        self._pipe = (reading, writing)
        before = {each: signal.getsignal(each) for each in _signals()}
        try:
            for each in before:
                signal.signal(each, self._received)
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
            self._pipe = None
            os.close(reading)
            os.close(writing)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """As the port says. Raises Interrupted if a signal came before and nobody took notice.

        Libraries that catch every Exception can make an Interrupted disappear (botocore takes it for a
        broken connection and tries again). What is deferred are changes: none may begin after that.
        """
        lost, self._raised = self._raised, None
        if lost is not None:
            raise lost
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def requested(self) -> bool:
        return self._requested

    def sleep(self, seconds: float) -> bool:
        """Let `seconds` pass; in the main thread a signal ends that. True, once, if one came.

        Only once, because what is done after an interruption may have to wait, too; and only in the
        main thread, because the others carry changes that are awaited.
        """
        bounded = min(max(seconds, 0.0), _LONGEST_SLEEP)
        listening = self._pipe is not None and threading.current_thread() is threading.main_thread()
        waking = [self._pipe[0]] if self._pipe and listening else []
        readable, _, _ = select.select(waking, [], [], bounded)
        for pipe in readable:
            os.read(pipe, 1)
        return bool(readable)

    def _received(self, number: int, _frame: FrameType | None) -> None:
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
    """The error for a signal, named if its number is known."""
    name = f" by {signal.Signals(number).name}" if number else ""
    return Interrupted(f"interrupted{name}", "run the same command again to go on")


def _signals() -> tuple[signal.Signals, ...]:
    """A closed terminal counts too, unless `nohup` said that it does not."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGINT, signal.SIGTERM)
    return (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def leave(code: int, *, show_cursor: bool = False) -> NoReturn:
    """End the process now, with what was written.

    Python's own end waits for every thread of a pool, and one that reads may wait for minutes for an answer
    of AWS that nobody wants any more.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)  # the flush may block on a full pipe: one more signal ends that
    for stream in (sys.stdout, sys.stderr):
        # A signal may have interrupted a write to this very stream (RuntimeError), its reader may be
        # gone (OSError) or it may be closed (ValueError): nothing of it matters any more.
        with suppress(RuntimeError, OSError, ValueError):
            stream.flush()
            if show_cursor and stream.isatty() and os.environ.get("TERM") != "dumb":
                os.write(stream.fileno(), _SHOW_CURSOR)
    os._exit(code)
