"""CodeDeploy's answers become the verdicts that rules judge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from weco_deploy.aws.code_deploy_answers import parse_active, parse_deployment, parse_settings
from weco_deploy.aws.ecs_answers import parse_service
from weco_deploy.model.lifecycle import TrafficShift
from weco_deploy.model.targets import TargetGroup

SERVICE: dict[str, Any] = {
    "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
    "serviceName": "web",
    "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/shop/web",
    "deploymentController": {"type": "CODE_DEPLOY"},
    "loadBalancers": [{"targetGroupArn": "blue", "containerName": "app", "containerPort": 80}],
    "taskDefinition": "web:1",
    "taskSets": [
        {
            "id": "ecs-svc/2",
            "externalId": "d-2",
            "status": "PRIMARY",
            "taskDefinition": "web:2",
            "runningCount": 2,
            "loadBalancers": [{"targetGroupArn": "green", "containerName": "app", "containerPort": 8080}],
        },
        {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": "web:1"},
    ],
}


def targets(*events: tuple[str, str], share: float = 0.0) -> dict[str, Any]:
    return {
        "lifecycleEvents": [{"lifecycleEventName": name, "status": status} for name, status in events],
        "taskSetsInfo": [
            {"taskSetLabel": "Blue", "trafficWeight": 100.0 - share},
            {"taskSetLabel": "Green", "trafficWeight": share},
        ],
    }


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"status": "Created"}, "PENDING"),
        ({"status": "Queued"}, "PENDING"),
        ({"status": "InProgress"}, "IN_PROGRESS"),
        ({"status": "Baking"}, "IN_PROGRESS"),
        ({"status": "Ready"}, "IN_PROGRESS"),
        ({"status": "Succeeded"}, "SUCCESSFUL"),
        ({"status": "Failed"}, "FAILED"),
        ({"status": "Stopped", "rollbackInfo": {}}, "FAILED"),
        ({"status": "Stopped", "rollbackInfo": {"rollbackDeploymentId": "d-3"}}, "ROLLBACK_IN_PROGRESS"),
        ({"status": "SomethingNew"}, "PENDING"),
    ],
)
def test_status_is_said_in_the_words_of_service_deployments(info: dict[str, Any], expected: str) -> None:
    assert parse_deployment("d-2", info, {}).status == expected


def test_verdict_is_that_of_the_deployment_and_has_the_reason_of_code_deploy() -> None:
    info = {"status": "Failed", "errorInformation": {"code": "TIMEOUT", "message": "too late"}}

    found = parse_deployment("d-2", info, {})

    assert found.deploys("d-2")
    assert not found.deploys("d-3")
    assert (found.by, found.reason) == ("CodeDeploy", "TIMEOUT: too late")


def test_stage_is_the_lifecycle_event_in_progress() -> None:
    target = targets(("Install", "Succeeded"), ("AllowTraffic", "InProgress"), share=10.0)

    found = parse_deployment("d-2", {"status": "InProgress"}, target).lifecycle

    assert (found.stage, found.production) == ("AllowTraffic", 10.0)


def test_stage_after_the_last_event_is_the_wait_for_the_old_tasks() -> None:
    info = {"status": "InProgress", "instanceTerminationWaitTimeStarted": True}
    over = targets(("AfterAllowTraffic", "Succeeded"), share=100.0)

    assert parse_deployment("d-2", info, over).lifecycle.stage == "TerminationWait"
    assert parse_deployment("d-2", {"status": "Ready"}, targets()).lifecycle.stage == "Ready"
    assert parse_deployment("d-2", {"status": "InProgress"}, {}).lifecycle.stage == ""


@pytest.mark.parametrize(
    ("routing", "steps", "minutes"),
    [
        ({"type": "AllAtOnce"}, 1, 0),
        ({"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5}}, 2, 5),
        (
            {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 3}},
            4,
            3,
        ),
        ({}, 1, 0),
    ],
)
def test_settings_tell_how_long_the_group_takes(routing: dict[str, Any], steps: int, minutes: int) -> None:
    group = {
        "ecsServices": [{"clusterName": "shop", "serviceName": "web"}],
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"waitTimeInMinutes": 20},
            "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": 5},
        },
    }

    found = parse_settings(group, {"trafficRoutingConfig": routing})

    assert found.services == ("shop/web",)
    assert found.shift == TrafficShift(
        steps=steps,
        step_bake=timedelta(minutes=minutes),
        bake=timedelta(minutes=5),
        pauses=(timedelta(minutes=20),),
    )


def test_active_deployment_tells_whose_it_is() -> None:
    ours = parse_active({"deploymentId": "d-2", "description": "ours", "creator": "user"})
    back = parse_active({"deploymentId": "d-3", "creator": "codeDeployRollback"})

    assert (ours.description, ours.rolls_back) == ("ours", False)
    assert (back.description, back.rolls_back) == ("", True)


def test_task_sets_are_the_deployments_of_a_service_of_code_deploy() -> None:
    service = parse_service(SERVICE)  # type: ignore[arg-type]  # a plain dict

    assert [(found.id, found.started_by) for found in service.deployments] == [
        ("d-2", "ecs-svc/2"),
        ("ecs-svc/1", "ecs-svc/1"),
    ]
    assert service.task_definition == "web:2"
    assert service.traffic_to == TargetGroup("green", "app", 8080)
    assert service.target_groups == ()


def test_task_sets_of_an_external_controller_are_none_of_ours() -> None:
    service = parse_service(SERVICE | {"deploymentController": {"type": "EXTERNAL"}})  # type: ignore[arg-type]  # a plain dict

    assert service.deployments == ()
    assert service.task_definition == "web:1"
