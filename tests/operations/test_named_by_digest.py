"""Some versions of the ECS agent name a container's image by its digest only: the task definition tells which image it is."""

from __future__ import annotations

import pytest

from tests.operations.runs import confirm_deploy, release_deploy, statuses
from tests.world import World
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

SEARCH = ("search-api", "stage")
DENIED = AccessDenied("ecs:DescribeTaskDefinition", "not allowed: ecs:DescribeTaskDefinition")


@pytest.fixture
def world() -> World:
    world = World.of(ONE_AND_ONE)
    world.trouble(*SEARCH, "image-by-digest")
    return world


def test_service_is_redeployed_and_verified(world: World) -> None:
    new = world.push("search")

    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUCCEEDED}
    assert world.running(*SEARCH) == {new}
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.UNCHANGED}
    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_wrong_digest_is_a_failure(world: World) -> None:
    world.trouble(*SEARCH, "pulls-once")
    world.push("search")

    deployment = release_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}
    assert "not the release's" in deployment.services[0].reason


def test_definition_is_read_once_while_watching(world: World) -> None:
    world.push("search")
    release_deploy(world, interval=1.0)

    assert world.count("runtime.defined") <= 3
    assert world.count("runtime.describe") > 9


def test_right_digest_is_verified_although_the_definition_can_not_be_read(world: World) -> None:
    new = world.push("search")
    world.fail("runtime.defined", DENIED, times=1000)

    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUCCEEDED}
    assert world.running(*SEARCH) == {new}
