"""Calls side by side: the order of answers, what failures do, what is awaited and what is abandoned."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Lock, Semaphore, current_thread, main_thread

import pytest

from weco_deploy.errors import AwsError, DeployError, Interrupted, LeaseLost, Unreachable
from weco_deploy.local.concurrent_calls import WORKERS, ConcurrentCalls, Workers
from weco_deploy.ports import Calls, Done, Failed, Outcome, Skipped

PATIENCE = 30.0
"""Seconds after which a handshake that never comes fails the test instead of hanging it."""

A_WHILE = 0.05
"""Seconds in which code that does not await a call would go ahead of it."""

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that shows the time that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def utc(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def calls(clock: SetClock) -> ConcurrentCalls:
    """Its action runs every ten milliseconds."""
    return ConcurrentCalls(clock, interval=0.01)


class Line:
    """Calls that end in the order that a test sets, whatever order they began in."""

    def __init__(self, count: int) -> None:
        self._may_end = [Event() for _ in range(count)]

    def let(self, index: int) -> None:
        self._may_end[index].set()

    def call(self, index: int, answer: str, then: int | None = None) -> Callable[[], str]:
        """A call that answers once it may end, and then lets the call with the index `then` end."""

        def end() -> str:
            assert self._may_end[index].wait(PATIENCE)
            if then is not None:
                self.let(then)
            return answer

        return end


def failing(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


def never() -> bool:
    return False


class Outcomes:
    """Collects what `done` gets."""

    def __init__(self) -> None:
        self.by_index: dict[int, Outcome[str]] = {}

    def __call__(self, index: int, outcome: Outcome[str]) -> None:
        assert current_thread() is main_thread()
        self.by_index[index] = outcome


class SlowCall:
    """A call that ends only when the test lets it, and notes that it ended."""

    def __init__(self) -> None:
        self.begun, self._go, self.ended = Event(), Event(), False

    def __call__(self) -> str:
        self.begun.set()
        assert self._go.wait(PATIENCE)
        Event().wait(A_WHILE)  # gives code that does not await this call the time to go ahead
        self.ended = True
        return "slow"

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


def test_read_answers_in_the_order_of_the_calls_and_not_of_their_ends(calls: ConcurrentCalls) -> None:
    line = Line(3)
    line.let(2)
    reads = [line.call(0, "a"), line.call(1, "b", then=0), line.call(2, "c", then=1)]
    assert calls.read(reads) == ["a", "b", "c"]


def test_read_of_no_calls_answers_nothing(calls: ConcurrentCalls) -> None:
    assert calls.read(list[Callable[[], str]]()) == []


def test_read_raises_the_first_failure_by_order_though_a_later_call_failed_earlier(
    calls: ConcurrentCalls,
) -> None:
    second_failed = Event()

    def first() -> str:
        assert second_failed.wait(PATIENCE)
        raise AwsError("ecs:First", "no")

    def second() -> str:
        second_failed.set()
        raise AwsError("ecs:Second", "no")

    with pytest.raises(AwsError, match="ecs:First"):
        calls.read([first, second])


def test_failed_read_waits_for_the_other_reads(calls: ConcurrentCalls) -> None:
    slow = SlowCall()
    reads: list[Callable[[], str]] = [slow.let_go_and_fail(AwsError("ecs:X", "no")), slow]
    with pytest.raises(AwsError):
        calls.read(reads)
    assert slow.ended


def test_read_raises_errors_that_are_no_deploy_errors(calls: ConcurrentCalls) -> None:
    with pytest.raises(ZeroDivisionError):
        calls.read([lambda: "a", failing(ZeroDivisionError())])


def test_begun_call_goes_on_while_the_main_thread_does(calls: ConcurrentCalls) -> None:
    slow = SlowCall()
    begun = calls.begin(slow)
    assert slow.begun.wait(PATIENCE)
    slow.let_go()
    assert calls.answer(begun) == "slow"


def test_reads_go_side_by_side_as_many_as_there_are_workers(calls: ConcurrentCalls) -> None:
    held = Barrier(WORKERS)
    calls.read([lambda: held.wait(PATIENCE)] * (WORKERS * 2))
    assert not held.broken


# The action while reads are awaited, and the deadline


def test_read_runs_the_action_in_the_main_thread_while_it_waits(calls: ConcurrentCalls) -> None:
    enough, in_main_thread = Event(), list[bool]()

    def action() -> None:
        in_main_thread.append(current_thread() is main_thread())
        if len(in_main_thread) == 3:
            enough.set()

    assert calls.meanwhile(action).read([lambda: enough.wait(PATIENCE)]) == [True]
    assert all(in_main_thread)


def test_read_runs_no_action_where_it_need_not_wait(clock: SetClock) -> None:
    def action() -> None:
        raise AssertionError("there was nothing to wait for")

    calls = ConcurrentCalls(clock, interval=PATIENCE).meanwhile(action)
    assert calls.read([lambda: "a", lambda: "b"]) == ["a", "b"]


def test_meanwhile_replaces_the_action_in_the_view_alone(calls: ConcurrentCalls) -> None:
    ran, enough = list[str](), Event()

    def first() -> None:
        ran.append("first")
        enough.set()

    def second() -> None:
        ran.append("second")
        enough.set()

    with_first = calls.meanwhile(first)
    with_first.meanwhile(second).read([lambda: enough.wait(PATIENCE)])
    assert set(ran) == {"second"}
    ran.clear()
    enough.clear()
    with_first.read([lambda: enough.wait(PATIENCE)])
    assert set(ran) == {"first"}


def test_views_share_their_workers(calls: ConcurrentCalls) -> None:
    held, go, late = Barrier(WORKERS + 1), Event(), Event()

    def long() -> bool:
        held.wait(PATIENCE)
        return go.wait(PATIENCE)

    begun = [calls.begin(long) for _ in range(WORKERS)]
    held.wait(PATIENCE)
    queued = calls.meanwhile(lambda: None).until(NOON).begin(late.set)
    assert not late.wait(A_WHILE)
    go.set()
    calls.answers(begun)
    calls.answer(queued)
    assert late.is_set()


def test_until_raises_unreachable_once_the_moment_is_over(calls: ConcurrentCalls, clock: SetClock) -> None:
    ran, go = list[datetime](), Event()

    def action() -> None:
        ran.append(clock.now)
        clock.now += timedelta(seconds=1)

    view = calls.meanwhile(action).until(NOON + timedelta(seconds=3))
    with pytest.raises(
        Unreachable, match="AWS had not answered by 12:00:03Z, when the waiting time was over"
    ):
        view.read([lambda: go.wait(PATIENCE)])
    go.set()
    assert ran == [NOON + timedelta(seconds=seconds) for seconds in range(4)]


def test_until_leaves_reads_alone_that_need_no_wait(clock: SetClock) -> None:
    clock.now += timedelta(hours=2)
    assert ConcurrentCalls(clock, interval=PATIENCE).until(NOON).read([lambda: "a"]) == ["a"]


def test_action_that_raises_abandons_the_reads_those_begun_and_those_not(calls: ConcurrentCalls) -> None:
    held, go, late = Barrier(WORKERS + 1), Event(), Event()

    def long() -> bool:
        held.wait(PATIENCE)
        return go.wait(PATIENCE)

    def begin_late() -> bool:
        late.set()
        return True

    def stop() -> None:
        held.wait(PATIENCE)
        raise Interrupted("stop")

    under_way = [calls.begin(long) for _ in range(WORKERS)]
    queued = [calls.begin(begin_late) for _ in range(5)]
    with pytest.raises(Interrupted):
        calls.meanwhile(stop).answers([*queued, *under_way])

    assert not any(future.done() for future in under_way)  # nobody waited for them
    assert all(future.cancelled() for future in queued)
    assert calls.read([lambda: "next"]) == ["next"]  # in new threads
    go.set()
    assert calls.answers(under_way) == [True] * WORKERS
    assert not late.is_set()


def test_answers_of_cancelled_reads_are_an_error_and_not_waited_for(calls: ConcurrentCalls) -> None:
    go = Event()
    under_way = [calls.begin(lambda: go.wait(PATIENCE)) for _ in range(WORKERS)]
    queued = calls.begin(lambda: True)

    def stop() -> None:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        calls.meanwhile(stop).answers(under_way)
    go.set()
    with pytest.raises(CancelledError):
        calls.answer(queued)


def test_abandoned_reads_of_one_connection_leave_those_of_another_alone(
    calls: ConcurrentCalls, clock: SetClock
) -> None:
    """In a pool for the whole process the other connection's queued reads were cancelled, and never ended."""
    many, go, begun = WORKERS + 5, Event(), Semaphore(0)
    answers: list[bool] = []

    def read() -> bool:
        begun.release()
        return go.wait(PATIENCE)

    def others_reads() -> None:
        answers.extend(ConcurrentCalls(clock, interval=0.01).read([read] * many))

    other = threading.Thread(target=others_reads, daemon=True)  # noqa: TID251 - stands for another deployment of this process
    other.start()
    for _ in range(WORKERS):
        assert begun.acquire(timeout=PATIENCE)

    def stop() -> None:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        calls.meanwhile(stop).read([lambda: go.wait(PATIENCE)])
    go.set()

    other.join(PATIENCE)
    assert answers == [True] * many


