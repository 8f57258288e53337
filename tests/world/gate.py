"""The one gate that every call of a port passes: numbered, logged, and where a test steps in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from tests.world.rounds import Rounds
from tests.world.run import Run


@dataclass(slots=True, kw_only=True)
class Call:
    """A call that passed the gate.

    `number` counts from 1 over the whole world, `about` are its arguments as text, `at` is virtual time.
    `round` is known once `world.measure_rounds()` was called. `outcome` is `done`, or what was raised.
    """

    number: int
    name: str
    about: tuple[str, ...]
    at: datetime
    run: Run
    round: int = 0
    outcome: str = "under way"


@dataclass(slots=True)
class Step:
    """What a test does before or after certain calls: those from the `nth` match on, `times` of them."""

    pattern: str
    about: str
    nth: int
    times: int
    action: Callable[[Call], None]
    matched: int = 0

    def due(self, call: Call) -> bool:
        """Count the call if it matches, and say whether this is one to act upon."""
        if not fnmatchcase(call.name, self.pattern) or not any(
            self.about in one for one in (*call.about, "")
        ):
            return False
        self.matched += 1
        return self.nth <= self.matched < self.nth + self.times


@dataclass(slots=True)
class StepInOneRun(Step):
    """A step that counts the calls of one run alone: the one that makes the next call."""

    run: Run | None = None

    def due(self, call: Call) -> bool:
        self.run = self.run or call.run
        return call.run is self.run and Step.due(self, call)


class Gate:
    """Counts, logs and lets pass the calls; one lock keeps the world whole while one of them acts.

    What a test does at a call runs outside that lock, in the calling thread.
    """

    def __init__(self, lock: threading.RLock, now: Callable[[], datetime]) -> None:
        self.lock = lock
        self.calls: list[Call] = []
        self.rounds = Rounds()
        self._now = now
        self._before: list[Step] = []
        self._after: list[Step] = []

    def before(self, step: Step) -> None:
        self._before.append(step)

    def after(self, step: Step) -> None:
        self._after.append(step)

    @contextmanager
    def passing(self, run: Run, name: str, *about: str) -> Iterator[Call]:
        """Let a call of `run` act within the block.

        Raises Killed if the run is dead, and whatever a test's step raises: before the call acted, or
        after it did, so that only its answer is lost.
        """
        call = self._enter(run, name, about)
        try:
            self._step(self._before, call)
            try:
                with self.lock:
                    yield call
            finally:
                self._step(self._after, call)
        except BaseException as error:
            call.outcome = type(error).__name__
            raise
        call.outcome = "done"

    def _enter(self, run: Run, name: str, about: tuple[str, ...]) -> Call:
        run.check()
        turn = self.rounds.join(alone=run.in_main_thread)
        with self.lock:
            call = Call(
                number=len(self.calls) + 1, name=name, about=about, at=self._now(), run=run, round=turn
            )
            self.calls.append(call)
            return call

    def _step(self, steps: list[Step], call: Call) -> None:
        if steps:
            with self.lock:
                due = [step for step in steps if step.due(call)]
            for step in due:
                step.action(call)
        call.run.check()
