"""Which deployment `confirm-deploy` is about."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    confirm_deploy,
    release_deploy,
)
from tests.world import World
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import NotFound
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.release import Release


def test_an_environment_without_deployments_has_nothing_to_confirm() -> None:
    with pytest.raises(NotFound, match="nothing was deployed to stage yet"):
        confirm_deploy(World.of(ONE_AND_ONE))


def test_a_release_that_was_never_deployed_there_is_not_found() -> None:
    world = World.of(ONE_AND_ONE)
    elsewhere = release_deploy(world, "prod").release_id

    with pytest.raises(NotFound, match=f"release {elsewhere} was never deployed to stage"):
        confirm_deploy(world, release_id=elsewhere)


def test_an_earlier_release_is_judged_by_what_runs_now() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    earlier = release_deploy(world)
    world.pass_time(1)
    world.push("search")
    release_deploy(world)

    deployment = confirm_deploy(world, release_id=earlier.release_id)

    assert deployment.deployment_id == earlier.deployment_id
    assert deployment.status is DeploymentStatus.FAILED


def test_the_current_deployment_is_found_even_if_the_index_still_lacks_it() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deployed = release_deploy(world)
    world.fail("store.deployments", AssertionError("the index need not be asked"), about=deployed.release_id)

    assert confirm_deploy(world, release_id=deployed.release_id).deployment_id == deployed.deployment_id


def test_a_release_that_is_not_recorded_any_more_is_named() -> None:
    world = World.of(ONE_AND_ONE)
    deployed = release_deploy(world)
    releases: dict[str, Release] = world.tables[world.project.release_table].releases
    del releases[deployed.release_id]

    with pytest.raises(
        NotFound, match=f"release {deployed.release_id} of deployment .* is not recorded any more"
    ):
        confirm_deploy(world)
