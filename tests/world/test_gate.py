"""Time, kills, lost answers, signals and counting."""

from __future__ import annotations

from functools import partial

import pytest

from tests.world import Killed, World
from tests.world.clock import START
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import Interrupted, Throttled, Unreachable

STAGE = ONE_AND_ONE.environment("stage")
LATEST = ("uk.ac.wellcome/search", "latest")


@pytest.fixture
def world() -> World:
    return World.of(ONE_AND_ONE)


def test_waiting_runs_what_is_due_each_at_its_own_moment(world: World) -> None:
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, (world.now() - START).total_seconds()))

    world.at(3, partial(note, "third"))
    world.at(1, partial(note, "first"))
    world.at(1, partial(note, "second"))
    world.at(9, partial(note, "too late"))
    world.ports().clock.wait(5)
    assert seen == [("first", 1), ("second", 1), ("third", 3)]
    assert (world.now() - START).total_seconds() == 5


def test_what_is_due_may_wait_itself(world: World) -> None:
    world.at(1, lambda: world.ports().clock.wait(10))
    world.ports().clock.wait(2)
    assert (world.now() - START).total_seconds() == 11


def test_a_run_that_waits_for_ever_is_found_out(world: World) -> None:
    clock = world.ports().clock
    clock.wait(6 * 24 * 3600)
    with pytest.raises(AssertionError, match="a week has passed"):
        clock.wait(2 * 24 * 3600)


def test_a_killed_run_makes_no_further_call_and_the_next_one_does(world: World) -> None:
    ports = world.ports()
    world.cut_before(2)
    ports.registry.find(*LATEST)
    with pytest.raises(Killed):
        ports.runtime(STAGE).redeploy(world.key("search-api", "stage"))
    with pytest.raises(Killed):
        ports.registry.find(*LATEST)
    with pytest.raises(Killed):
        ports.clock.wait(1)
    assert len(world.look("search-api", "stage").deployments) == 1
    assert world.ports().registry.find(*LATEST)


def test_a_kill_that_a_run_did_not_live_to_see_spares_the_next_one(world: World) -> None:
    world.cut_before(3)
    for _ in range(2):
        ports = world.ports()
        assert ports.registry.find(*LATEST)
        assert ports.registry.find(*LATEST)


def test_a_run_killed_after_its_call_leaves_what_that_did(world: World) -> None:
    world.cut_after(1)
    with pytest.raises(Killed):
        world.ports().runtime(STAGE).redeploy(world.key("search-api", "stage"))
    assert len(world.look("search-api", "stage").deployments) == 2


def test_a_failed_call_did_nothing_and_a_lost_answer_hides_what_was_done(world: World) -> None:
    key = world.key("search-api", "stage")
    runtime = world.ports().runtime(STAGE)
    world.fail("runtime.redeploy", Throttled("ecs:UpdateService", "slow down"))
    world.lose_answer("runtime.redeploy", Unreachable("ecs:UpdateService", "no answer"), about="search-api")
    with pytest.raises(Throttled):
        runtime.redeploy(key)
    assert len(world.look("search-api", "stage").deployments) == 1
    with pytest.raises(Unreachable):
        runtime.redeploy(key)
    assert len(world.look("search-api", "stage").deployments) == 2
    assert [call.outcome for call in world.calls] == ["Throttled", "Unreachable"]


def test_a_signal_ends_a_wait_at_its_moment(world: World) -> None:
    ports = world.ports()
    world.signal_at(4)
    with ports.interrupts.deferred(), pytest.raises(Interrupted):
        ports.clock.wait(100)
    assert ports.interrupts.requested()
    assert (world.now() - START).total_seconds() == 4


def test_a_deferred_signal_lets_calls_go_on_and_ends_the_next_wait_once(world: World) -> None:
    ports = world.ports()
    world.signal_before(1)
    with ports.interrupts.deferred():
        ports.registry.find(*LATEST)
        assert ports.interrupts.requested()
        with pytest.raises(Interrupted):
            ports.clock.wait(10)
        assert world.now() == START
        ports.clock.wait(10)
    assert (world.now() - START).total_seconds() == 10


def test_a_signal_that_is_not_deferred_stops_the_main_thread_before_its_call_acts(world: World) -> None:
    ports = world.ports()
    world.signal_before(1)
    with pytest.raises(Interrupted):
        ports.runtime(STAGE).redeploy(world.key("search-api", "stage"))
    assert len(world.look("search-api", "stage").deployments) == 1


def test_a_signal_during_a_workers_call_reaches_the_main_thread_afterwards(world: World) -> None:
    ports = world.ports()
    world.signal_before(1)
    assert ports.calls.read([partial(ports.registry.find, *LATEST)])
    with pytest.raises(Interrupted):
        ports.registry.find(*LATEST)


def test_a_second_signal_is_a_kill(world: World) -> None:
    ports = world.ports()
    world.signal_before(1)
    world.signal_before(2)
    with ports.interrupts.deferred():
        ports.registry.find(*LATEST)
        with pytest.raises(Killed):
            ports.registry.find(*LATEST)


def test_calls_side_by_side_are_one_round(world: World) -> None:
    ports = world.ports()
    world.measure_rounds()
    ports.registry.find(*LATEST)
    ports.calls.read([partial(ports.registry.find, *LATEST)] * 10)
    ports.registry.find(*LATEST)
    assert world.rounds == (1, 10, 1)
    assert world.count("registry.find") == 12


def test_a_kill_in_a_worker_ends_the_run_and_spares_the_next_one(world: World) -> None:
    killed, after = world.ports(), world.ports()
    world.cut_before(3)
    with pytest.raises(Killed):
        killed.calls.read([partial(killed.registry.find, *LATEST)] * 5)
    assert after.calls.read([partial(after.registry.find, *LATEST)])
