"""A moment in which all is well is no success: tasks must have been running for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import Told, confirm_deploy, killed, release_deploy, statuses
from tests.world import World, crash, slow
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Progress
from weco_deploy.model.project import Environment

TWO = project({"search": ["search-api"], "items": ["items-api"]})


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("crashes_after", [3, 5, 8, 9])
def test_container_that_crashes_a_few_seconds_after_its_start_is_no_success(
    breaker: bool, crashes_after: float
) -> None:
    world = World.of(ONE_AND_ONE, breaker=breaker, desired=2)
    world.push("search", crash(at=crashes_after))

    (service,) = release_deploy(world, interval=2.0).services

    assert service.status is ServiceStatus.FAILED
    assert "so ECS keeps retrying" in service.reason
    assert service.failures[0].exit_code == 1


def test_zero_seconds_take_a_moment_for_a_success() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash(at=9))
    assert release_deploy(world, interval=1.0, stable_for=0.0).status is DeploymentStatus.SUCCEEDED


def test_seconds_of_the_project_file_count_if_none_are_given() -> None:
    stage = Environment(id="stage", name="Stage", stable_for=60.0)
    world = World.of(project({"search": ["search-api"]}, environments=[stage]))
    world.push("search")
    began = world.now()
    assert release_deploy(world, interval=1.0).status is DeploymentStatus.SUCCEEDED
    assert 60 < (world.now() - began).total_seconds() < 90


def test_service_tells_what_it_waits_for() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    told = Told()
    release_deploy(world, told=told, interval=1.0)
    states = [event.state for event in told.events if isinstance(event, Progress)]
    assert "waiting until its tasks have been running for 10 s" in states


def test_waiting_time_that_ends_meanwhile_is_extended_by_the_remainder() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    began = world.now()

    # The task runs after 16 s, and the rollout is complete three seconds later.
    deployment = release_deploy(world, interval=5.0, wait=22.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert 22 < (world.now() - began).total_seconds() < 30


def test_waiting_time_is_extended_once_only() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    began = world.now()
    world.at(24, lambda: world.stop_task("search-api", "stage", "host-failure"))

    deployment = release_deploy(world, interval=5.0, wait=22.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert (world.now() - began).total_seconds() < 35


def test_service_that_the_last_look_finds_young_gets_the_seconds_that_it_needs() -> None:
    world = World.of(TWO)
    world.push("search")
    world.push("items", slow(300))
    # The task in place of this one runs four seconds before the time is over.
    world.at(40, lambda: world.stop_task("search-api", "stage", "host-failure"))

    deployment = release_deploy(world, interval=5.0, wait=60.0)

    assert statuses(deployment) == {
        "search-api": ServiceStatus.SUCCEEDED,
        "items-api": ServiceStatus.IN_PROGRESS,
    }


def test_service_behind_a_classic_load_balancer_gets_its_second_poll_when_the_time_is_over() -> None:
    world = World.of(ONE_AND_ONE, classic=True)
    world.push("search")
    told, began = Told(), world.now()

    # The first poll that finds the service steady is the one at the end.
    deployment = release_deploy(world, told=told, interval=5.0, wait=20.0, stable_for=0.0)

    assert [event.state for event in told.events if isinstance(event, Progress)][-1] == "steady"
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert 20 < (world.now() - began).total_seconds() < 25


def test_adopted_service_is_watched_until_it_is_stable() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(137)  # until the lock of the run that was killed is free
    world.stop_task("search-api", "stage", "host-failure")
    while not world.running("search-api", "stage"):
        world.pass_time(1)
    world.pass_time(4)

    told = Told()
    assert release_deploy(world, told=told, interval=1.0).status is DeploymentStatus.SUCCEEDED
    states = [event.state for event in told.events if isinstance(event, Progress)]
    assert states
    assert set(states) == {"waiting until its tasks have been running for 10 s"}


def test_confirm_deploy_watches_until_the_service_is_stable() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(100))
    assert release_deploy(world, wait=60.0).status is DeploymentStatus.TIMED_OUT
    while len(world.running("search-api", "stage")) != 1 or not in_rest(world):
        world.pass_time(1)
    began = world.now()

    deployment = confirm_deploy(world, interval=1.0)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert (world.now() - began).total_seconds() > 3


def in_rest(world: World) -> bool:
    service = world.look("search-api", "stage")
    return len(service.deployments) == 1 and service.deployments[0].rollout_state == "COMPLETED"


def test_scaling_in_does_not_hold_up_a_release_that_all_desired_tasks_run() -> None:
    """On EC2 instances ECS counts tasks as running while the load balancer drains them."""
    world = World.of(ONE_AND_ONE, balanced=True, desired=4, launch_type="EC2")
    world.push("search")
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    settings = world.ecs.simulation.settings
    settings.timings = replace(settings.timings, deregistration=300.0)
    world.scale("search-api", "stage", 2)
    world.pass_time(3)
    assert (world.look("search-api", "stage").desired, world.look("search-api", "stage").running) == (2, 4)

    assert confirm_deploy(world, wait=60.0).services[0].status is ServiceStatus.SUCCEEDED
    assert release_deploy(world, wait=60.0).status is DeploymentStatus.SUCCEEDED
