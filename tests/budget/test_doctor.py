"""The number of calls that `doctor` makes, and of rounds that wait for one another, for fifty images in three environments."""

from __future__ import annotations

from collections import Counter

from tests.world import World
from tests.world.projects import project
from weco_deploy.model.checks import Result
from weco_deploy.operations.doctor import doctor

LONGEST_CHAIN = 12
MOST_CALLS = 310
FIFTY = project(
    {f"image-{number}": [f"service-{number}"] for number in range(50)}, environments=("stage", "test", "prod")
)


def test_doctor_of_many_images_keeps_to_its_budget() -> None:
    world = World.of(FIFTY, launch_type="FARGATE")
    ports = world.ports()
    before = len(world.calls)
    world.measure_rounds()

    found = doctor(ports, None)

    assert {check.result for check in found} <= {Result.OK, Result.SKIP}
    made = Counter(call.name for call in world.calls[before:])
    # One after another: who we are, the records, the services, their tasks and task definitions, the policies. Sixteen calls
    # at once need four rounds for 150 task definitions.
    assert len(world.rounds) <= LONGEST_CHAIN, world.rounds
    assert made["registry.find"] == made["setup.lifecycle"] == 50
    assert made["runtime.defined"] == 150
    assert made["store.environment"] == 3
    assert sum(made.values()) <= MOST_CALLS, made
