"""Runs independent calls concurrently, in a pool of threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import TypeVar

from weco_deploy.errors import DeployError, Unreachable
from weco_deploy.ports import Calls, Clock, Done, Failed, Outcome, Skipped

WORKERS = 16
"""The number of threads. AWS clients keep as many connections open."""
INTERVAL = 1.0
"""Seconds between two runs of the action while the thread waits for calls."""

T = TypeVar("T")


def begin_alone(call: Callable[[], T]) -> Future[T]:
    """Start a call in a thread of its own, which ends with the process. Any thread may do this, also a worker."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, name="call-alone", daemon=True).start()
    return future


class Workers:
    """A pool of threads. It can be abandoned and replaced, so that calls which AWS does not answer block nothing."""

    def __init__(self, size: int = WORKERS) -> None:
        self.size = size
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, call: Callable[[], T]) -> Future[T]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="call")
        return self._pool.submit(call)

    def wait(
        self, futures: Iterable[Future[T]], seconds: float | None, return_when: str = ALL_COMPLETED
    ) -> set[Future[T]]:
        """Wait for at most `seconds` (None: no limit), and return the futures that are done."""
        return wait(futures, seconds, return_when).done

    def abandon(self) -> None:
        """Cancel queued calls, and abandon calls in progress.

        If AWS does not answer, these may take minutes. So later calls get new threads.
        """
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _no_action() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ConcurrentCalls:
    """Implements `ports.Calls`: a view of `workers` with an action and a deadline (UTC) for the waiting thread.

    `interval` is how many seconds lie between two runs of the action.
    """

    clock: Clock
    workers: Workers = field(default_factory=Workers)
    action: Callable[[], None] = _no_action
    deadline: datetime | None = None
    interval: float = INTERVAL

    def meanwhile(self, action: Callable[[], None]) -> ConcurrentCalls:
        return replace(self, action=action)

    def until(self, moment: datetime) -> ConcurrentCalls:
        return replace(self, deadline=moment)

    def begin(self, call: Callable[[], T]) -> Future[T]:
        return self.workers.begin(call)

    def answers(self, begun: Iterable[Future[T]]) -> list[T]:
        futures = list(begun)
        # `wait` never returns a future that `abandon` cancelled, but such a future counts as done.
        pending = {future for future in futures if not future.done()}
        try:
            while pending:
                pending -= self.workers.wait(pending, self.interval)
                if pending:
                    self._act()
        except BaseException:
            self.workers.abandon()
            raise
        return [future.result() for future in futures]

    def answer(self, begun: Future[T]) -> T:
        return self.answers([begun])[0]

    def read(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        return self.answers([self.begin(call) for call in calls])

    def side_by_side(self, jobs: Sequence[Callable[[Calls], T]]) -> list[Outcome[T]]:
        abandoned = Event()

        def stop_if_abandoned() -> None:
            if abandoned.is_set():
                raise CancelledError

        threads, own = Workers(len(jobs) or 1), [Workers(self.workers.size) for _ in jobs]
        views = [replace(self, workers=workers, action=stop_if_abandoned) for workers in own]
        begun = [threads.begin(partial(job, view)) for job, view in zip(jobs, views, strict=True)]
        try:
            pending = set(begun)
            while pending:
                pending -= threads.wait(pending, self.interval)
                if pending:
                    self._act()
        finally:
            abandoned.set()
            for workers in (threads, *own, *([self.workers] if pending else [])):
                workers.abandon()
        return [_outcome(future) for future in begun]

    def change(
        self,
        calls: Sequence[Callable[[], T]],
        done: Callable[[int, Outcome[T]], None],
        stop: Callable[[], bool],
    ) -> list[Outcome[T]]:
        outcomes: list[Outcome[T]] = [Skipped() for _ in calls]
        queued = deque(enumerate(calls))
        under_way: dict[Future[T], int] = {}

        def begin_more() -> None:
            while queued and len(under_way) < self.workers.size and not stop():
                index, call = queued.popleft()
                under_way[self.begin(call)] = index

        def end(future: Future[T]) -> None:
            index = under_way.pop(future)
            outcomes[index] = _outcome(future)
            done(index, outcomes[index])

        try:
            begin_more()
            while under_way:
                for future in self.workers.wait(under_way, self.interval, FIRST_COMPLETED):
                    end(future)
                begin_more()
                if under_way:
                    self._act()
        finally:
            # After an error, some calls may be in progress. The record needs their outcomes, too.
            self.workers.wait(under_way, None)
            for future in [future for future in under_way if _is_ours(future)]:
                end(future)
        return outcomes

    def _act(self) -> None:
        self.action()
        if self.deadline is not None and self.clock.utc() > self.deadline:
            raise Unreachable(
                "", f"AWS had not answered by {self.deadline:%H:%M:%S}Z, when the waiting time was over"
            )


def _is_ours(future: Future[T]) -> bool:
    return isinstance(future.exception(), DeployError | None)


def _outcome(future: Future[T]) -> Done[T] | Failed:
    try:
        return Done(future.result())
    except DeployError as error:
        return Failed(error)
