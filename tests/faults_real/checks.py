"""What must hold once a deployment has been made good."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults_real.worlds import World, expected
from tests.proxy.tool import Ran

FINISHED = {"succeeded", "failed", "timed_out", "interrupted", "rolled_back"}


async def assert_right(
    world: World, environment: str, wanted: Mapping[str, str], last: Ran, about: object
) -> None:
    """All is as if nothing had gone wrong: tags, what runs, the record, the lock. `wanted`: image id → digest."""
    said = f"{about}\n{last.told}"
    assert (last.code, last.status) == (0, "succeeded"), said
    assert await world.truth.tags(environment) == dict(wanted), said
    await assert_running(world, environment, wanted, said)
    told = last.document["deployment"]
    assert {one["service_id"] for one in told["services"]} == set(world.project.services), said
    await assert_recorded(world, environment, wanted, told["deployment_id"], told["release_id"], said)


async def assert_running(world: World, environment: str, wanted: Mapping[str, str], said: str) -> None:
    """Every service runs these images and nothing else."""
    services = await world.truth.services(environment)
    runs = {name: one.running for name, one in services.items()}
    assert runs == expected(world, wanted), f"{runs}\n{said}"
    restless = {name: one for name, one in services.items() if not one.steady}
    assert not restless, f"{restless}\n{said}"


async def assert_recorded(
    world: World, environment: str, wanted: Mapping[str, str], deployment_id: str, release_id: str, said: str
) -> None:
    """The record tells of this deployment as the last one, which succeeded, and nobody holds the lock."""
    item = await world.truth.environment(environment)
    current = {"release_id": release_id, "deployment_id": deployment_id, "status": "succeeded"}
    assert "lock" not in item, said
    assert item["current"] == current, said
    assert item["good"] == current, said
    assert {image_id: one["digest"] for image_id, one in item["images"].items()} == dict(wanted), said
    items = {str(one["release_id"]): one for one in await world.truth.items()}
    deployments = [one for one in await world.truth.deployments() if one["environment"] == environment]
    assert {one["status"] for one in deployments} <= FINISHED, said
    assert deployments[-1]["release_id"] == f"deployment#{deployment_id}", said
    listed = items[release_id]["deployments"]
    assert any(one.get("deployment_id") == deployment_id for one in listed), said
