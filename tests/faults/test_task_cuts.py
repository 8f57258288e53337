"""The tool is killed at every change of a deployment whose task fails before the restart; then it is run again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.points import kills
from tests.faults.scenarios import PATIENT, UNCERTAIN
from tests.figures import Count
from tests.operations.migrations import MIGRATE, behaviour, migrating, migrations
from tests.operations.runs import deployments, recorded, release_deploy, rollback
from tests.world import Behaviour, Call, Killed, World
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.steps import StepStatus

FAILS = behaviour(code=3)
TAKES_TOO_LONG = behaviour(seconds=3600.0)
TIMEOUT = 40.0
BAD = pytest.mark.parametrize("image", [FAILS, TAKES_TOO_LONG], ids=["fails", "takes too long"])


def bad(image: Behaviour) -> tuple[World, dict[str, str | None]]:
    """A world with a new image whose migration does not succeed. The digests that the tags must go back to."""
    world = migrating(replace(MIGRATE, timeout=TIMEOUT))
    release_deploy(world)
    before = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    world.push("search", image)
    world.push("items")
    world.pass_time(1)
    return world, before


def act(world: World) -> Deployment:
    return release_deploy(world, wait_for_lock=PATIENT)


def made_with(image: Behaviour) -> list[Call]:
    """The calls that it makes when nothing kills it, in order."""
    world, _ = bad(image)
    before = len(world.calls)
    assert act(world).status is DeploymentStatus.FAILED
    return world.calls[before:]


def calls() -> list[str]:
    """The names of the calls that it makes for a task that takes too long."""
    return [call.name for call in made_with(TAKES_TOO_LONG)]


@BAD
def test_deployment_whose_task_fails_is_killed_anywhere_and_fails_with_all_tags_back_when_run_again(
    image: Behaviour, count: Count
) -> None:
    points, killed = kills(made_with(image)), 0
    for cut, nth in points:
        world, tags = bad(image)
        getattr(world, cut)(nth)
        try:
            act(world)
        except Killed:
            killed += 1
        world.pass_time(1)

        last = act(world)

        assert last.status is DeploymentStatus.FAILED
        assert [step.status for step in last.steps] in ([StepStatus.FAILED], [StepStatus.TIMED_OUT])
        assert {image_id: world.tag(image_id, "env.stage") for image_id in tags} == tags
        assert world.count("runtime.redeploy") == 0
        # A task that a killed deployment began is gone on with; one whose end it recorded runs again.
        assert 1 <= len(migrations(world)) <= 2
        assert all(task.stopped for task in migrations(world))
        assert recorded(world).lock is None
        assert all(deployment.finished for deployment in deployments(world))
    assert killed >= len(points) - UNCERTAIN
    count("in process: kills at each change of a deployment whose task fails, run again", killed)


def test_rollback_after_a_kill_runs_no_task_and_the_next_deployment_goes_on_with_the_one_that_runs() -> None:
    world, _ = bad(behaviour(seconds=400.0))
    world.cut_after(1, "tasks.task")
    with pytest.raises(Killed):
        act(world)
    world.pass_time(150)
    assert rollback(world).steps == ()

    last = act(world)

    # Its time was over long ago.
    assert [step.status for step in last.steps] == [StepStatus.TIMED_OUT]
    assert len(migrations(world)) == 1
