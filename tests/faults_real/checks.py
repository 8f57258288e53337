"""Checks of AWS and the record after a deployment has succeeded, perhaps at a second attempt."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults_real.worlds import World, expected
from tests.proxy.tool import CompletedRun

FINISHED = {"succeeded", "failed", "timed_out", "interrupted", "rolled_back"}


async def assert_deployed(
    world: World, environment: str, wanted: Mapping[str, str], last: CompletedRun, case: object
) -> None:
    """Checks the result, tags, tasks, record and lock, as after an undisturbed run. `wanted`: image id → digest."""
    context = f"{case}\n{last.log}"
    assert (last.code, last.status) == (0, "succeeded"), context
    assert await world.truth.tags(environment) == dict(wanted), context
    await assert_running(world, environment, wanted, context)
    deployment = last.document["deployment"]
    assert {service["service_id"] for service in deployment["services"]} == set(world.project.services), (
        context
    )
    await assert_recorded(
        world, environment, wanted, deployment["deployment_id"], deployment["release_id"], context
    )


async def assert_running(world: World, environment: str, wanted: Mapping[str, str], context: str) -> None:
    """Every service runs exactly these images."""
    services = await world.truth.services(environment)
    running = {name: service.running for name, service in services.items()}
    assert running == expected(world, wanted), f"{running}\n{context}"
    unsteady = {name: service for name, service in services.items() if not service.steady}
    assert not unsteady, f"{unsteady}\n{context}"


async def assert_recorded(
    world: World,
    environment: str,
    wanted: Mapping[str, str],
    deployment_id: str,
    release_id: str,
    context: str,
) -> None:
    """The record has this deployment as the last, as succeeded, and the environment has no lock."""
    item = await world.truth.environment(environment)
    current = {"release_id": release_id, "deployment_id": deployment_id, "status": "succeeded"}
    assert "lock" not in item, context
    assert item["current"] == current, context
    assert item["good"] == current, context
    assert {image_id: image["digest"] for image_id, image in item["images"].items()} == dict(wanted), context
    items = {str(record["release_id"]): record for record in await world.truth.items()}
    deployments = [
        deployment
        for deployment in await world.truth.deployments()
        if deployment["environment"] == environment
    ]
    assert {deployment["status"] for deployment in deployments} <= FINISHED, context
    assert deployments[-1]["release_id"] == f"deployment#{deployment_id}", context
    listed = items[release_id]["deployments"]
    assert any(deployment.get("deployment_id") == deployment_id for deployment in listed), context
