"""Services that CodeDeploy deploys: deployed by their deployment group, watched by its words, and rolled back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.operations.runs import Told, confirm_deploy, release_deploy, rollback, states
from tests.world import Killed, World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied, PlanRefused, Unreachable
from weco_deploy.model.code_deploy import DeploymentGroup
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.rules.deployment_status import verdict
from weco_deploy.sandbox.ecs.state import Json

PROJECT = replace(ONE_AND_ONE, code_deploy={"search-api": DeploymentGroup("shop-{environment}", "{service}")})
AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"


def waits(minutes: int) -> Json:
    return {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": minutes,
        }
    }


def shop(configuration: str = AT_ONCE, minutes: int = 0, **more: Any) -> World:
    """A service in each environment that CodeDeploy deploys, up and running."""
    world = World.of(PROJECT, controller="CODE_DEPLOY", balanced=True, desired=2)
    for environment in PROJECT.environments:
        service = world.declared("search-api", environment.id)
        world.ecs.deployment_group(
            service, f"shop-{environment.id}", "search-api", configuration, waits(minutes), **more
        )
    return world


def reason(deployment: Deployment) -> str:
    (service,) = deployment.services
    assert service.status is ServiceStatus.FAILED
    return service.reason


@pytest.mark.parametrize("configuration", [AT_ONCE, CANARY])
def test_release_is_deployed_by_the_deployment_group_and_watched_to_the_end(configuration: str) -> None:
    world, told = shop(configuration, minutes=2), Told()
    digest = world.push("search")

    deployment = release_deploy(world, told=told, wait=150.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    (service,) = deployment.services
    assert str(service.ecs_deployment_id).startswith("d-")
    assert world.running("search-api", "stage") == {digest}
    assert world.count("runtime.redeploy") == 0
    minutes = 2 if configuration == AT_ONCE else 7
    (planned,) = told.plans[0].services
    assert f"CodeDeploy makes it wait up to {minutes} min (shop-stage/search-api)" in planned.why


def test_deployment_says_where_it_is() -> None:
    world, told = shop(CANARY, minutes=2), Told()
    world.push("search")

    release_deploy(world, told=told, interval=3.0)

    expected = [
        "preparing green",
        "test traffic on green",
        "10% of production traffic",
        "100% of production traffic",
        "100% of production traffic, old tasks stop within 2 min",
        "100% of production traffic, old tasks stop within 1 min",
    ]
    assert [state for state in states(told) if state in expected] == expected


def test_service_that_runs_the_release_is_left_alone() -> None:
    world = shop()
    world.push("search")
    release_deploy(world)

    (service,) = release_deploy(world).services

    assert service.status is ServiceStatus.UNCHANGED
    assert world.count("code_deploy.create") == 1


def test_image_that_crashes_fails_long_before_code_deploy_gives_up() -> None:
    world = shop()
    world.push("search", crash())
    began = world.now()

    assert "exit" in reason(release_deploy(world))
    assert (world.now() - began).total_seconds() < 600


def test_deployment_that_somebody_stops_fails_with_the_reason_of_code_deploy() -> None:
    world = shop(minutes=10)
    world.push("search")
    world.at(100, lambda: world.ecs.stop_code_deploy(world.declared("search-api", "stage")))

    assert "CodeDeploy rolls it back: MANUAL_STOP" in reason(release_deploy(world))


def test_alarm_fails_the_deployment_and_is_named() -> None:
    alarms = {"enabled": True, "alarms": [{"name": "errors"}]}
    world = shop(minutes=10, alarmConfiguration=alarms)
    world.push("search")
    world.at(100, lambda: world.trouble("search-api", "stage", "alarm"))

    found = reason(release_deploy(world))

    assert "ALARM_ACTIVE" in found
    assert "errors" in found


def test_failed_release_is_rolled_back_by_stopping_its_deployment_and_deploying_the_old_images() -> None:
    world = shop()
    before = world.push("search")
    release_deploy(world)
    world.push("search", crash())

    failed = release_deploy(world, rollback_on_failure=True)

    assert failed.status is DeploymentStatus.ROLLED_BACK
    assert world.running("search-api", "stage") == {before}
    assert world.count("code_deploy.stop") == 1


def test_rollback_after_success_is_a_new_deployment() -> None:
    world = shop()
    before = world.push("search")
    release_deploy(world)
    world.push("search")
    release_deploy(world)

    assert rollback(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {before}
    assert world.count("code_deploy.stop") == 0


def test_lost_answer_to_create_deployment_is_made_up_for_by_its_description() -> None:
    world = shop()
    digest = world.push("search")
    world.lose_answer("code_deploy.create", Unreachable("codedeploy:CreateDeployment", "no answer"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}
    assert world.count("code_deploy.create") == 1


def test_request_that_did_not_arrive_is_sent_again() -> None:
    world = shop()
    world.push("search")
    world.fail("code_deploy.create", Unreachable("codedeploy:CreateDeployment", "no answer"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_deployment_of_somebody_else_is_left_alone() -> None:
    world = shop(minutes=30)
    world.push("search")
    theirs = world.ecs.code_deploy(world.declared("search-api", "stage"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert f"busy with {theirs}, which weco-deploy did not make" in deployment.reason
    assert not any(image.tag_moved for image in deployment.images.values())
    assert world.count("code_deploy.stop") == 0


def test_without_code_deploys_verdict_there_is_no_success() -> None:
    world, told = shop(), Told()
    world.push("search")
    denied = AccessDenied("codedeploy:GetDeployment is denied", "ask for it")
    world.fail("code_deploy.deployment", denied, times=10_000)

    deployment = release_deploy(world, told=told)

    assert verdict(deployment.services) is not DeploymentStatus.SUCCEEDED
    assert "waiting for CodeDeploy's own verdict on its deployment, which can't be read" in states(told)


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("code_deploy.settings", False),
        ("code_deploy.create", False),
        ("code_deploy.create", True),
        ("code_deploy.deployment", False),
        ("code_deploy.deployment", True),
    ],
)
def test_kill_at_any_call_converges_when_it_is_run_again(call: str, after: bool) -> None:
    world = shop(minutes=2)
    digest = world.push("search")
    (world.cut_after if after else world.cut_before)(1, call)
    with pytest.raises(Killed):
        release_deploy(world)

    deployment = release_deploy(world, wait_for_lock=600.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", ["code_deploy.active", "code_deploy.stop"])
def test_kill_while_a_deployment_is_stopped_converges(call: str, after: bool) -> None:
    world = shop()
    world.push("search")
    release_deploy(world)
    world.push("search", crash())
    release_deploy(world)
    digest = world.push("search")
    (world.cut_after if after else world.cut_before)(1, call)
    with pytest.raises(Killed):
        release_deploy(world)

    deployment = release_deploy(world, wait_for_lock=600.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {digest}


def test_confirm_deploy_watches_a_deployment_by_code_deploy() -> None:
    world = shop(minutes=2)
    world.push("search")
    release_deploy(world, wait=0.0)

    assert confirm_deploy(world, wait=150.0).status is DeploymentStatus.SUCCEEDED


def test_group_that_cannot_be_used_is_refused() -> None:
    missing = World.of(PROJECT, controller="CODE_DEPLOY", balanced=True)
    missing.push("search")
    with pytest.raises(PlanRefused, match="ApplicationDoesNotExistException"):
        release_deploy(missing)

    other = World.of(PROJECT, balanced=True)
    other.push("search")
    with pytest.raises(
        PlanRefused, match="has code_deploy in the project file, but is deployed by the ECS controller"
    ):
        release_deploy(other)
