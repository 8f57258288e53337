"""The calls of `init`, by which AWS's rates decide how long it takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tests.operations.test_init import proposed
from tests.world.estates import CATALOGUE_API, world_of

FORTY = replace(CATALOGUE_API, services={f"service-{n}": ("search",) for n in range(40)})


def test_reads_ten_services_a_call_and_everything_else_once() -> None:
    world = world_of(FORTY)

    proposed(world)

    assert Counter(call.name for call in world.calls) == {
        "runtime.clusters": 1,
        "runtime.services_in": 1,
        "runtime.describe": 8,
        "runtime.defined": 80,
        "registry.repositories": 1,
        "registry.find": 3,
    }


def test_task_definition_that_services_share_is_read_once() -> None:
    world = world_of(CATALOGUE_API)
    for service in list(world.ecs.services())[1:]:
        service.definition = next(world.ecs.services()).definition

    proposed(world)

    assert world.count("runtime.defined") == 1
