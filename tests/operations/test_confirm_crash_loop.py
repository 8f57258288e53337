"""An image that crashed is not called mended only because a task of it runs at the moment."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    confirm_deploy,
    deployments,
    killed,
    promote,
    recorded,
    release_deploy,
    statuses,
)
from tests.world import World, crash, slow
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.rules.rollout.steady_state import in_steady_state


def test_a_crash_that_was_mended_without_a_new_rollout_is_recorded_as_succeeded() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    new = world.push("search", crash())
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.FAILED}
    world.mend("search")
    world.pass_time(7200)

    deployment = confirm_deploy(world)

    assert world.running("search-api", "stage") == {new}
    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert deployments(world)[0].reason == "it was recorded as failed before"


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("seconds", [5, 15, 60, 300, 3000])
def test_a_crash_is_not_called_mended_before_its_tasks_have_been_up_for_long(
    seconds: int, breaker: bool
) -> None:
    world = World.of(ONE_AND_ONE, breaker=breaker, rolls_back=False)
    world.push("search", crash(at=3))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(seconds)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    deployment = confirm_deploy(world, wait=0.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert recorded(world).current == DeployedRelease.of(deployments(world)[0])
    assert recorded(world).good != recorded(world).current
    with pytest.raises(GateClosed):
        promote(world)


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("crashes_after", [8, 15])
def test_a_service_in_a_steady_state_between_two_crashes_is_not_called_mended(
    crashes_after: int, breaker: bool
) -> None:
    world = World.of(project({"search": ["search-api"], "items": ["items-api"]}), breaker=breaker)
    world.push("search", crash(at=crashes_after))
    world.push("items", slow(100))
    assert statuses(release_deploy(world))["search-api"] is ServiceStatus.FAILED
    world.pass_time(5)
    while not (world.running("search-api", "stage") and in_a_steady_state(world)):
        world.pass_time(1)

    deployment = confirm_deploy(world)

    assert statuses(deployment)["search-api"] is ServiceStatus.FAILED
    assert "not been up for long enough" in deployment.services[0].reason
    with pytest.raises(GateClosed):
        promote(world)


def in_a_steady_state(world: World) -> bool:
    """Whether ECS takes search-api to be as it should."""
    return in_steady_state(world.look("search-api", "stage"))


def test_a_failed_service_that_was_scaled_to_nothing_stays_failed() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.scale("search-api", "stage", 0)
    world.settle_down()

    (service,) = confirm_deploy(world).services
    assert service.status is ServiceStatus.FAILED
    assert service.reason.startswith(
        "it failed, and runs nothing now; recorded: 3 tasks of this deployment stopped"
    )
    assert deployments(world)[0].status is DeploymentStatus.FAILED


def test_a_crash_loop_is_not_called_mended_while_one_of_its_tasks_runs() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash(at=3))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(3000)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    assert statuses(confirm_deploy(world)) == {"search-api": ServiceStatus.FAILED}
    assert deployments(world)[0].status is DeploymentStatus.FAILED


@pytest.mark.parametrize("crashes_after", [3, 25])
@pytest.mark.parametrize("seconds", [140, 161, 182, 196])
def test_crash_loop_that_nobody_watched_is_found_out_by_confirm_deploy(
    crashes_after: int, seconds: int
) -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash(at=crashes_after))
    killed(world, "runtime.redeploy")
    world.pass_time(seconds)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    deployment = confirm_deploy(world, wait=60.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.services[0].failures[0].exit_code == 1
    assert recorded(world).good is None


@pytest.mark.parametrize("crashes_after", [3, 25])
def test_next_deployment_does_not_call_a_crash_loop_that_nobody_watched_a_success(crashes_after: int) -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash(at=crashes_after))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    release_deploy(world, wait=60.0)

    last, cut_off = deployments(world)
    assert last.status is DeploymentStatus.FAILED
    assert cut_off.status is DeploymentStatus.INTERRUPTED
    assert recorded(world).good is None
    with pytest.raises(GateClosed):
        promote(world)
