"""Old tasks that stay while all new ones run: the release is not taken back."""

from __future__ import annotations

from tests.operations.runs import release_deploy
from tests.world import Behaviour, World
from tests.world.behaviour import START
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.deployment import DeploymentStatus


def test_release_is_not_rolled_back_because_old_tasks_are_protected_from_scale_in() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", Behaviour(start=START, protects_for=7200))
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    new = world.push("search")

    deployment = release_deploy(world, wait=300.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.rollback is None
    assert "it was not rolled back" in deployment.reason
    assert "1 old task still running" in deployment.services[0].reason
    assert world.tag("search", "env.stage") == new
    assert new in world.running("search-api", "stage")


def test_release_is_not_rolled_back_because_its_alarms_have_a_bake_time() -> None:
    world = World.of(ONE_AND_ONE, alarm="search-5xx")
    new = world.push("search")

    deployment = release_deploy(world, wait=60.0, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert world.running("search-api", "stage") == {new}
