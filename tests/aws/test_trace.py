"""`--verbose` shows each call, but nothing of its request and answer."""

from __future__ import annotations

import re

import pytest

from tests.aws.scripted import LOST, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import DeployError
from weco_deploy.model.service import ServiceKey


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def runtime(aws: ScriptedAws, lines: list[str]) -> EcsRuntime:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    clock = StillClock()
    return EcsRuntime(Login(clock, Rates(), log_call=lines.append).account("eu-west-1"), clock)


def test_trace_line_has_duration_attempts_and_request_id(runtime: EcsRuntime, lines: list[str]) -> None:
    runtime.clusters()

    (line,) = lines
    assert re.fullmatch(r"ecs:ListClusters \d+ ms, 1 attempt, request request-1", line)


def test_trace_line_of_a_refused_call_has_the_code(
    aws: ScriptedAws, runtime: EcsRuntime, lines: list[str]
) -> None:
    aws.says("ListClusters", refusal("AccessDeniedException", "secret words"))

    with pytest.raises(DeployError):
        runtime.clusters()

    (line,) = lines
    assert line.endswith("request request-1, AccessDeniedException")


def test_trace_line_of_an_unanswered_call_has_the_error(
    aws: ScriptedAws, runtime: EcsRuntime, lines: list[str]
) -> None:
    aws.says("UpdateService", LOST)

    with pytest.raises(DeployError):
        runtime.redeploy(ServiceKey("acme", "search"))

    (line,) = lines
    assert re.fullmatch(r"ecs:UpdateService \d+ ms, 1 attempt, no answer: ConnectionClosedError", line)


def test_trace_shows_nothing_of_requests_and_answers(
    aws: ScriptedAws, runtime: EcsRuntime, lines: list[str]
) -> None:
    aws.says("ListTasks", json_answer(taskArns=["an-answered-task"]))

    runtime.tasks_listed("a-cluster-asked-for", "a-service-asked-for")

    assert lines
    for secret in ("an-answered-task", "asked-for", "made up", "testing", "Signature"):
        assert all(secret not in line for line in lines)
