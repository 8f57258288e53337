"""Whose count of failed tasks decides about a service: ECS's circuit breaker's, or ours."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, release_deploy, statuses
from tests.world import Behaviour, World, crash, slow
from tests.world.behaviour import START
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, AwsError
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Notice, ServiceSettled

VERDICTS = "runtime.service_deployments"


def flaky(starts: int) -> Behaviour:
    """The first starts of a deployment exit at once, the later ones run."""
    return Behaviour(start=START, failing_starts=starts)


@pytest.mark.parametrize("interval", [1.0, 2.0, 10.0])
def test_service_whose_first_tasks_exit_at_start_succeeds_without_a_circuit_breaker(interval: float) -> None:
    world = World.of(ONE_AND_ONE, breaker=False, desired=6)
    new = world.push("search", flaky(3))

    deployment = release_deploy(world, interval=interval, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    assert "although 3 of its tasks stopped" in deployment.services[0].reason


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("crashes_after", [0.5, 1])
def test_crash_loop_fails_with_and_without_a_circuit_breaker(breaker: bool, crashes_after: float) -> None:
    world = World.of(ONE_AND_ONE, breaker=breaker, desired=2)
    world.push("search", crash(at=crashes_after))

    deployment = release_deploy(world, interval=2.0)

    assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}
    assert "so ECS keeps retrying" in deployment.services[0].reason
    assert deployment.services[0].failures[0].exit_code == 1


def test_circuit_breaker_with_a_higher_threshold_decides_about_failed_starts() -> None:
    world = World.of(ONE_AND_ONE, breaker_threshold=10)
    new = world.push("search", flaky(6))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_circuit_breaker_with_a_lower_threshold_decides_about_failed_starts() -> None:
    world = World.of(ONE_AND_ONE, breaker_threshold=1)
    world.push("search", crash())

    (service,) = release_deploy(world, interval=1.0).services
    assert service.status is ServiceStatus.FAILED
    assert len(world.declared("search-api", "stage").stopped) == 1


def test_failed_health_checks_are_left_to_the_circuit_breaker() -> None:
    """The first three tasks fail their health checks, and ECS goes on to complete the rollout."""
    world = World.of(ONE_AND_ONE, breaker_threshold=10, health_check=True, desired=3)
    new = world.push("search", Behaviour(start=START, healthy=False))
    world.at(100, lambda: world.mend("search"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED, deployment.services[0].reason
    assert world.running("search-api", "stage") == {new}


def test_unhealthy_image_fails_when_the_circuit_breaker_says_so() -> None:
    world = World.of(ONE_AND_ONE, health_check=True)
    world.push("search", Behaviour(start=START, healthy=False))

    (service,) = release_deploy(world).services
    assert service.status is ServiceStatus.FAILED
    assert "circuit breaker" in service.reason


def test_failure_by_our_count_is_looked_at_again_at_the_end() -> None:
    world = World.of(project({"search": ["search-api"], "items": ["items-api"]}), breaker=False)
    new = world.push("search", crash())
    world.push("items", slow(300))
    told = Told()
    world.at(100, lambda: world.mend("search"))

    deployment = release_deploy(world, told=told, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    settled = [event.outcome for event in told.events if isinstance(event, ServiceSettled)]
    assert [outcome.status for outcome in settled if outcome.service_id == "search-api"] == [
        ServiceStatus.FAILED,
        ServiceStatus.SUCCEEDED,
    ]


# Reading ECS's own verdict


def test_verdict_that_may_not_be_read_is_asked_for_once_and_the_service_judged_without_it() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.fail(VERDICTS, AccessDenied("ecs:DescribeServiceDeployments", "you may not"), times=1000)
    told = Told()

    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED

    assert world.count(VERDICTS) == 1
    (notice,) = (event for event in told.events if isinstance(event, Notice))
    assert "ECS's own verdict on its deployments can't be read" in notice.message


def test_verdict_that_an_emulator_does_not_know_is_asked_for_once() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    world.fail(VERDICTS, AwsError("ecs:DescribeServiceDeployments", "UnknownOperationException"), times=1000)

    assert release_deploy(world).status is DeploymentStatus.FAILED
    assert world.count(VERDICTS) == 1


def test_rollback_by_an_alarm_is_a_failure_that_names_the_alarm() -> None:
    world = World.of(ONE_AND_ONE, alarm="search-5xx")
    world.push("search")
    world.at(30, lambda: world.stop_task("search-api", "stage", "alarm"))

    (service,) = release_deploy(world).services
    assert service.status is ServiceStatus.FAILED
    assert "search-5xx" in service.reason
