"""Calls side by side: the order of answers, what failures do, what is awaited and what is abandoned."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, Lock, current_thread, main_thread

import pytest

from weco_deploy.errors import AwsError, DeployError, Interrupted, LeaseLost
from weco_deploy.pipeline import concurrent_calls

PATIENCE = 30.0
"""Seconds after which a handshake that never comes fails the test instead of hanging it."""


A_WHILE = 0.05
"""Seconds in which whoever does not await a call would be seen to go ahead of it."""


class Line:
    """Calls that end in the order that is asked for, whatever order they began in."""

    def __init__(self, count: int) -> None:
        self._may_end = [Event() for _ in range(count)]

    def let(self, place: int) -> None:
        self._may_end[place].set()

    def call(self, place: int, answer: str, then: int | None = None) -> Callable[[], str]:
        """Wait for its turn, answer, and let the next one end."""

        def ended() -> str:
            assert self._may_end[place].wait(PATIENCE)
            if then is not None:
                self.let(then)
            return answer

        return ended


def failing(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


def calls(*each: Callable[[], str]) -> list[Callable[[], str]]:
    return list(each)


def never() -> bool:
    return False


class Told:
    """What `done` was told."""

    def __init__(self) -> None:
        self.outcomes: dict[int, concurrent_calls.Outcome[str]] = {}

    def __call__(self, place: int, outcome: concurrent_calls.Outcome[str]) -> None:
        assert current_thread() is main_thread()
        self.outcomes[place] = outcome


class Beside:
    """Calls that wait until they are let go, and note that they ended."""

    def __init__(self) -> None:
        self.begun, self._go, self.ended = Event(), Event(), False

    def __call__(self) -> str:
        self.begun.set()
        assert self._go.wait(PATIENCE)
        Event().wait(A_WHILE)  # nobody is there to tell that nobody went ahead: give them the time to
        self.ended = True
        return "beside"

    def let_go(self) -> None:
        self._go.set()

    def let_go_and_fail(self, error: Exception) -> Callable[[], str]:
        """A call that fails once this one has begun, and lets it go on only then."""

        def fail() -> str:
            assert self.begun.wait(PATIENCE)
            try:
                raise error
            finally:
                self.let_go()

        return fail


# Reading


def test_answers_come_in_the_order_of_the_calls_and_not_of_their_ends() -> None:
    line = Line(3)
    line.let(2)
    each = [line.call(0, "a"), line.call(1, "b", then=0), line.call(2, "c", then=1)]
    assert concurrent_calls.read(each) == ["a", "b", "c"]


def test_nothing_to_read_answers_nothing() -> None:
    assert concurrent_calls.read([]) == []


def test_the_first_failure_by_order_is_raised_though_a_later_call_failed_earlier() -> None:
    second_failed = Event()

    def first() -> str:
        assert second_failed.wait(PATIENCE)
        raise AwsError("ecs:First", "no")

    def second() -> str:
        second_failed.set()
        raise AwsError("ecs:Second", "no")

    with pytest.raises(AwsError, match="ecs:First"):
        concurrent_calls.read([first, second])


def test_a_failed_read_waits_for_those_beside_it() -> None:
    beside = Beside()
    with pytest.raises(AwsError):
        concurrent_calls.read(calls(beside.let_go_and_fail(AwsError("ecs:X", "no")), beside))
    assert beside.ended


def test_what_is_no_error_of_ours_is_raised_too() -> None:
    with pytest.raises(ZeroDivisionError):
        concurrent_calls.read([lambda: "a", failing(ZeroDivisionError())])


def test_a_call_goes_on_beside_the_main_thread_until_its_answer_is_wanted() -> None:
    beside = Beside()
    begun = concurrent_calls.begin(beside)
    assert beside.begun.wait(PATIENCE)
    beside.let_go()
    assert concurrent_calls.answer(begun) == "beside"


def test_turns_are_taken_in_the_main_thread_while_an_answer_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(concurrent_calls, "BETWEEN_TURNS", 0.01)
    enough, turns = Event(), list[bool]()

    def turn() -> None:
        turns.append(current_thread() is main_thread())
        if len(turns) == 3:
            enough.set()

    assert concurrent_calls.read([lambda: enough.wait(PATIENCE)], turn) == [True]
    assert all(turns)


def test_no_turn_is_taken_where_the_answers_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrent_calls, "BETWEEN_TURNS", PATIENCE)

    def turn() -> None:
        raise AssertionError("there was nothing to wait for")

    assert concurrent_calls.read([lambda: "a", lambda: "b"], turn) == ["a", "b"]


def test_what_a_turn_raises_abandons_the_reads_those_begun_and_those_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(concurrent_calls, "BETWEEN_TURNS", 0.01)
    held, go, late = Barrier(concurrent_calls.WORKERS + 1), Event(), Event()

    def long() -> bool:
        held.wait(PATIENCE)
        return go.wait(PATIENCE)

    def begin_late() -> bool:
        late.set()
        return True

    def turn() -> None:
        held.wait(PATIENCE)
        raise Interrupted("stop")

    elsewhere = concurrent_calls.begin_all([long] * concurrent_calls.WORKERS)
    queued = [concurrent_calls.begin(begin_late) for _ in range(5)]
    with pytest.raises(Interrupted):
        concurrent_calls.answers([*queued, *elsewhere], turn)

    assert not any(future.done() for future in elsewhere)  # nobody waited for them
    assert all(future.cancelled() for future in queued)
    assert concurrent_calls.read([lambda: "next"]) == ["next"]  # which has threads of its own
    go.set()
    assert concurrent_calls.answers(elsewhere) == [True] * concurrent_calls.WORKERS
    assert not late.is_set()


# Changing


def test_each_outcome_is_told_with_its_place_and_answered_in_order() -> None:
    told, error = Told(), AwsError("ecr:PutImage", "no")
    outcomes = concurrent_calls.change([lambda: "a", failing(error), lambda: "c"], told, never)
    assert outcomes == [
        concurrent_calls.Done("a"),
        concurrent_calls.Failed(error),
        concurrent_calls.Done("c"),
    ]
    assert told.outcomes == dict(enumerate(outcomes))


def test_nothing_to_change_tells_nothing() -> None:
    told = Told()
    assert concurrent_calls.change([], told, never) == []
    assert told.outcomes == {}


def test_one_failure_does_not_keep_the_others_from_being_made() -> None:
    each = [failing(AwsError("ecs:X", "no")), *[lambda: "done"] * 40]
    outcomes = concurrent_calls.change(each, Told(), never)
    assert outcomes[1:] == [concurrent_calls.Done("done")] * 40


def test_asked_to_stop_before_it_begins_it_begins_nothing() -> None:
    told = Told()
    outcomes = concurrent_calls.change([failing(AssertionError("must not begin"))] * 3, told, lambda: True)
    assert outcomes == [concurrent_calls.Skipped()] * 3
    assert told.outcomes == {}


def test_once_asked_to_stop_those_begun_end_and_the_rest_are_skipped() -> None:
    refused, beside, held = AwsError("ecr:PutImage", "no"), Beside(), Barrier(concurrent_calls.WORKERS)
    stopping = Event()

    def done(_: int, outcome: concurrent_calls.Outcome[str]) -> None:
        if isinstance(outcome, concurrent_calls.Failed):
            stopping.set()
            beside.let_go()

    begun = [
        _after(held, call) for call in calls(failing(refused), *[beside] * (concurrent_calls.WORKERS - 1))
    ]
    late = [failing(AssertionError("must not begin"))] * 5
    outcomes = concurrent_calls.change([*begun, *late], done, stopping.is_set)
    assert outcomes == [
        concurrent_calls.Failed(refused),
        *[concurrent_calls.Done("beside")] * (concurrent_calls.WORKERS - 1),
        *[concurrent_calls.Skipped()] * 5,
    ]


def _after(barrier: Barrier, call: Callable[[], str]) -> Callable[[], str]:
    def waited() -> str:
        barrier.wait(PATIENCE)
        return call()

    return waited


def test_sixteen_go_side_by_side_and_never_more() -> None:
    lock, held = Lock(), Barrier(concurrent_calls.WORKERS)
    now, most = 0, 0

    def call() -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        held.wait(PATIENCE)  # broken, and an error, unless sixteen get here at once
        with lock:
            now -= 1
        return "done"

    assert concurrent_calls.change([call] * (concurrent_calls.WORKERS * 3), Told(), never) == [
        concurrent_calls.Done("done")
    ] * (concurrent_calls.WORKERS * 3)
    assert most == concurrent_calls.WORKERS == 16


def test_reads_too_go_sixteen_at_once_at_most() -> None:
    held = Barrier(concurrent_calls.WORKERS)
    concurrent_calls.read([lambda: held.wait(PATIENCE)] * (concurrent_calls.WORKERS * 2))
    assert not held.broken


def test_turn_runs_in_the_main_thread_beside_the_calls_that_go_on() -> None:
    told, beside, seen = Told(), Beside(), list[set[int]]()

    def turn() -> None:
        assert current_thread() is main_thread()
        seen.append(set(told.outcomes))
        beside.let_go()

    concurrent_calls.change([lambda: "first", beside], told, never, turn)
    assert seen[0] == {0}


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyError("another")])
def test_an_error_that_is_not_ours_is_raised_after_what_was_begun_has_ended_and_been_told(
    error: Exception,
) -> None:
    beside, told = Beside(), Told()
    with pytest.raises(type(error)):
        concurrent_calls.change([beside.let_go_and_fail(error), beside], told, never)
    assert beside.ended
    assert told.outcomes == {1: concurrent_calls.Done("beside")}


def test_after_an_error_that_is_not_ours_nothing_more_begins() -> None:
    begun = Event()

    def late() -> str:
        begun.set()
        return "late"

    def first() -> str:
        raise ZeroDivisionError

    held = Barrier(concurrent_calls.WORKERS)
    batch = [_after(held, first) for _ in range(concurrent_calls.WORKERS)]
    with pytest.raises(ZeroDivisionError):
        concurrent_calls.change([*batch, *[late] * 40], Told(), never)
    assert not begun.is_set()


def test_turn_runs_also_while_no_outcome_becomes_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrent_calls, "BETWEEN_TURNS", 0.01)
    turned = Event()

    def long() -> bool:
        return turned.wait(PATIENCE)

    assert concurrent_calls.change([long], lambda _, __: None, never, turned.set) == [
        concurrent_calls.Done(True)
    ]


@pytest.mark.parametrize("where", ["done", "turn"])
def test_what_done_or_turn_raise_waits_for_what_was_begun(where: str) -> None:
    """A lost lease, say: the record needs the outcome of the changes in flight all the same."""
    beside, told = Beside(), Told()

    def lost() -> None:
        beside.let_go()
        raise LeaseLost("ours no more")

    def done(place: int, outcome: concurrent_calls.Outcome[str]) -> None:
        told(place, outcome)
        if where == "done" and place == 0:
            lost()

    def turn() -> None:
        if where == "turn":
            lost()

    with pytest.raises(LeaseLost):
        concurrent_calls.change([lambda: "first", beside], done, never, turn)
    assert beside.ended
    assert told.outcomes == {0: concurrent_calls.Done("first"), 1: concurrent_calls.Done("beside")}


def test_what_was_raised_first_is_raised_though_others_fail_after_it() -> None:
    second_may = Event()

    def second() -> str:
        assert second_may.wait(PATIENCE)
        raise DeployError("later")

    def turn() -> None:
        second_may.set()
        raise LeaseLost("first")

    told = Told()
    with pytest.raises(LeaseLost, match="first"):
        concurrent_calls.change([lambda: "a", second], told, never, turn)
    assert isinstance(told.outcomes[1], concurrent_calls.Failed)
