"""A deployment to many services that is killed among them: the record knows all but the last few."""

from __future__ import annotations

import pytest

from tests.faults.progress import LAG, Before, assert_progress_recorded
from tests.operations.runs import deployments, release_deploy
from tests.world import Killed, World
from tests.world.projects import project

MANY = 60
PROJECT = project({"search": [f"search-{number}" for number in range(MANY)]}, environments=("stage",))


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_a_run_killed_among_many_services_has_noted_all_but_those_of_the_last_round(cut: str) -> None:
    known = []
    for nth in range(1, MANY + 1, 7):
        world = World.of(PROJECT)
        world.push("search")
        world.pass_time(1)
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
