"""The calls of a deployment whose services the project file names, compared with services that are found by their tags."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.projects import project
from weco_deploy.model.project import Address, Project

TEN = project(
    {f"image-{n}": [f"service-{n}-a", f"service-{n}-b"] for n in range(10)}, environments=("stage",)
)
NAMED = replace(
    TEN, addresses=dict.fromkeys(TEN.services, Address(cluster="{environment}", name="{service}"))
)


def calls_of_second_deployment(made: Project) -> Counter[str]:
    """The calls of a deployment of ten new images, after a first deployment.

    Notes of progress are left out: how many there are depends on how fast the services are redeployed.
    """
    world = World.of(made)
    release_deploy(world)
    for image in made.images:
        world.push(image.id)
    before = len(world.calls)
    release_deploy(world)
    return Counter(call.name for call in world.calls[before:] if call.name != "store.note")


def test_named_services_save_the_call_of_the_tagging_api_and_cost_no_other() -> None:
    by_tags, named = calls_of_second_deployment(TEN), calls_of_second_deployment(NAMED)

    assert by_tags - named == Counter({"runtime.tagged": 1})
    assert named - by_tags == Counter()


def test_first_deployment_to_named_services_describes_ten_a_call_and_lists_no_cluster() -> None:
    world = World.of(NAMED)
    for image in NAMED.images:
        world.push(image.id)

    release_deploy(world)

    first_change = next(place for place, call in enumerate(world.calls) if call.name == "registry.point")
    planning = Counter(call.name for call in world.calls[:first_change])
    assert planning["runtime.describe"] == 2
    assert planning["runtime.tasks_listed"] == 1
    assert not {"runtime.tagged", "runtime.clusters", "runtime.services_in"} & planning.keys()
