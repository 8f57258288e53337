"""What tells why old tasks go on running, as AWS answers it: protection, early success, alarms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.aws.scripted import ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.ecs_answers import parse_service
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied
from weco_deploy.model.draining import TaskProtection
from weco_deploy.model.service import Service

CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/acme"
BUSY, IDLE, GONE = (f"arn:aws:ecs:eu-west-1:111122223333:task/acme/{name}" for name in "abc")
UNTIL = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)


SERVICE: dict[str, object] = {"clusterArn": CLUSTER, "serviceName": "search", "serviceArn": "a"}


def runtime() -> EcsRuntime:
    return EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def described(aws: ScriptedAws, **configuration: object) -> Service:
    aws.says("DescribeServices", json_answer(services=[SERVICE | {"deploymentConfiguration": configuration}]))
    (found,) = runtime().describe(CLUSTER, ["search"])
    return found


def test_tasks_that_are_protected_are_told_with_the_end_of_their_protection(aws: ScriptedAws) -> None:
    protected = {"taskArn": BUSY, "protectionEnabled": True, "expirationDate": UNTIL.timestamp()}
    idle = {"taskArn": IDLE, "protectionEnabled": False}
    missing = {"arn": GONE, "reason": "MISSING"}
    aws.says("GetTaskProtection", json_answer(protectedTasks=[protected, idle], failures=[missing]))

    assert runtime().protections(CLUSTER, [BUSY, IDLE, GONE]) == (TaskProtection(BUSY, UNTIL),)


def test_protections_of_no_tasks_cost_no_call(aws: ScriptedAws) -> None:
    assert runtime().protections(CLUSTER, []) == ()
    assert aws.calls == []


def test_denied_read_of_protections_names_its_permission(aws: ScriptedAws) -> None:
    aws.says("GetTaskProtection", refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied, match="ecs:GetTaskProtection"):
        runtime().protections(CLUSTER, [BUSY])


@pytest.mark.parametrize(
    ("enabled", "cleanup", "later"),
    [(True, "DEFERRED", True), (True, "BLOCKING", False), (False, "DEFERRED", False)],
)
def test_early_success_may_remove_old_tasks_later(enabled: bool, cleanup: str, later: bool) -> None:
    """Parsed from an answer itself, because the oldest botocore that we support drops these criteria."""
    criteria = {"enable": enabled, "healthyPercent": 50, "sourceServiceRevisionCleanup": cleanup}
    answer = SERVICE | {"deploymentConfiguration": {"earlySuccessCriteria": criteria}}
    assert parse_service(answer).removes_old_tasks_later is later  # type: ignore[arg-type]  # a plain dict


def test_alarms_count_only_if_they_are_enabled(aws: ScriptedAws) -> None:
    alarms = {"alarmNames": ["search-5xx"], "rollback": True}
    assert described(aws, alarms=alarms | {"enable": True}).alarms == ("search-5xx",)
    assert described(aws, alarms=alarms | {"enable": False}).alarms == ()
