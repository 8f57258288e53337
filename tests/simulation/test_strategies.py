"""BLUE_GREEN, LINEAR and CANARY: stages, traffic weights, lifecycle hooks, failures and rollbacks.

Sources: the service model (`ServiceDeployment`, `DeploymentLifecycleHook`, `ContinueServiceDeployment`), the guides on
these strategies and on lifecycle hooks.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import CRASH, GOOD, SERVICE, Cloud, Json, breaker, states

LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:check"
ROLE = "arn:aws:iam::111122223333:role/hooks"
BLUE_GREEN: Json = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
CANARY: Json = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 2,
    "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 9},
}
LINEAR: Json = {
    "strategy": "LINEAR",
    "bakeTimeInMinutes": 1,
    "linearConfiguration": {"stepPercent": 33.3, "stepBakeTimeInMinutes": 3},
}
STAGES = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]


def pause(*stages: str, minutes: int = 10, action: str = "ROLLBACK") -> Json:
    timeout = {"timeoutInMinutes": minutes, "action": action}
    return {"targetType": "PAUSE", "lifecycleStages": list(stages), "timeoutConfiguration": timeout}


def function(*stages: str, minutes: int = 60) -> Json:
    timeout = {"timeoutInMinutes": minutes, "action": "ROLLBACK"}
    return {
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": LAMBDA,
        "roleArn": ROLE,
        "lifecycleStages": list(stages),
        "timeoutConfiguration": timeout,
    }


def service(configuration: Json, *hooks: Json, **request: Any) -> tuple[Cloud, str]:
    """A service that has come to rest, whose next deployment has these hooks; and the digest that it runs."""
    cloud = Cloud()
    digest = cloud.service(deploymentConfiguration=configuration, **request)
    cloud.update(deploymentConfiguration={"lifecycleHooks": list(hooks)})
    return cloud, digest


def weights(cloud: Cloud) -> tuple[float, float]:
    """The weights of the new revision: of test traffic, and of production traffic."""
    target = cloud.service_deployment()["targetServiceRevision"]
    return target["requestedTestTrafficWeight"], target["requestedProductionTrafficWeight"]


def until_stage(cloud: Cloud, stage: str) -> None:
    cloud.pass_until(lambda: cloud.service_deployment().get("lifecycleStage") == stage)


def until_status(cloud: Cloud, status: str) -> None:
    cloud.pass_until(lambda: cloud.service_deployment()["status"] == status)


def hook(cloud: Cloud) -> Json:
    """The hook that the current deployment came to last."""
    found: Json = cloud.service_deployment()["lifecycleHookDetails"][-1]
    return found


def changes(cloud: Cloud) -> list[tuple[str, float, float]]:
    """The stages and weights of the current deployment, each time one of them changes, until it has ended."""
    seen: list[tuple[str, float, float]] = []

    def ended() -> bool:
        found = cloud.service_deployment()
        now = (found.get("lifecycleStage", ""), *weights(cloud))
        if not seen or seen[-1] != now:
            seen.append(now)
        return found["status"] not in {"PENDING", "IN_PROGRESS"}

    cloud.pass_until(ended, within=24 * 3600)
    return seen


def test_blue_green_deployment_goes_through_its_stages_and_shifts_all_traffic_at_once() -> None:
    cloud, before = service(BLUE_GREEN, desiredCount=2)
    digest, ours = cloud.deploy()
    found = changes(cloud)
    cloud.settle()

    weights_of = [(test, production) for _, test, production in found]
    assert list(dict.fromkeys(stage for stage, _, _ in found)) == ["", *STAGES]
    assert weights_of == [(0.0, 0.0)] * 4 + [(100.0, 0.0)] * 3 + [(100.0, 100.0)] * 4
    assert cloud.service_deployment()["status"] == "SUCCESSFUL"
    assert cloud.running() == [digest, digest]
    assert before != digest
    assert cloud.deployment(ours)["rolloutState"] == "COMPLETED"


def test_both_revisions_run_all_their_tasks_until_the_bake_time_is_over() -> None:
    cloud, before = service(BLUE_GREEN, desiredCount=2)
    digest, _ = cloud.deploy()
    until_stage(cloud, "BAKE_TIME")
    began = cloud.now
    during = sorted(cloud.running())
    (source,) = cloud.service_deployment()["sourceServiceRevisions"]
    until_stage(cloud, "CLEAN_UP")

    assert during == sorted([before, before, digest, digest])
    assert source["requestedProductionTrafficWeight"] == 0.0
    assert source["runningTaskCount"] == 2
    assert timedelta(minutes=5) <= cloud.now - began < timedelta(minutes=6)


def test_canary_deployment_shifts_a_part_first_and_the_rest_after_its_bake_time() -> None:
    cloud, _ = service(CANARY)
    cloud.deploy()
    cloud.pass_until(lambda: weights(cloud) == (100.0, 10.0))
    began = cloud.now
    (source,) = cloud.service_deployment()["sourceServiceRevisions"]
    cloud.pass_until(lambda: weights(cloud) == (100.0, 100.0))

    assert timedelta(minutes=9) <= cloud.now - began < timedelta(minutes=10)
    assert source["requestedProductionTrafficWeight"] == 90.0
    until_status(cloud, "SUCCESSFUL")


def test_linear_deployment_shifts_equal_steps_up_to_all_traffic() -> None:
    cloud, _ = service(LINEAR)
    cloud.deploy()
    shifted = [production for _, _, production in changes(cloud)]

    assert sorted(set(shifted)) == [0.0, 33.3, 66.6, 99.9, 100.0]
    assert all(earlier <= later for earlier, later in pairwise(shifted))
    assert cloud.service_deployment()["status"] == "SUCCESSFUL"


def test_pause_hook_waits_for_somebody_to_continue_the_deployment() -> None:
    cloud, before = service(BLUE_GREEN, pause("POST_TEST_TRAFFIC_SHIFT", minutes=600))
    digest, _ = cloud.deploy()
    until_stage(cloud, "POST_TEST_TRAFFIC_SHIFT")
    paused = hook(cloud)
    cloud.pass_time(3600)
    waiting = (cloud.service_deployment()["lifecycleStage"], weights(cloud))
    arn = cloud.look()["currentServiceDeployment"]
    cloud.ecs.continue_service_deployment(
        serviceDeploymentArn=arn, hookId=paused["hookId"], action="CONTINUE"
    )
    until_status(cloud, "SUCCESSFUL")

    assert (paused["targetType"], paused["status"], paused["timeoutAction"]) == (
        "PAUSE",
        "AWAITING_ACTION",
        "ROLLBACK",
    )
    assert "targetArn" not in paused
    assert waiting == ("POST_TEST_TRAFFIC_SHIFT", (100.0, 0.0))
    assert hook(cloud)["status"] == "SUCCEEDED"
    assert cloud.running() == [digest] != [before]


@pytest.mark.parametrize("stage", ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"])
def test_paused_deployment_that_is_refused_is_rolled_back_without_new_tasks(stage: str) -> None:
    cloud, before = service(BLUE_GREEN, pause(stage))
    (kept,) = cloud.tasks()
    cloud.deploy()
    cloud.pass_until(lambda: bool(cloud.service_deployment().get("lifecycleHookDetails")))
    arn = cloud.look()["currentServiceDeployment"]
    cloud.ecs.continue_service_deployment(
        serviceDeploymentArn=arn, hookId=hook(cloud)["hookId"], action="ROLLBACK"
    )
    until_status(cloud, "ROLLBACK_SUCCESSFUL")

    assert cloud.running() == [before]
    assert [task["taskArn"] for task in cloud.tasks()] == [kept["taskArn"]]
    assert weights(cloud) == (0.0, 0.0)
    assert "a user rolled it back at a paused lifecycle hook" in cloud.service_deployment()["statusReason"]


@pytest.mark.parametrize(
    ("action", "status"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")]
)
def test_pause_that_expires_takes_its_timeout_action(action: str, status: str) -> None:
    cloud, _ = service(BLUE_GREEN, pause("POST_SCALE_UP", minutes=15, action=action))
    cloud.deploy()
    until_stage(cloud, "POST_SCALE_UP")
    began, expires = cloud.now, hook(cloud)["expiresAt"]
    cloud.pass_until(lambda: hook(cloud)["status"] == "TIMED_OUT")

    assert cloud.now == expires == began + timedelta(minutes=15)
    until_status(cloud, status)
    if action == "ROLLBACK":
        assert cloud.service_deployment()["statusReason"].endswith("because a lifecycle hook timed out.")


def test_hook_before_production_traffic_runs_before_each_step() -> None:
    cloud, _ = service(
        CANARY, function("PRE_PRODUCTION_TRAFFIC_SHIFT"), function("POST_PRODUCTION_TRAFFIC_SHIFT")
    )
    cloud.deploy()
    until_status(cloud, "SUCCESSFUL")

    runs = cloud.service_deployment()["lifecycleHookDetails"]
    assert [run["status"] for run in runs] == ["SUCCEEDED"] * 3
    assert {run["targetArn"] for run in runs} == {LAMBDA}
    assert len({run["hookId"] for run in runs}) == 3


def test_hook_whose_function_fails_rolls_back_in_the_words_of_ecs() -> None:
    cloud, before = service(BLUE_GREEN, function("POST_PRODUCTION_TRAFFIC_SHIFT"))
    cloud.trouble("hook-fails")
    _, ours = cloud.deploy()
    until_status(cloud, "ROLLBACK_SUCCESSFUL")

    assert cloud.running() == [before]
    assert hook(cloud)["status"] == "FAILED"
    assert f"(deployment {ours}) deployment failed: hook execution failure(s) detected." in cloud.events()
    assert "rollback" in cloud.service_deployment()


def test_function_that_answers_in_progress_is_asked_again() -> None:
    cloud, _ = service(BLUE_GREEN, function("PRE_SCALE_UP"))
    cloud.trouble("hook-hangs")
    cloud.deploy()
    cloud.pass_time(600)
    waiting = (cloud.service_deployment()["lifecycleStage"], hook(cloud)["status"], len(cloud.tasks()))
    cloud.trouble("none")
    until_status(cloud, "SUCCESSFUL")

    assert waiting == ("PRE_SCALE_UP", "IN_PROGRESS", 1)


@pytest.mark.parametrize("stage", ["SCALE_UP", "BAKE_TIME"])
def test_alarm_rolls_back_until_the_bake_time_is_over(stage: str) -> None:
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    cloud, before = service(BLUE_GREEN | {"alarms": alarms})
    cloud.deploy()
    until_stage(cloud, stage)
    cloud.trouble("alarm")
    until_status(cloud, "ROLLBACK_SUCCESSFUL")

    assert cloud.running() == [before]
    assert cloud.service_deployment()["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }


def test_circuit_breaker_rolls_back_before_any_traffic_has_shifted() -> None:
    cloud, before = service(BLUE_GREEN | breaker(), desiredCount=2)
    cloud.deploy(CRASH)
    until_status(cloud, "ROLLBACK_SUCCESSFUL")
    cloud.settle()

    assert cloud.service_deployment()["lifecycleStage"] == "SCALE_UP"
    assert cloud.running() == [before, before]
    assert cloud.service_deployment()["deploymentCircuitBreaker"]["status"] == "TRIGGERED"


@pytest.mark.parametrize("stage", ["SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"])
def test_deployment_that_somebody_stops_is_rolled_back_at_any_stage(stage: str) -> None:
    cloud, before = service(CANARY)
    cloud.deploy()
    until_stage(cloud, stage)
    arn = cloud.look()["currentServiceDeployment"]
    cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    requested = cloud.service_deployment()["status"]
    until_status(cloud, "ROLLBACK_SUCCESSFUL")
    cloud.settle()

    assert requested == "ROLLBACK_REQUESTED"
    assert cloud.running() == [before]
    assert weights(cloud) == (0.0, 0.0)
    assert cloud.service_deployment()["statusReason"].endswith("because it was stopped by a user.")


def test_deployment_that_is_aborted_stops_where_it_is() -> None:
    cloud, before = service(BLUE_GREEN)
    digest, _ = cloud.deploy()
    until_stage(cloud, "BAKE_TIME")
    arn = cloud.look()["currentServiceDeployment"]
    cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    until_status(cloud, "STOPPED")

    assert weights(cloud) == (100.0, 100.0)
    assert states(cloud.look())[0] == ("PRIMARY", "FAILED")
    assert sorted({before, digest}) == sorted(cloud.running())


def test_later_deployment_reconciles_first_and_replaces_the_one_before() -> None:
    cloud, before = service(BLUE_GREEN, pause("POST_TEST_TRAFFIC_SHIFT", minutes=600))
    first, _ = cloud.deploy()
    until_stage(cloud, "POST_TEST_TRAFFIC_SHIFT")
    earlier = cloud.look()["currentServiceDeployment"]
    both = sorted(cloud.running())
    cloud.update(deploymentConfiguration={"lifecycleHooks": []})
    second, _ = cloud.deploy()
    found = [stage for stage, _, _ in changes(cloud)]
    cloud.settle()

    assert both == sorted([before, first])
    assert found[1] == "RECONCILE_SERVICE"
    assert cloud.running() == [second]
    assert cloud.service_deployment(earlier)["status"] == "STOPPED"


def test_hook_that_was_answered_or_does_not_exist_can_not_be_continued() -> None:
    cloud, _ = service(BLUE_GREEN, pause("PRE_SCALE_UP"))
    cloud.deploy()
    until_stage(cloud, "PRE_SCALE_UP")
    named = {"serviceDeploymentArn": cloud.look()["currentServiceDeployment"]}
    cloud.ecs.continue_service_deployment(**named, hookId=hook(cloud)["hookId"])

    with pytest.raises(ClientError, match="its status is SUCCEEDED"):
        cloud.ecs.continue_service_deployment(**named, hookId=hook(cloud)["hookId"])
    with pytest.raises(ClientError, match="was not found"):
        cloud.ecs.continue_service_deployment(**named, hookId="other")


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        (pause("PRODUCTION_TRAFFIC_SHIFT"), "not supported at PRODUCTION_TRAFFIC_SHIFT"),
        (pause(), "needs lifecycleStages"),
        ({"lifecycleStages": ["PRE_SCALE_UP"]}, "hookTargetArn is required"),
    ],
)
def test_hook_that_ecs_does_not_allow_is_refused(configured: Json, message: str) -> None:
    cloud, _ = service(BLUE_GREEN)

    with pytest.raises(ClientError, match=message):
        cloud.update(deploymentConfiguration={"lifecycleHooks": [configured]})
    assert cloud.look()["deploymentConfiguration"]["lifecycleHooks"] == []


def test_rolling_deployment_has_no_stages() -> None:
    cloud = Cloud()
    cloud.service(GOOD)
    cloud.deploy()
    found = cloud.service_deployment()

    assert not {"lifecycleStage", "lifecycleHookDetails"} & set(found)
    assert "requestedProductionTrafficWeight" not in found["targetServiceRevision"]
    assert cloud.look()["serviceName"] == SERVICE
