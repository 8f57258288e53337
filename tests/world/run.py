"""One run of the tool: it may be killed or get signals, and it is who waits for time to pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.world.clock import Schedule
from weco_deploy.errors import Interrupted

if TYPE_CHECKING:
    from tests.world.gate import Gate
    from tests.world.side_by_side import Live, SideBySide


class Killed(BaseException):
    """The tool was killed, as by SIGKILL: from now on its run makes no further call."""


@dataclass(slots=True)
class Run:
    """One run of the tool, from its start to its end; its main thread is the one that made it.

    Implements the port Interrupts. A second signal ends the run at once, like a kill. A signal that comes
    within `deferred` ends the wait under way, or the next one, once: what is done after that may wait as usual.
    """

    number: int
    main_thread: int = field(default_factory=threading.get_ident)
    dead: bool = False
    signals: int = 0
    _deferrals: int = 0
    _raises: bool = False
    _wakes: bool = False

    @property
    def in_main_thread(self) -> bool:
        return threading.get_ident() == self.main_thread

    def kill(self) -> None:
        """End the run. Raises Killed, now and at every later call of its ports."""
        self.dead = True
        raise Killed

    def signal(self) -> None:
        """SIGINT arrives. Python handles it in the main thread, so a worker's call goes on."""
        self.signals += 1
        if self.signals > 1:
            self.kill()
        if self._deferrals:
            self._wakes = True
        else:
            self._raises = True

    def check(self) -> None:
        """Raise Killed if dead, and in the main thread Interrupted if a signal came that was not deferred."""
        if self.dead:
            raise Killed
        if self._raises and self.in_main_thread:
            self._raises = False
            raise Interrupted("interrupted")

    def woken(self) -> bool:
        """Whether a wait of the main thread ends now."""
        return self.dead or (self.in_main_thread and (self._wakes or self._raises))

    def wake(self) -> None:
        """End a wait: raise Killed or Interrupted if there is a reason to."""
        self.check()
        if self._wakes and self.in_main_thread:
            self._wakes = False
            raise Interrupted("interrupted while waiting")

    @contextmanager
    def deferred(self) -> Iterator[None]:
        self._deferrals += 1
        try:
            yield
        finally:
            self._deferrals -= 1

    def requested(self) -> bool:
        return self.signals > 0


class WorldClock:
    """The port Clock of one run."""

    def __init__(self, schedule: Schedule, gate: Gate, run: Run, runs: SideBySide, live: Live | None) -> None:
        self._schedule = schedule
        self._gate = gate
        self._run = run
        self._runs = runs
        self._live = live

    def utc(self) -> datetime:
        return self._schedule.now

    def wait(self, seconds: float) -> None:
        with self._gate.passing(self._run, "clock.wait", f"{seconds:g}"):
            until = self._schedule.now + timedelta(seconds=max(0.0, seconds))
        if self._live is None:
            self._schedule.pass_until(until, self._run.woken)
        else:
            self._runs.sleep(self._live, until, self._run.woken)
        self._run.wake()
