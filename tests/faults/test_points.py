"""Which calls of a run are killed or fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.points import FOR_EACH_IMAGE, READS, each_call, each_change, kills
from tests.faults.scenarios import SCENARIOS, Scenario, declared
from tests.faults.test_every_call import BESIDES, offered
from tests.operations.migrations import migrations
from tests.world import Call, World
from tests.world.run import Run

START = datetime(2030, 1, 7, tzinfo=UTC)


def call(name: str, second: int = 0) -> Call:
    return Call(number=0, name=name, about=(), at=START + timedelta(seconds=second), run=Run(number=1))


def test_run_is_killed_before_and_after_each_change_and_at_each_moment() -> None:
    calls = [
        call("caller"),
        call("registry.find"),
        call("store.claim"),
        call("runtime.describe"),
        call("clock.wait"),
        call("runtime.describe", 10),
        call("runtime.tasks", 10),
        call("store.settle", 10),
    ]
    assert kills(calls) == [
        ("cut_before", 1),
        ("cut_before", 3),
        ("cut_after", 3),
        ("cut_before", 6),
        ("cut_before", 8),
        ("cut_after", 8),
    ]


def test_call_that_nobody_called_a_read_counts_as_a_change() -> None:
    assert kills([call("caller"), call("store.new")]) == [
        ("cut_before", 1),
        ("cut_before", 2),
        ("cut_after", 2),
    ]


def test_of_reads_for_each_image_there_is_one_and_of_other_calls_each() -> None:
    calls = ["caller", *2 * ["registry.find", "registry.find"], "registry.point", "registry.point"]
    changes = [("registry.point", 1), ("registry.point", 2)]
    reads = [("caller", 1), ("registry.find", 1), ("registry.find", 3)]
    assert each_call(calls, 2) == [*reads, *changes]
    assert each_change(calls) == changes


def test_reads_are_calls_that_there_are() -> None:
    assert READS - {"history.ancestry"} <= offered() | BESIDES
    assert FOR_EACH_IMAGE <= READS


@pytest.mark.exhaustive
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_read_changes_nothing(scenario: Scenario) -> None:
    world, _ = declared(scenario)
    world.workers = 1  # else another thread's change might come between
    before: dict[int, str] = {}
    changed: set[str] = set()

    def note_state(call: Call) -> None:
        before[call.number] = state(world)

    def note_change(call: Call) -> None:
        if state(world) != before[call.number]:
            changed.add(call.name)

    world.before("*", note_state, times=1000)
    world.after("*", note_change, times=1000)

    scenario.act(world)

    assert not changed & READS
    assert {"store.settle", "store.claim"} & changed


def state(world: World) -> str:
    """What is recorded, which tags there are, and what runs or was asked to run."""
    images = [world.stored(image.id).tags for image in world.project.images]
    services = [
        (service.arn, [deployment.id for deployment in service.deployments], service.request)
        for service in world.ecs.services()
    ]
    return repr((world.tables, images, services, len(migrations(world))))
