"""AWS throttles the moves of tags: they are repeated for as long as they are allowed."""

from __future__ import annotations

import pytest

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.projects import FIVE_AND_EIGHT
from weco_deploy.errors import AccessDenied, Throttled
from weco_deploy.model.deployment import DeploymentStatus

NEW = ("search", "transformer", "merger")
THROTTLED = Throttled("ecr:PutImage", "Rate exceeded")


def pushed() -> tuple[World, dict[str, str | None], dict[str, str | None]]:
    """A world with three new images; where its tags point before the deployment, and where after it."""
    world = World.of(FIVE_AND_EIGHT)
    old = tags(world)
    return world, old, {image_id: world.push(image_id) for image_id in NEW}


def tags(world: World) -> dict[str, str | None]:
    return {image_id: world.tag(image_id, "env.stage") for image_id in NEW}


@pytest.mark.parametrize("times", [1, 40])
def test_throttled_move_of_a_tag_is_repeated(times: int) -> None:
    world, _, new = pushed()
    world.fail("registry.point", THROTTLED, nth=2, times=times)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert tags(world) == new
    assert world.count("registry.point") == 3 + times


def test_throttled_move_back_of_a_tag_is_repeated() -> None:
    world, old, _ = pushed()
    world.fail("registry.point", AccessDenied("ecr:PutImage", "not allowed: ecr:PutImage"), nth=2)
    world.fail("registry.point", THROTTLED, nth=4, times=5)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert tags(world) == old
    assert not any(change.tag_moved for change in deployment.images.values())
