"""Time, where several runs live side by side in one world."""

from __future__ import annotations

from threading import Event

import pytest

from tests.world import World
from tests.world.clock import START
from tests.world.projects import ONE_AND_ONE

PATIENCE = 30.0


@pytest.fixture
def world() -> World:
    return World.of(ONE_AND_ONE)


def seconds(world: World) -> float:
    return (world.now() - START).total_seconds()


def test_time_passes_to_the_first_wake_up_once_every_run_waits(world: World) -> None:
    woken: list[tuple[str, float]] = []

    def waits(name: str, *waits: float) -> None:
        clock = world.ports().clock
        for wait in waits:
            clock.wait(wait)
            woken.append((name, seconds(world)))

    world.side_by_side.run(lambda: waits("short", 5, 5, 5), lambda: waits("long", 12))

    assert woken == [("short", 5), ("short", 10), ("long", 12), ("short", 15)]


def test_time_stands_still_while_one_run_works(world: World) -> None:
    worked, times = Event(), list[float]()

    def works() -> None:
        ports = world.ports()
        assert not worked.wait(0.05)  # the other run has the time to go ahead
        times.append(seconds(world))
        ports.clock.wait(1)

    def waits() -> None:
        world.ports().clock.wait(5)
        worked.set()

    world.side_by_side.run(works, waits)

    assert times == [0]
    assert seconds(world) == 5


def test_run_whose_call_waits_in_a_worker_waits(world: World) -> None:
    def waits_in_worker() -> None:
        ports = world.ports()
        ports.calls.read([lambda: ports.clock.wait(3)])

    world.side_by_side.run(waits_in_worker, lambda: world.ports().clock.wait(5))

    assert seconds(world) == 5


def test_run_whose_call_works_in_a_worker_holds_up_time(world: World) -> None:
    times: list[float] = []

    def works_in_worker() -> None:
        ports = world.ports()

        def works() -> None:
            Event().wait(0.05)  # the other run has the time to go ahead
            times.append(seconds(world))

        ports.calls.read([works, works])

    world.side_by_side.run(works_in_worker, lambda: world.ports().clock.wait(5))

    assert times == [0, 0]


def test_what_is_scheduled_happens_while_all_runs_wait(world: World) -> None:
    happened: list[float] = []
    world.at(3, lambda: happened.append(seconds(world)))

    world.side_by_side.run(lambda: world.ports().clock.wait(5), lambda: world.ports().clock.wait(5))

    assert happened == [3]


def test_time_passes_though_a_call_that_nobody_waits_for_has_ended(world: World) -> None:
    world.interval = 3600.0

    def waits() -> None:
        ports = world.ports()
        unneeded = ports.calls.begin(lambda: None)
        ports.calls.read([lambda: ports.clock.wait(3)])
        assert unneeded.done()

    world.side_by_side.run(waits)

    assert seconds(world) == 3


def test_action_runs_each_second_of_the_worlds_time_while_calls_wait(world: World) -> None:
    acted: list[float] = []

    def waits() -> None:
        ports = world.ports()
        calls = ports.calls.meanwhile(lambda: acted.append(seconds(world)))
        calls.read([lambda: ports.clock.wait(3.5)])

    world.side_by_side.run(waits)

    assert acted == [1, 2, 3]
