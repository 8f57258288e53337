"""The calls of `plan`, `changes` and the lists of the history, and how many of them wait for one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.operations.runs import release, release_deploy, request
from tests.world import World
from tests.world.projects import project
from weco_deploy.operations import history
from weco_deploy.operations.changes import changes
from weco_deploy.operations.deploy import plan

TEN = project(
    {f"image-{n}": [f"service-{n}-a", f"service-{n}-b"] for n in range(10)}, environments=("stage", "prod")
)
PLANNING = 6
"""Rounds of calls. Usually there are four; sixteen calls at once may be spread over one or two rounds more."""
COMPARING = 3
"""Rounds of calls, of which two ask git."""


@pytest.fixture(scope="module")
def ten() -> World:
    """The project after a deployment to stage and to prod, and another one to stage."""
    world = World.of(TEN)
    for environment_id in ("stage", "prod", "stage"):
        for image in TEN.images:
            world.push(image.id)
        release_deploy(world, environment_id)
    return world


def calls_of(world: World, act: Callable[[], object]) -> Counter[str]:
    """The calls that `act` makes; `world.rounds` are then their rounds."""
    before = len(world.calls)
    world.measure_rounds()
    act()
    return Counter(call.name for call in world.calls[before:])


def test_plan_keeps_to_its_budget(ten: World) -> None:
    ports = ten.ports()
    wanted = request(release(ports), "prod")

    calls = calls_of(ten, lambda: plan(wanted, ports))

    assert len(ten.rounds) <= PLANNING, ten.rounds
    assert calls["runtime.describe"] == 2  # ten services a call
    assert calls["registry.manifest_and_tag"] == 10
    assert calls["store.deployments"] == 1


def test_changes_between_environments_cost_a_read_of_each(ten: World) -> None:
    ports = ten.ports()

    calls = calls_of(ten, lambda: changes(ports, None))

    assert len(ten.rounds) <= COMPARING, ten.rounds
    assert calls == {"store.environment": 2, "history.between": 1, "history.remote_url": 1}


def test_list_of_deployments_is_one_listing(ten: World) -> None:
    ports = ten.ports()

    calls = calls_of(ten, lambda: history.deployments(ports, release=None, environment_id=None, limit=10))

    assert calls == {"store.deployments": 1}


def test_list_of_releases_reads_only_their_own_deployments(ten: World) -> None:
    ports = ten.ports()

    calls = calls_of(ten, lambda: history.unsuccessful(ports, history.releases(ports, 2)))

    assert calls == {"store.releases": 1, "store.deployment": 2}
