"""A deployment to many services notes its progress once a second: if it is killed, the record knows all but the last few."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock

import pytest

from tests.faults.progress import LAG, Before, assert_progress_recorded
from tests.operations.runs import deployments, release_deploy
from tests.world import Call, Killed, World
from tests.world.projects import project
from weco_deploy.model.deployment import DeploymentStatus

MANY = 60
PROJECT = project({"search": [f"search-{number}" for number in range(MANY)]}, environments=("stage",))
EACH_TAKES = 0.1


def world_of_slow_calls() -> World:
    """A world with a new image, in which time passes with each service that is redeployed."""
    world = World.of(PROJECT)
    world.push("search")
    world.pass_time(1)
    one_at_a_time = Lock()

    def pass_time(_: Call) -> None:
        with one_at_a_time:
            world.pass_time(EACH_TAKES)

    world.after("runtime.redeploy", pass_time, times=MANY)
    return world


def test_progress_is_noted_at_most_once_a_second_and_when_all_services_are_redeployed() -> None:
    world = world_of_slow_calls()
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.SUCCEEDED
    notes = [call.at for call in world.calls if call.name == "store.note"]
    redeployed = [call.at for call in world.calls if call.name == "runtime.redeploy"]
    assert 3 <= len(notes) <= 2 + (redeployed[-1] - redeployed[0]) / timedelta(seconds=1) + 1
    assert notes[0] <= redeployed[0], "the tags are noted before any service is redeployed"
    assert notes[-1] >= redeployed[-1]


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_a_run_killed_among_many_services_has_noted_all_but_those_of_the_last_second(cut: str) -> None:
    known = []
    for nth in range(1, MANY + 1, 7):
        world = world_of_slow_calls()
        before = Before.of(world, "stage")
        getattr(world, cut)(nth, "runtime.redeploy")
        with pytest.raises(Killed):
            release_deploy(world)

        assert_progress_recorded(world, "stage", before, cut)

        (last,) = deployments(world)
        known.append(sum(service.ecs_deployment_id is not None for service in last.services))
        assert known[-1] >= nth - LAG
    assert known[0] == 0
    assert known[-1] > 0
