"""Running independent calls concurrently, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from weco_deploy.errors import DeployError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The answer of a call."""

    value: T


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a call failed."""

    error: DeployError


@dataclass(frozen=True, slots=True)
class Skipped:
    """The call never began, because `change` was asked to stop before."""


Outcome = Done[T] | Failed | Skipped


class Calls(Protocol):
    """Runs independent calls side by side, in threads of its own.

    Only the thread that connected uses it; the calls run in worker threads and must not use it themselves.
    """

    def begin(self, call: Callable[[], T]) -> Future[T]:
        """Begin a call that only reads. `answer` and `answers` wait for it."""

    def answers(self, begun: Iterable[Future[T]]) -> list[T]:
        """The answers in order. Once all calls have ended, raises the error of the first one that failed, in order.

        If the wait itself ends early, by a signal or by what `meanwhile` or `until` raise, that is raised at once.
        Then every call that has not begun is cancelled, and those under way are left alone.
        """

    def answer(self, begun: Future[T]) -> T:
        """As `answers`, for one call."""

    def read(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """Begin the calls and wait for them, as `answers` does."""

    def change(
        self,
        calls: Sequence[Callable[[], T]],
        done: Callable[[int, Outcome[T]], None],
        stop: Callable[[], bool],
    ) -> list[Outcome[T]]:
        """Make calls that change something, and answer their outcomes in order. Every call that begins is awaited.

        Calls `done` with the index and the outcome of each call, in the calling thread, as soon as it has ended.
        No further call begins once `stop` returns True, or once `done`, the action of `meanwhile` or a call raises
        an error other than DeployError. That error is raised after all calls under way have ended and `done` has
        their outcomes.
        """

    def side_by_side(self, jobs: Sequence[Callable[[Calls], T]]) -> list[Outcome[T]]:
        """Run larger jobs that only read, each in a thread of its own, and answer their outcomes in order.

        A job makes its calls with the `Calls` that it gets, which has workers of its own; it may also wait there for calls that
        have begun before. The error of a job leaves the others alone. If the wait ends early, all jobs are abandoned.
        """

    def meanwhile(self, action: Callable[[], None]) -> Calls:
        """The same threads, with another action: runs `action` once a second while it waits for calls.

        `change` also runs it each time that calls have ended and others have begun in their place. What it raises
        ends the wait.
        """

    def until(self, moment: datetime) -> Calls:
        """The same threads and the same action; waiting past `moment` raises Unreachable."""