# Changing


def test_jobs_side_by_side_answer_their_outcomes_in_order(calls: ConcurrentCalls) -> None:
    error = AwsError("ecs:DescribeServices", "no")

    def fails(view: Calls) -> str:
        return view.answer(view.begin(failing(error)))

    outcomes = calls.side_by_side([lambda view: ",".join(view.read([lambda: "a", lambda: "b"])), fails])

    assert outcomes == [Done("a,b"), Failed(error)]
    assert calls.side_by_side([]) == []


def test_jobs_side_by_side_wait_for_each_other_and_for_calls_begun_before(calls: ConcurrentCalls) -> None:
    together = Barrier(2)
    go = Event()
    before = calls.begin(lambda: go.wait(PATIENCE))

    def job(view: Calls) -> bool:
        together.wait(PATIENCE)
        go.set()
        return view.answer(before)

    assert calls.side_by_side([job, job]) == [Done(True), Done(True)]


def test_error_of_a_job_that_is_no_deploy_error_is_raised(calls: ConcurrentCalls) -> None:
    with pytest.raises(ZeroDivisionError):
        calls.side_by_side([lambda _: 1 // 0])


def test_action_that_raises_abandons_the_jobs(calls: ConcurrentCalls) -> None:
    begun, go, ended = Event(), Event(), Event()

    def long() -> bool:
        begun.set()
        return go.wait(PATIENCE)

    def job(view: Calls) -> bool:
        try:
            return view.answer(view.begin(long))
        finally:
            ended.set()

    def stop() -> None:
        assert begun.wait(PATIENCE)
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        calls.meanwhile(stop).side_by_side([job])

    assert ended.wait(PATIENCE)  # although its call goes on
    go.set()


def test_change_answers_outcomes_in_order_and_calls_done_with_each(calls: ConcurrentCalls) -> None:
    done, error = Outcomes(), AwsError("ecr:PutImage", "no")
    outcomes = calls.change([lambda: "a", failing(error), lambda: "c"], done, never)
    assert outcomes == [Done("a"), Failed(error), Done("c")]
    assert done.by_index == dict(enumerate(outcomes))


def test_change_of_no_calls_does_nothing(calls: ConcurrentCalls) -> None:
    done = Outcomes()
    assert calls.change([], done, never) == []
    assert done.by_index == {}


def test_failed_change_leaves_the_others_alone(calls: ConcurrentCalls) -> None:
    changes = [failing(AwsError("ecs:X", "no")), *[lambda: "done"] * 40]
    outcomes = calls.change(changes, Outcomes(), never)
    assert outcomes[1:] == [Done("done")] * 40


def test_change_that_is_stopped_before_it_begins_skips_all_calls(calls: ConcurrentCalls) -> None:
    done = Outcomes()
    outcomes = calls.change([failing(AssertionError("must not begin"))] * 3, done, lambda: True)
    assert outcomes == [Skipped()] * 3
    assert done.by_index == {}


def test_change_that_is_stopped_awaits_the_calls_under_way_and_skips_the_rest(calls: ConcurrentCalls) -> None:
    refused, slow, held = AwsError("ecr:PutImage", "no"), SlowCall(), Barrier(WORKERS)
    stopping = Event()

    def done(_: int, outcome: Outcome[str]) -> None:
        if isinstance(outcome, Failed):
            stopping.set()
            slow.let_go()

    first: list[Callable[[], str]] = [failing(refused), *[slow] * (WORKERS - 1)]
    late = [failing(AssertionError("must not begin"))] * 5
    outcomes = calls.change([*[_after(held, call) for call in first], *late], done, stopping.is_set)
    assert outcomes == [Failed(refused), *[Done("slow")] * (WORKERS - 1), *[Skipped()] * 5]


def _after(barrier: Barrier, call: Callable[[], str]) -> Callable[[], str]:
    def waited() -> str:
        barrier.wait(PATIENCE)
        return call()

    return waited


def test_sixteen_changes_go_side_by_side_and_never_more(calls: ConcurrentCalls) -> None:
    lock, held = Lock(), Barrier(WORKERS)
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

    assert calls.change([call] * (WORKERS * 3), Outcomes(), never) == [Done("done")] * (WORKERS * 3)
    assert most == WORKERS == 16


def test_change_runs_the_action_in_the_main_thread_beside_calls_that_go_on(calls: ConcurrentCalls) -> None:
    done, slow, known = Outcomes(), SlowCall(), list[set[int]]()

    def action() -> None:
        assert current_thread() is main_thread()
        known.append(set(done.by_index))
        if done.by_index:
            slow.let_go()

    calls.meanwhile(action).change([lambda: "first", slow], done, never)
    assert {0} in known


def test_change_runs_the_action_also_while_no_call_ends(calls: ConcurrentCalls) -> None:
    acted = Event()
    view = calls.meanwhile(acted.set)
    assert view.change([lambda: acted.wait(PATIENCE)], lambda _, __: None, never) == [Done(True)]


def test_change_runs_the_action_whenever_calls_have_ended_and_others_began(clock: SetClock) -> None:
    """However rarely it acts otherwise: the record is noted there."""
    done, known = Outcomes(), list[int]()
    calls = ConcurrentCalls(clock, Workers(1), lambda: known.append(len(done.by_index)), interval=PATIENCE)
    calls.change([lambda: "done"] * 3, done, never)
    assert known == [1, 2]


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyError("another")])
def test_change_raises_an_error_that_is_no_deploy_error_after_the_calls_under_way_have_ended(
    calls: ConcurrentCalls, error: Exception
) -> None:
    slow, done = SlowCall(), Outcomes()
    with pytest.raises(type(error)):
        calls.change([slow.let_go_and_fail(error), slow], done, never)
    assert slow.ended
    assert done.by_index == {1: Done("slow")}


