"""Services that are no usual replicas of a rolling update: Express services and daemons."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, release_deploy, rollback
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import PlanRefused
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

INSTANCES = 3


def daemons(instances: int = INSTANCES) -> World:
    """A daemon service on so many container instances, up everywhere."""
    world = World.of(ONE_AND_ONE, scheduling="DAEMON", breaker=True)
    world.declared("search-api", "stage").cluster.instances = instances
    world.somebody_redeploys("search-api", "stage")
    world.pass_time(120)
    return world


# Express services


def test_express_service_is_deployed_as_a_canary() -> None:
    world, told = World.of(ONE_AND_ONE, express=True), Told()
    digest = world.push("search")

    deployment = release_deploy(world, told=told, wait=120.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}
    (service,) = told.plans[0].services
    assert "ECS makes it wait up to 6 min (CANARY)" in service.why


def test_express_service_that_runs_the_release_is_left_alone() -> None:
    world = World.of(ONE_AND_ONE, express=True)
    world.push("search")
    release_deploy(world)

    (service,) = release_deploy(world).services

    assert service.status is ServiceStatus.UNCHANGED


def test_express_service_that_runs_nothing_is_refused_if_its_task_definition_uses_other_images() -> None:
    world = World.of(ONE_AND_ONE, express=True, desired=0)
    world.push("search")
    world.redefine("search-api", "stage", "another-tag")

    with pytest.raises(PlanRefused, match="another-tag"):
        release_deploy(world)


def test_express_service_whose_image_crashes_fails_and_goes_back() -> None:
    world = World.of(ONE_AND_ONE, express=True)
    before = world.push("search")
    release_deploy(world)
    world.push("search", crash())

    failed = release_deploy(world)
    back = rollback(world)

    assert failed.status is DeploymentStatus.FAILED
    assert back.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {before}


# Daemons


def test_daemon_is_deployed_to_every_container_instance() -> None:
    world = daemons()
    digest = world.push("search")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    tasks = world.declared("search-api", "stage").tasks.values()
    assert [task.containers[0].digest for task in tasks if task.running] == [digest] * INSTANCES


def test_daemon_whose_image_crashes_fails_and_goes_back() -> None:
    world = daemons()
    before = world.push("search")
    release_deploy(world)
    world.push("search", crash())

    failed = release_deploy(world, rollback_on_failure=True)

    assert failed.status is DeploymentStatus.ROLLED_BACK
    assert world.running("search-api", "stage") == {before}


def test_daemon_without_container_instances_runs_nothing() -> None:
    world = daemons(instances=0)
    world.push("search")

    (service,) = release_deploy(world).services

    assert service.status is ServiceStatus.NOTHING_RUNNING


def test_daemon_that_gets_no_capacity_is_no_success() -> None:
    world = daemons()
    world.push("search")
    world.trouble("search-api", "stage", "no-capacity")

    assert release_deploy(world, wait=120.0).status is not DeploymentStatus.SUCCEEDED
