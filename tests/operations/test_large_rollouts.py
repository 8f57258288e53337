"""Deployments of more services than AWS lets a tool redeploy at once: the first ones are watched while the last ones wait."""

from __future__ import annotations

import sys

import pytest

from tests.operations.runs import Told, release_deploy, statuses
from tests.world import World
from tests.world.behaviour import crash
from tests.world.projects import project
from weco_deploy.errors import Throttled
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import PollFailed, ServiceRedeployed, ServiceSettled
from weco_deploy.pipeline.steps.redeploy import AT_A_TIME, AT_ONCE

SERVICES = 1 + AT_ONCE + 5 * AT_A_TIME
SECONDS_EACH = 0.8


@pytest.fixture
def world() -> World:
    """A world in which each UpdateService takes its time."""
    images = {"search": [f"search-{number:03}" for number in range(SERVICES)]}
    world = World.of(project(images, environments=("stage",)))
    world.before("runtime.redeploy", lambda _: world.pass_time(SECONDS_EACH), times=sys.maxsize)
    return world


def test_service_settles_while_others_wait_to_be_redeployed(world: World) -> None:
    world.push("search")
    told = Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert set(statuses(deployment).values()) == {ServiceStatus.SUCCEEDED}
    order = [type(event) for event in told.events if isinstance(event, ServiceRedeployed | ServiceSettled)]
    assert order.index(ServiceSettled) < SERVICES
    assert order.count(ServiceSettled) == SERVICES
    assert order.count(ServiceRedeployed) == SERVICES


def test_service_that_settled_early_is_looked_at_again_at_the_end(world: World) -> None:
    world.push("search")
    told = Told()
    stopped: list[str] = []

    def stop_tasks_of_settled(_: object) -> None:
        settled = [event for event in told.events if isinstance(event, ServiceSettled)]
        if settled and not stopped:
            stopped.append(settled[0].outcome.service_id)
            world.trouble(stopped[0], "stage", "no-capacity")
            world.stop_task(stopped[0], "stage")

    world.before("runtime.redeploy", stop_tasks_of_settled, times=sys.maxsize)

    deployment = release_deploy(world, told=told, wait=60.0)

    assert stopped
    assert statuses(deployment)[stopped[0]] is not ServiceStatus.SUCCEEDED


def test_failure_of_the_first_services_is_told_while_others_wait_to_be_redeployed(world: World) -> None:
    world.push("search", crash())
    told = Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.FAILED
    order = [type(event) for event in told.events if isinstance(event, ServiceRedeployed | ServiceSettled)]
    assert order.index(ServiceSettled) < SERVICES


def test_poll_that_fails_between_redeployments_stops_none_of_them(world: World) -> None:
    world.push("search")
    told = Told()

    def refuse_between_redeployments(_: object) -> None:
        if 0 < world.count("runtime.redeploy") < SERVICES:
            raise Throttled("ecs:DescribeServices", "Rate exceeded")

    world.before("runtime.describe", refuse_between_redeployments, times=sys.maxsize)

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert told.of(PollFailed)


def test_signal_between_redeployments_stops_the_others(world: World) -> None:
    world.push("search")
    world.signal_before(AT_ONCE + 2 * AT_A_TIME, "runtime.redeploy")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert world.count("runtime.redeploy") < SERVICES