def test_change_begins_nothing_after_an_error_that_is_no_deploy_error(calls: ConcurrentCalls) -> None:
    begun = Event()

    def late() -> str:
        begun.set()
        return "late"

    held = Barrier(WORKERS)
    first = [_after(held, failing(ZeroDivisionError())) for _ in range(WORKERS)]
    with pytest.raises(ZeroDivisionError):
        calls.change([*first, *[late] * 40], Outcomes(), never)
    assert not begun.is_set()


@pytest.mark.parametrize("where", ["done", "action"])
def test_change_raises_what_done_or_the_action_raise_after_the_calls_under_way_have_ended(
    calls: ConcurrentCalls, where: str
) -> None:
    """A lost lease, say: the record needs the outcome of the changes in flight all the same."""
    slow, outcomes = SlowCall(), Outcomes()

    def lose() -> None:
        slow.let_go()
        raise LeaseLost("ours no more")

    def done(index: int, outcome: Outcome[str]) -> None:
        outcomes(index, outcome)
        if where == "done" and index == 0:
            lose()

    def action() -> None:
        if where == "action" and outcomes.by_index:
            lose()

    with pytest.raises(LeaseLost):
        calls.meanwhile(action).change([lambda: "first", slow], done, never)
    assert slow.ended
    assert outcomes.by_index == {0: Done("first"), 1: Done("slow")}


def test_change_raises_the_first_error_though_other_calls_fail_after_it(calls: ConcurrentCalls) -> None:
    second_may = Event()

    def second() -> str:
        assert second_may.wait(PATIENCE)
        raise DeployError("later")

    def action() -> None:
        second_may.set()
        raise LeaseLost("first")

    done = Outcomes()
    with pytest.raises(LeaseLost, match="first"):
        calls.meanwhile(action).change([lambda: "a", second], done, never)
    assert isinstance(done.by_index[1], Failed)
