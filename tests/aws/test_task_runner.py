"""What is asked of RunTask, and its answers that the emulators don't give."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.aws.scripted import LOST, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.task_runner import EcsTaskRunner
from weco_deploy.errors import AccessDenied, AwsError, Unreachable
from weco_deploy.model.launch import CapacityProvider, Launch, NewTask

ARN = "arn:aws:ecs:eu-west-1:111122223333:task/shop/0a1b"
DEFINITION = "arn:aws:ecs:eu-west-1:111122223333:task-definition/migrate:7"
TASK = {"taskArn": ARN, "lastStatus": "PROVISIONING", "startedBy": "token"}
NEW = NewTask(
    definition=DEFINITION,
    container="app",
    command=("migrate", "--all"),
    launch=Launch(cluster="shop"),
    token="token",
)


@pytest.fixture
def runner(aws: ScriptedAws) -> EcsTaskRunner:
    aws.says("RunTask", json_answer(tasks=[TASK], failures=[]))
    return EcsTaskRunner(Login(StillClock(), Rates()).account("eu-west-1"))


def asked(aws: ScriptedAws) -> dict[str, object]:
    found: dict[str, object] = json.loads(aws.bodies[-1])
    return found


def test_task_is_asked_for_with_its_token_and_command(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    assert runner.run(NEW).arn == ARN
    assert asked(aws) == {
        "cluster": "shop",
        "taskDefinition": DEFINITION,
        "count": 1,
        "startedBy": "token",
        "clientToken": "token",
        "overrides": {"containerOverrides": [{"name": "app", "command": ["migrate", "--all"]}]},
    }


def test_task_without_a_command_overrides_nothing(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    runner.run(replace(NEW, command=None))
    assert "overrides" not in asked(aws)


def test_task_gets_network_and_launch_settings(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    launch = Launch(
        cluster="shop",
        launch_type="FARGATE",
        platform_version="1.4.0",
        subnets=("subnet-1",),
        security_groups=("sg-1",),
        assign_public_ip=True,
    )
    runner.run(replace(NEW, launch=launch))
    found = asked(aws)
    assert (found["launchType"], found["platformVersion"]) == ("FARGATE", "1.4.0")
    assert found["networkConfiguration"] == {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "ENABLED",
        }
    }


def test_capacity_providers_take_the_place_of_the_launch_type(
    aws: ScriptedAws, runner: EcsTaskRunner
) -> None:
    providers = (CapacityProvider("FARGATE_SPOT", 3), CapacityProvider("FARGATE", 1, 2))
    runner.run(replace(NEW, launch=Launch(cluster="shop", capacity_providers=providers, launch_type="EC2")))
    found = asked(aws)
    assert "launchType" not in found
    assert found["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
        {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
    ]


def test_failure_to_place_the_task_is_an_error_with_ecs_s_reason(
    aws: ScriptedAws, runner: EcsTaskRunner
) -> None:
    failures = [
        {"arn": "i-1", "reason": "RESOURCE:MEMORY"},
        {"arn": "i-2", "reason": "RESOURCE:MEMORY"},
        {"reason": "Capacity is unavailable at this time", "detail": "try another zone"},
    ]
    aws.says("RunTask", json_answer(tasks=[], failures=failures))
    with pytest.raises(AwsError) as caught:
        runner.run(NEW)
    assert caught.value.message == (
        "ecs:RunTask: ECS can't run the task: RESOURCE:MEMORY; Capacity is unavailable at this time: try another zone"
    )


def test_answer_without_task_and_failure_may_have_run_it(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("RunTask", json_answer(tasks=[], failures=[]))
    with pytest.raises(Unreachable):
        runner.run(NEW)


def test_lost_answer_is_asked_for_again_with_the_same_token(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("RunTask", LOST, json_answer(tasks=[TASK], failures=[]))
    assert runner.run(NEW).arn == ARN
    first, second = aws.bodies
    assert first == second


def test_token_that_ran_another_request_answers_with_its_task(
    aws: ScriptedAws, runner: EcsTaskRunner
) -> None:
    conflict = {"__type": "com.amazonaws.ecs#ConflictException", "message": "in use", "resourceIds": [ARN]}
    aws.says("RunTask", json_answer(400, **conflict))
    aws.says("DescribeTasks", json_answer(tasks=[TASK], failures=[]))
    assert runner.run(NEW).arn == ARN

    aws.says("DescribeTasks", json_answer(tasks=[], failures=[{"arn": ARN, "reason": "MISSING"}]))
    with pytest.raises(AwsError, match="ConflictException"):
        runner.run(NEW)


def test_denied_task_names_the_permission(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    said = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: iam:PassRole on resource: role/task"
    aws.says("RunTask", refusal("AccessDeniedException", said))
    with pytest.raises(AccessDenied, match="iam:PassRole"):
        runner.run(NEW)


def test_task_that_is_gone_is_none(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("DescribeTasks", json_answer(tasks=[], failures=[{"arn": ARN, "reason": "MISSING"}]))
    assert runner.task("shop", ARN) is None
    aws.says("DescribeTasks", refusal("ClusterNotFoundException"))
    assert runner.task("shop", ARN) is None
    aws.says("DescribeTasks", refusal("InvalidParameterException"))
    with pytest.raises(AwsError):
        runner.task("shop", ARN)


def test_task_of_a_token_is_found_among_running_and_stopped_tasks(
    aws: ScriptedAws, runner: EcsTaskRunner
) -> None:
    other = {**TASK, "taskArn": f"{ARN}2", "startedBy": "somebody"}
    aws.says("ListTasks", json_answer(taskArns=[f"{ARN}2"]), json_answer(taskArns=[ARN]))
    aws.says("DescribeTasks", json_answer(tasks=[other], failures=[]), json_answer(tasks=[TASK], failures=[]))
    found = runner.begun("shop", "migrate", "token")
    assert found is not None
    assert found.arn == ARN
    listed = [json.loads(body) for body in aws.bodies if "desiredStatus" in body]
    assert [request["desiredStatus"] for request in listed] == ["RUNNING", "STOPPED"]
    assert {request["family"] for request in listed} == {"migrate"}


def test_task_of_an_unknown_token_is_none(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("ListTasks", json_answer(taskArns=[]))
    assert runner.begun("shop", "migrate", "token") is None
    assert "DescribeTasks" not in aws.calls


def test_definition_that_does_not_exist_is_none(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("DescribeTaskDefinition", refusal("ClientException", "Unable to describe task definition."))
    assert runner.definition("migrate") is None
    aws.says("DescribeTaskDefinition", refusal("ServerException", status=500))
    with pytest.raises(Unreachable):
        runner.definition("migrate")


def test_definition_tells_its_containers_and_network(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    containers = [{"name": "app", "image": "shop:1"}, {"name": "proxy", "image": "p", "essential": False}]
    definition = {
        "taskDefinitionArn": DEFINITION,
        "family": "migrate",
        "networkMode": "awsvpc",
        "taskRoleArn": "arn:aws:iam::111122223333:role/task",
        "containerDefinitions": containers,
    }
    aws.says("DescribeTaskDefinition", json_answer(taskDefinition=definition))
    found = runner.definition("migrate")
    assert found is not None
    assert (found.arn, found.family, found.own_network) == (DEFINITION, "migrate", True)
    assert found.roles == ("arn:aws:iam::111122223333:role/task",)
    assert [(container.name, container.essential) for container in found.containers] == [
        ("app", True),
        ("proxy", False),
    ]


def test_task_is_stopped_with_a_reason(aws: ScriptedAws, runner: EcsTaskRunner) -> None:
    aws.says("StopTask", json_answer(task=TASK))
    runner.stop("shop", ARN, "it took too long")
    assert asked(aws) == {"cluster": "shop", "task": ARN, "reason": "it took too long"}
