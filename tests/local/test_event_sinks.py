"""Events passed to several sinks, one of which may be slow, blocked or broken."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.report.samples import MIGRATED, deployment, outcome
from weco_deploy.local.event_sinks import Delivery, EventDispatcher, Sink
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.events import (
    Claimed,
    Envelope,
    Event,
    Notice,
    ServiceSettled,
    Settled,
    Settling,
    StepFinished,
)
from weco_deploy.model.plan import Plan

IN_TIME = 60.0
"""A generous limit: tests end as soon as the event that they wait for has happened."""
BEGIN = datetime(2026, 3, 4, tzinfo=UTC)
FIRST = replace(deployment(), deployment_id="first")
ROLLBACK = replace(deployment(), deployment_id="rollback")


def claimed(recorded: object) -> Claimed:
    plan: Plan = None  # type: ignore[assignment]  # not read
    return Claimed(recorded, plan)  # type: ignore[arg-type]


class Received(list[Envelope]):
    """A sink that keeps the envelopes that it gets."""

    def __call__(self, envelope: Envelope) -> None:
        self.append(envelope)

    @property
    def events(self) -> list[Event]:
        return [envelope.event for envelope in self]


class Blocked(Received):
    """A sink that is busy with its first event until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = threading.Event()
        self.released = threading.Event()

    def __call__(self, envelope: Envelope) -> None:
        self.busy.set()
        assert self.released.wait(IN_TIME)
        super().__call__(envelope)


@contextmanager
def dispatcher(terminal: list[Event] | None = None, **sinks: Sink) -> Iterator[EventDispatcher]:
    shown = [] if terminal is None else terminal
    dispatcher = EventDispatcher(shown.append, sinks, environment="prod", now=lambda: BEGIN)
    try:
        yield dispatcher
    finally:
        for sink in sinks.values():
            if isinstance(sink, Blocked):
                sink.released.set()
        dispatcher.close(IN_TIME)  # no thread is left behind


def test_event_is_on_the_terminal_when_the_call_returns_and_reaches_every_other_sink() -> None:
    terminal: list[Event] = []
    chat, page = Received(), Received()
    with dispatcher(terminal, chat=chat, page=page) as dispatch:
        dispatch(Notice("one"))
        assert terminal == [Notice("one")]
        dispatch(Notice("two"))

    assert terminal == chat.events == page.events == [Notice("one"), Notice("two")]


def test_terminal_gets_an_event_before_the_other_sinks() -> None:
    chat = Received()

    def terminal(_: Event) -> None:
        raise OSError("gone")

    dispatch = EventDispatcher(terminal, {"chat": chat}, environment=None, now=lambda: BEGIN)
    with pytest.raises(OSError, match="gone"):
        dispatch(Notice("x"))
    dispatch.close(IN_TIME)

    assert chat == []


def test_envelope_has_environment_and_time() -> None:
    times = iter([BEGIN, BEGIN + timedelta(seconds=1)])
    chat = Received()
    dispatch = EventDispatcher(lambda _: None, {"chat": chat}, environment="prod", now=lambda: next(times))
    dispatch(Notice("x"))
    dispatch(Notice("y"))
    dispatch.close(IN_TIME)

    assert [envelope.time for envelope in chat] == [BEGIN, BEGIN + timedelta(seconds=1)]
    assert {envelope.environment for envelope in chat} == {"prod"}


def test_envelope_names_the_deployment_and_then_its_rollback() -> None:
    earlier = replace(deployment(), deployment_id="earlier")
    chat = Received()
    with dispatcher(chat=chat) as dispatch:
        for event in (
            Notice("before anything is recorded"),
            Settling(earlier),
            Notice("still before"),
            claimed(FIRST),
            Notice("of the first"),
            claimed(ROLLBACK),
            Notice("of the rollback"),
            Settled(ROLLBACK),
            Settled(FIRST),
        ):
            dispatch(event)

    named = [envelope.deployment_id for envelope in chat]
    assert named == [None, "earlier", None, "first", "first", *["rollback"] * 3, "first"]


