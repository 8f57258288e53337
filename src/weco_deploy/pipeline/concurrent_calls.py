"""Independent calls side by side: the one thread pool of the tool, used from the main thread only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from weco_deploy.errors import DeployError

WORKERS = 16
"""As many as the AWS clients keep connections open for."""
BETWEEN_TURNS = 1.0
"""Seconds: calls that take long must not keep the caller from what has to be done meanwhile."""

T = TypeVar("T")
Turn = Callable[[], None]
"""What the main thread does every `BETWEEN_TURNS` seconds while it waits. It may raise."""


def no_turn() -> None:
    """Nothing has to be done meanwhile."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a call answered."""

    value: T


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a call failed."""

    error: DeployError


@dataclass(frozen=True, slots=True)
class Skipped:
    """The call was not begun: it was asked to stop before."""


Outcome = Done[T] | Failed | Skipped


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="fan")


def begin(call: Callable[[], T]) -> Future[T]:
    """Let a call go on beside others; `answer` waits for what it answers."""
    return _pool().submit(call)


def begin_all(calls: Iterable[Callable[[], T]]) -> list[Future[T]]:
    return [begin(call) for call in calls]


def answers(begun: Iterable[Future[T]], turn: Turn = no_turn) -> list[T]:
    """What each call answered, in order; the first one, in order, that failed is raised once all have ended.

    They only read. So what `turn` raises, or a signal, is raised at once, and they are abandoned.
    """
    futures = list(begun)
    left = set(futures)
    try:
        while left:
            _, left = wait(left, BETWEEN_TURNS)
            if left:
                turn()
    except BaseException:
        _abandon()
        raise
    return [future.result() for future in futures]


def answer(begun: Future[T], turn: Turn = no_turn) -> T:
    """What one call answered, or why it failed; else as `answers`."""
    return answers([begun], turn)[0]


def read(calls: Iterable[Callable[[], T]], turn: Turn = no_turn) -> list[T]:
    """The answers of independent calls, in order, or the first failure; else as `answers`."""
    return answers(begin_all(calls), turn)


def _abandon() -> None:
    """Begin nothing that still waits for a thread, and leave what runs to itself.

    That may take minutes, if AWS does not answer: whatever comes next gets threads of its own.
    """
    _pool().shutdown(wait=False, cancel_futures=True)
    _pool.cache_clear()


def change(
    calls: Sequence[Callable[[], T]],
    done: Callable[[int, Outcome[T]], None],
    stop: Callable[[], bool],
    turn: Turn = no_turn,
) -> list[Outcome[T]]:
    """Make calls that change something; all that were begun are awaited, whatever becomes of the others.

    `done` is told each call's place and outcome, in this thread, as soon as it is known; `turn` runs in
    this thread whenever some outcomes are known and the next calls have begun, beside those, and every
    `BETWEEN_TURNS` seconds while none becomes known. Once `stop` answers true no further call begins; nor
    once something is raised by `done`, by `turn`, or by a call that fails with what is no DeployError. That
    is raised when all that were begun have ended, and `done` was told of them too.
    """
    outcomes: list[Outcome[T]] = [Skipped() for _ in calls]
    waiting = deque(enumerate(calls))
    under_way: dict[Future[T], int] = {}
    waited = False

    def ended(future: Future[T]) -> None:
        place = under_way.pop(future)
        outcomes[place] = _outcome(future)
        done(place, outcomes[place])

    try:
        while waiting or under_way:
            while waiting and len(under_way) < WORKERS and not stop():
                place, call = waiting.popleft()
                under_way[begin(call)] = place
            if waited:
                turn()
            if not under_way:
                break
            waited = True
            finished, _ = wait(under_way, BETWEEN_TURNS, return_when=FIRST_COMPLETED)
            for future in finished:
                ended(future)
    finally:
        # Some are left only where something was raised above: what they did counts all the same.
        wait(under_way)
        for future in [future for future in under_way if _is_ours(future)]:
            ended(future)
    return outcomes


def _is_ours(future: Future[T]) -> bool:
    return isinstance(future.exception(), DeployError | None)


def _outcome(future: Future[T]) -> Done[T] | Failed:
    try:
        return Done(future.result())
    except DeployError as error:
        return Failed(error)
