"""The number of calls that `status` makes one after another, for fifty images in three environments."""

from __future__ import annotations

import pytest

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.projects import project
from weco_deploy.operations.status import status

LONGEST_CHAIN = 8
FIFTY = project(
    {f"image-{number}": [f"service-{number}"] for number in range(50)}, environments=("stage", "test", "prod")
)


@pytest.fixture(scope="module")
def fifty() -> World:
    """The project after a deployment to each environment."""
    world = World.of(FIFTY)
    for image in FIFTY.images:
        world.push(image.id)
    for environment in FIFTY.environments:
        release_deploy(world, environment.id)
    return world


def test_status_of_many_images_keeps_to_its_budget(fifty: World) -> None:
    ports = fifty.ports()
    before = len(fifty.calls)
    fifty.measure_rounds()

    found = status(ports, None)

    assert found.healthy
    assert len(fifty.rounds) <= LONGEST_CHAIN, fifty.rounds
    made = [call.name for call in fifty.calls[before:]]
    assert made.count("registry.tagged") == 50  # one for each repository, whatever the number of environments
    assert made.count("registry.find") == 0  # the records know all commits
    assert made.count("runtime.resolved") == 0  # the tasks tell what runs


def test_status_with_drift_everywhere_keeps_to_its_budget(fifty: World) -> None:
    for image in FIFTY.images:
        fifty.push(image.id)
        fifty.point(image.id, "env.prod", fifty.tag(image.id, "latest") or "")
    ports = fifty.ports()
    fifty.measure_rounds()

    found = status(ports, None)

    assert len(found.readable["prod"].drifts) == 50
    # ECR is asked for the commits of fifty unknown digests, sixteen at once.
    assert len(fifty.rounds) <= LONGEST_CHAIN + 1, fifty.rounds