def test_blocked_sink_delays_neither_the_operation_nor_the_other_sinks() -> None:
    blocked, chat, terminal = Blocked(), Received(), list[Event]()
    with dispatcher(terminal, blocked=blocked, chat=chat) as dispatch:
        for number in range(3):
            dispatch(Notice(str(number)))
        stuck, done = dispatch.close(0.1)

    assert len(terminal) == len(chat) == 3
    assert stuck == Delivery(sink="blocked", dropped=0, undelivered=3, failures=0, error="")
    assert not stuck.complete
    assert done.complete


def test_events_that_a_sink_does_not_get_in_time_are_given_up() -> None:
    blocked = Blocked()
    with dispatcher(blocked=blocked) as dispatch:
        dispatch(Notice("busy with this"))
        dispatch(Notice("too late"))
        assert blocked.busy.wait(IN_TIME)
        dispatch.close(0)

    assert blocked.events == [Notice("busy with this")]


def test_close_waits_for_all_sinks_no_longer_than_for_a_single_sink() -> None:
    waited: list[float] = []
    with (
        dispatcher(a=Received(), b=Received(), c=Received()) as dispatch,
        pytest.MonkeyPatch.context() as patch,
    ):
        for deliverer in dispatch._deliverers:
            patch.setattr(deliverer, "delivery", lambda seconds: waited.append(seconds))
        times = iter([100.0, 100.0, 102.0, 107.0])
        patch.setattr("weco_deploy.local.event_sinks.time.monotonic", lambda: next(times))
        dispatch.close()

    assert waited == [5.0, 3.0, -2.0]


def test_sink_that_raises_still_gets_the_next_event() -> None:
    received: list[Event] = []

    def broken(envelope: Envelope) -> None:
        received.append(envelope.event)
        if len(received) < 3:
            raise ValueError(f"number {len(received)}")

    with dispatcher(broken=broken) as dispatch:
        for number in range(3):
            dispatch(Notice(str(number)))
        (delivery,) = dispatch.close(IN_TIME)

    assert received == [Notice("0"), Notice("1"), Notice("2")]
    assert (delivery.failures, delivery.error) == (2, "ValueError: number 2")


def test_slow_sink_gets_all_events_in_order() -> None:
    step = threading.Semaphore(0)
    got = Received()

    def slow(envelope: Envelope) -> None:
        assert step.acquire(timeout=IN_TIME)
        got(envelope)

    with dispatcher(slow=slow) as dispatch:
        for number in range(5):
            dispatch(Notice(str(number)))
        step.release(5)

    assert got.events == [Notice(str(number)) for number in range(5)]


def test_full_queue_drops_the_oldest_progress_and_no_important_event() -> None:
    service = ServiceSettled(outcome("search-api", ServiceStatus.FAILED), 0, 1, BEGIN, BEGIN)
    blocked = Blocked()
    with dispatcher(blocked=blocked) as dispatch:
        dispatch(claimed(FIRST))
        assert blocked.busy.wait(IN_TIME)  # from now on all events stay in the queue
        dispatch(claimed(ROLLBACK))
        dispatch(service)
        dispatch(StepFinished(MIGRATED))
        for number in range(1000):
            dispatch(Notice(str(number)))
        dispatch(Settled(FIRST))
        blocked.released.set()
        (delivery,) = dispatch.close(IN_TIME)

    kept = [Notice(str(number)) for number in range(4, 1000)]
    important = [claimed(ROLLBACK), service, StepFinished(MIGRATED)]
    assert blocked.events == [claimed(FIRST), *important, *kept, Settled(FIRST)]
    assert (delivery.dropped, delivery.undelivered) == (4, 0)


def test_queue_full_of_important_events_accepts_more() -> None:
    blocked = Blocked()
    with dispatcher(blocked=blocked) as dispatch:
        dispatch(Notice("busy with this"))
        assert blocked.busy.wait(IN_TIME)
        for _ in range(1100):
            dispatch(Settled(FIRST))
        dispatch(Notice("dropped at once"))
        blocked.released.set()
        (delivery,) = dispatch.close(IN_TIME)

    assert len(blocked) == 1101
    assert delivery.dropped == 1
