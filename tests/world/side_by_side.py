"""Runs that live side by side in one process, each in a thread: time passes only when every one of them waits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from tests.world.clock import Schedule
from weco_deploy.local.concurrent_calls import WORKERS, Workers

PATIENCE = 60.0
"""Real seconds after which runs that never wait together fail the test instead of hanging it."""
NEVER = datetime.max.replace(tzinfo=UTC)

T = TypeVar("T")


class Doing(Enum):
    """What a thread of a run is doing. A main thread that awaits waits for calls to end."""

    QUEUED = "queued"
    WORKING = "working"
    SLEEPING = "sleeping"
    AWAITING = "awaiting"
    ENDED = "ended"


class Live:
    """One of the runs: what its main thread and its calls are doing. All of it is guarded by the world's lock.

    `workers` threads make its calls. Further calls are queued. `answered` says whether the calls that the main thread waits for
    have ended, so that it is about to go on.
    """

    def __init__(self, workers: int = WORKERS) -> None:
        self.workers = workers
        self.main = Doing.WORKING
        self.calls: dict[object, Doing] = {}
        self.answered: Callable[[], bool] = lambda: False

    @property
    def waits(self) -> bool:
        """Whether nothing in the run can go on before time passes."""
        made = Counter(self.calls.values())
        if made[Doing.WORKING] or (made[Doing.QUEUED] and made[Doing.SLEEPING] < self.workers):
            return False
        return self.main is Doing.SLEEPING or (self.main is Doing.AWAITING and not self.answered())


class SideBySide:
    """The runs that live side by side, and the time that they wait for together."""

    def __init__(self, schedule: Schedule, lock: threading.RLock) -> None:
        self._schedule = schedule
        self._changed = threading.Condition(lock)
        self._runs: list[Live] = []
        self._sleepers: dict[object, tuple[datetime, Callable[[], bool]]] = {}
        self._thread = threading.local()

    @property
    def mine(self) -> Live | None:
        """The run that the calling thread is the main thread of."""
        return getattr(self._thread, "live", None)

    def run(self, *functions: Callable[[], T]) -> list[T]:
        """Run the functions side by side and answer what they answered; each may make ports of its own."""
        lives = [Live() for _ in functions]
        with self._changed:
            self._runs += lives
        threads = Workers(len(functions))

        def lived(live: Live, function: Callable[[], T]) -> T:
            self._thread.live = live
            try:
                return function()
            finally:
                with self._changed:
                    self._runs.remove(live)
                    self._changed.notify_all()

        begun = [
            threads.begin(partial(lived, live, function))
            for live, function in zip(lives, functions, strict=True)
        ]
        return [future.result(PATIENCE) for future in begun]

    def sleep(self, live: Live, until: datetime, woken: Callable[[], bool]) -> None:
        """Wait until that moment or until `woken`. The last one that has to wait lets time pass."""
        sleeper = object()
        call = getattr(self._thread, "call", None)
        with self._changed:
            self._sleepers[sleeper] = (until, woken)
            self._set(live, call, Doing.SLEEPING)
            while self._schedule.now < until and not woken():
                self._wait_for_others()
            del self._sleepers[sleeper]
            self._set(live, call, Doing.WORKING)

    def _wait_for_others(self) -> None:
        """Let time pass if everybody waits; otherwise wait until somebody does something else."""
        if self._all_wait():
            self._pass()
        elif not self._changed.wait(PATIENCE):
            raise AssertionError("the runs never wait together")

    def _pass(self) -> None:
        """Let time pass until the next sleeper wakes or the next thing happens, which may wake one."""
        wakes = min(until for until, _ in self._sleepers.values())
        due = self._schedule.next_due()
        self._schedule.pass_until(wakes if due is None else min(wakes, due))
        self._changed.notify_all()

    def _all_wait(self) -> bool:
        awake = any(self._schedule.now >= until or woken() for until, woken in self._sleepers.values())
        return not awake and all(live.waits for live in self._runs)

    def _set(self, live: Live, call: object, doing: Doing) -> None:
        if call is None:
            live.main = doing
        elif call in live.calls:  # else the run has abandoned it
            live.calls[call] = doing
        self._changed.notify_all()

    def wait_for_calls(self, live: Live, answered: Callable[[], bool], seconds: float | None) -> None:
        """The main thread waits until it is `answered`, or so many seconds of the world's time have passed."""
        waits = object()
        with self._changed:
            until = NEVER if seconds is None else self._schedule.now + timedelta(seconds=seconds)
            self._sleepers[waits] = (until, answered)
            live.answered = answered
            self._set(live, None, Doing.AWAITING)
            while self._schedule.now < until and not answered():
                self._wait_for_others()
            del self._sleepers[waits]
            live.calls = {call: doing for call, doing in live.calls.items() if doing is not Doing.ENDED}
            self._set(live, None, Doing.WORKING)

    def begun(self, live: Live, call: object) -> None:
        with self._changed:
            live.calls[call] = Doing.QUEUED

    def abandoned(self, live: Live) -> None:
        with self._changed:
            live.calls.clear()

    @contextmanager
    def calling(self, live: Live, call: object) -> Iterator[None]:
        """A worker makes the call."""
        self._thread.call = call
        with self._changed:
            self._set(live, call, Doing.WORKING)
        try:
            yield
        finally:
            self._thread.call = None
            with self._changed:
                self._set(live, call, Doing.ENDED)


class LiveWorkers(Workers):
    """The workers of a run that lives beside others."""

    def __init__(self, size: int, runs: SideBySide, live: Live) -> None:
        super().__init__(size)
        self._runs = runs
        self._live = live
        self._tokens: WeakKeyDictionary[Future[Any], object] = WeakKeyDictionary()
        self._ended: set[object] = set()

    def begin(self, call: Callable[[], T]) -> Future[T]:
        token = object()
        self._runs.begun(self._live, token)

        def called() -> T:
            with self._runs.calling(self._live, token):
                try:
                    return call()
                finally:
                    self._ended.add(token)

        future = super().begin(called)
        self._tokens[future] = token
        return future

    def wait(
        self, futures: Iterable[Future[T]], seconds: float | None, return_when: str = ALL_COMPLETED
    ) -> set[Future[T]]:
        awaited = list(futures)
        enough = any if return_when == FIRST_COMPLETED else all

        def answered() -> bool:
            return enough(self._has_ended(future) for future in awaited)

        self._runs.wait_for_calls(self._live, answered, seconds)
        # A call that has ended answers at once, in real time.
        return super().wait(awaited, None if answered() else 0, return_when)

    def abandon(self) -> None:
        super().abandon()
        self._runs.abandoned(self._live)

    def _has_ended(self, future: Future[T]) -> bool:
        return future.done() or self._tokens.get(future) in self._ended
