"""Services that ECS deploys blue/green, linearly or as a canary: watched to the end, and failed as soon as ECS gives up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operations.runs import Told, confirm_deploy, release_deploy, rollback, states
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.rules.deployment_status import verdict
from weco_deploy.sandbox.ecs.state import Json

HOOK_STAGE = "POST_TEST_TRAFFIC_SHIFT"
CONFIGURATIONS: dict[str, Json] = {
    "BLUE_GREEN": {"bakeTimeInMinutes": 4},
    "LINEAR": {
        "bakeTimeInMinutes": 1,
        "linearConfiguration": {"stepPercent": 30.0, "stepBakeTimeInMinutes": 2},
    },
    "CANARY": {
        "bakeTimeInMinutes": 2,
        "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 4},
    },
}
OWN_MINUTES = {"BLUE_GREEN": 4, "LINEAR": 7, "CANARY": 6}


def pause(minutes: int) -> Json:
    timeout = {"timeoutInMinutes": minutes, "action": "ROLLBACK"}
    return {"targetType": "PAUSE", "lifecycleStages": [HOOK_STAGE], "timeoutConfiguration": timeout}


def function() -> Json:
    return {"hookTargetArn": "arn:aws:lambda:eu-west-1:1:function:check", "lifecycleStages": [HOOK_STAGE]}


def world_with(strategy: str, *hooks: Json, **options: Any) -> World:
    configuration = CONFIGURATIONS[strategy] | {"lifecycleHooks": list(hooks)}
    return World.of(ONE_AND_ONE, strategy=strategy, configuration=configuration, **options)


def reason(deployment: Deployment) -> str:
    (service,) = deployment.services
    assert service.status is ServiceStatus.FAILED
    return service.reason


@pytest.mark.parametrize("strategy", CONFIGURATIONS)
def test_deployment_succeeds_once_ecs_is_done_however_long_its_own_steps_take(strategy: str) -> None:
    world = world_with(strategy, desired=2)
    digest = world.push("search")
    began, told = world.now(), Told()

    deployment = release_deploy(world, told=told, wait=150.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}
    assert (world.now() - began).total_seconds() > OWN_MINUTES[strategy] * 60
    (service,) = told.plans[0].services
    assert f"ECS makes it wait up to {OWN_MINUTES[strategy]} min ({strategy})" in service.why


def test_canary_deployment_says_where_it_is() -> None:
    world, told = world_with("CANARY"), Told()
    world.push("search")

    release_deploy(world, told=told, interval=5.0)

    found = states(told)
    expected = [
        "test traffic on green",
        "10% of production traffic, next step in 4 min",
        "10% of production traffic, next step in less than a minute",
        "baking, 2 min left",
        "baking, less than a minute left",
    ]
    assert [state for state in found if state in expected] == expected


def test_paused_deployment_says_until_when_and_goes_on_once_somebody_continues_it() -> None:
    world, told = world_with("BLUE_GREEN", pause(20)), Told()
    world.push("search")
    world.at(120, lambda: world.trouble("search-api", "stage", "deployment-continued"))

    deployment = release_deploy(world, told=told, wait=90.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert any(
        state.startswith("paused by a hook until ") and state.endswith(", then rolls back")
        for state in states(told)
    )
    (service,) = told.plans[0].services
    assert service.why.endswith(
        "ECS makes it wait up to 24 min (BLUE_GREEN), besides the waiting time; "
        "lifecycle hooks pause it until somebody continues it, for up to 20 min of that"
    )


def test_paused_deployment_is_left_to_whoever_continues_it_once_the_waiting_time_is_over() -> None:
    world = world_with("BLUE_GREEN", pause(600))
    digest, began = world.push("search"), world.now()

    deployment = release_deploy(world, wait=90.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith(
        "a lifecycle hook pauses search-api, until somebody continues the deployment or rolls it back; "
    )
    assert (world.now() - began).total_seconds() < 180
    assert deployment.rollback is None
    world.trouble("search-api", "stage", "deployment-continued")
    assert confirm_deploy(world, wait=90.0).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}


def test_service_that_is_not_done_beside_a_paused_one_is_said_to_be_late() -> None:
    world = World.of(project({"search": ["search-api", "search-worker"]}), strategy="BLUE_GREEN")
    world.trouble("search-api", "stage", "pause")
    world.trouble("search-worker", "stage", "hook-hangs")
    world.push("search")

    deployment = release_deploy(world, wait=200.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith("still not done after 200 s; a lifecycle hook pauses search-api, ")


def test_hook_that_is_asked_again_and_again_is_named() -> None:
    world, told = world_with("BLUE_GREEN", function()), Told()
    world.push("search")
    world.trouble("search-api", "stage", "hook-hangs")
    world.at(120, lambda: world.trouble("search-api", "stage", "none"))

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert "waiting for the Lambda function check of a hook" in states(told)


def test_pause_that_expires_fails_the_deployment_with_the_reason_of_ecs() -> None:
    world = world_with("BLUE_GREEN", pause(3))
    world.push("search")

    deployment = release_deploy(world, wait=300.0)

    assert "hook timeout(s) detected. (nobody continued its pause before it expired)" in reason(deployment)


def test_hook_that_fails_ends_the_deployment_at_once() -> None:
    world = world_with("CANARY", function())
    world.push("search")
    world.trouble("search-api", "stage", "hook-fails")
    began = world.now()

    deployment = release_deploy(world)

    assert (
        "hook execution failure(s) detected. (the Lambda function check of a lifecycle hook failed)"
        in reason(deployment)
    )
    assert (world.now() - began).total_seconds() < 180


@pytest.mark.parametrize("seconds", [15, 100, 260])
def test_alarm_at_any_stage_fails_the_deployment_and_is_named(seconds: int) -> None:
    world = world_with("BLUE_GREEN", alarm="errors")
    world.push("search")
    world.at(seconds, lambda: world.trouble("search-api", "stage", "alarm"))

    assert "in alarm: errors" in reason(release_deploy(world))


@pytest.mark.parametrize("strategy", ["ROLLING", "LINEAR"])
def test_deployment_that_somebody_stops_fails_and_it_is_said_that_somebody_did(strategy: str) -> None:
    world = world_with("LINEAR") if strategy == "LINEAR" else World.of(ONE_AND_ONE)
    world.push("search")
    world.at(6, lambda: world.stop_deployment("search-api", "stage"))

    assert "somebody" in reason(release_deploy(world))


def test_deployment_that_somebody_refuses_at_a_pause_fails_and_it_is_said_that_somebody_did() -> None:
    world = world_with("BLUE_GREEN", pause(60))
    world.push("search")
    world.at(150, lambda: world.trouble("search-api", "stage", "deployment-refused"))

    assert "(somebody rolled it back at a pause)" in reason(release_deploy(world))


def test_image_that_crashes_fails_before_any_traffic_shifts() -> None:
    world = world_with("CANARY")
    world.push("search", crash())
    began = world.now()

    deployment = release_deploy(world)

    assert reason(deployment)
    assert (world.now() - began).total_seconds() < 300


def test_green_tasks_that_run_are_no_success_while_ecs_may_still_roll_back() -> None:
    world = world_with("BLUE_GREEN")
    world.push("search")
    world.at(200, lambda: world.stop_deployment("search-api", "stage"))

    assert reason(release_deploy(world))


def test_without_the_verdict_of_ecs_there_is_no_success() -> None:
    world, told = world_with("BLUE_GREEN"), Told()
    world.push("search")
    denied = AccessDenied("ecs:DescribeServiceDeployments is denied", "ask for it")
    world.fail("runtime.service_deployments", denied, times=10_000)

    deployment = release_deploy(world, told=told)

    assert verdict(deployment.services) is not DeploymentStatus.SUCCEEDED
    assert "waiting for ECS's own verdict on its deployment, which can't be read" in states(told)


def test_protected_old_task_is_waited_for_where_traffic_shifts() -> None:
    world = world_with("BLUE_GREEN")
    world.push("search")
    world.at(60, lambda: world.protect_tasks("search-api", "stage", 10))
    began = world.now()

    deployment = release_deploy(world, wait=900.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert (world.now() - began).total_seconds() > 10 * 60
    assert not deployment.services[0].draining


def test_waiting_time_of_confirm_deploy_is_longer_by_what_ecs_takes_too() -> None:
    world = world_with("CANARY")
    world.push("search")
    release_deploy(world, wait=0.0)

    assert confirm_deploy(world, wait=90.0).status is DeploymentStatus.SUCCEEDED


def test_rolled_back_release_shifts_traffic_again() -> None:
    world = world_with("BLUE_GREEN")
    before = world.push("search")
    release_deploy(world)
    world.push("search")
    release_deploy(world)

    assert rollback(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {before}


def test_rolling_service_is_not_waited_for_longer_than_the_waiting_time() -> None:
    world, told = World.of(ONE_AND_ONE), Told()
    world.push("search")

    release_deploy(world, told=told)

    (service,) = told.plans[0].services
    assert not service.own_wait
    assert "ECS makes it wait" not in service.why
