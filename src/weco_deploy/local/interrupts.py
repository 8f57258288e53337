"""Ctrl-C, SIGTERM and a closed terminal: the first signal ends the tool cleanly, the second at once.

Python runs a signal handler in the process's main thread, between two steps of whatever that thread does. So
the handler must not take a lock that this thread may hold: `threading.Event.set` can deadlock there, but
`queue.SimpleQueue.put` is made for it. The handler notes the signal and puts an item into a queue that waiting
threads read from.

Operations may run in several threads. The handlers and the request to stop belong to the process; whether
a thread defers the signal, and whether the signal has ended a wait there, belongs to the thread.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn

from weco_deploy.errors import Interrupted
from weco_deploy.exit_codes import INTERRUPTED

_SHOW_CURSOR = b"\x1b[?25h"  # a live display hides it


class _Thread(threading.local):
    """The state of the calling thread: each thread has its own values of these attributes."""

    listens = False
    """Whether a signal ends its waits. Worker threads do not listen."""
    deferrals = 0
    """In how many `deferred` contexts it is."""
    woken = False
    """Whether the signal has ended a wait. It ends only one, because the work after it may have to wait, too."""
    aware = False
    """Whether the signal came within a deferral, or kept one from beginning: then further ones may begin."""


class Signals:
    """Implements `ports.Interrupts` with the process's signals, which it handles within `installed`.

    Args:
        say: prints a line for the person who interrupted, if the tool has to wait for something. It is
            called in a signal handler, so it may write to a file descriptor but not to a buffered stream.

    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._received: int | None = None
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._thread = _Thread()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals within this context, and restore their handlers afterwards. Main thread only."""
        self.listen()
        previous = {number: signal.getsignal(number) for number in _signals()}
        try:
            for number in previous:
                signal.signal(number, self._handle)
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def listen(self) -> None:
        """Let a signal interrupt the calling thread, too, because an operation begins in it.

        A signal that came before interrupts it as well.
        """
        self._thread.listens = True
        self._thread.woken = self._thread.aware = False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """See the port. Raises Interrupted, once, if a signal came before any deferral of this thread.

        In the main thread that happens only if a library swallowed the Interrupted of the handler: those that
        catch every Exception can (botocore takes it for a broken connection and retries). Changes run in this
        context, and no change may begin after a signal.
        """
        thread = self._thread
        if self.requested() and not thread.aware and not thread.deferrals:
            thread.aware = True
            raise interrupted(self._received)
        thread.deferrals += 1
        try:
            yield
        finally:
            thread.deferrals -= 1
            thread.aware = self.requested()

    def requested(self) -> bool:
        return self._received is not None

    def raise_if_requested(self) -> None:
        """Raise Interrupted, once, if a signal came and the calling thread neither defers nor deferred it.

        In the main thread the handler has raised it already. Other threads call this while they wait for calls.
        """
        thread = self._thread
        if self.requested() and not (thread.deferrals or thread.aware or thread.woken):
            thread.woken = True
            raise interrupted(self._received)

    def sleep(self, seconds: float) -> bool:
        """Sleep for `seconds`; in a thread that listens a signal ends the sleep, and the result is True.

        A signal ends only one sleep of each such thread. It ends no sleep of workers, because these make
        changes that the thread of the operation waits for.
        """
        ends_early = self._thread.listens and not self._thread.woken
        wakes = self._wakes if ends_early else SimpleQueue[None]()  # nobody puts anything into this one
        try:
            wakes.get(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX))
        except Empty:
            return False
        self._wakes.put(None)  # for the other threads that sleep
        self._thread.woken = True
        return True

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested():
            leave(INTERRUPTED, show_cursor=True)
        self._received = number
        self._wakes.put(None)
        if not self._thread.deferrals:
            self._thread.woken = True
            raise interrupted(number)
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
