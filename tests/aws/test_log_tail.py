"""Answers of CloudWatch Logs that the emulators don't give."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.logs import CloudWatchLogs
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied, Unreachable
from weco_deploy.model.log_page import LogPage
from weco_deploy.model.service import DefinedContainer

APP = DefinedContainer(
    name="app", image="app:1", log_driver="awslogs", log_group="/ecs/search", log_stream_prefix="ecs"
)


@pytest.fixture
def logs(aws: ScriptedAws) -> CloudWatchLogs:
    aws.says("GetLogEvents", json_answer(events=[{"message": "Traceback:\n  line 1\nKeyError"}]))
    return CloudWatchLogs(Login(StillClock(), Rates()).account("eu-west-1"))


def test_log_entry_of_several_lines_counts_as_several(logs: CloudWatchLogs) -> None:
    assert logs.tail(APP, "1234", 2) == ("  line 1", "KeyError")


def test_log_tail_requests_the_end_of_the_tasks_stream(aws: ScriptedAws, logs: CloudWatchLogs) -> None:
    logs.tail(APP, "1234", 20)

    (asked,) = (json.loads(body) for body in aws.bodies)
    assert asked == {
        "logGroupName": "/ecs/search",
        "logStreamName": "ecs/app/1234",
        "limit": 20,
        "startFromHead": False,
    }


def test_log_is_read_on_from_where_it_was_read(aws: ScriptedAws) -> None:
    reader = CloudWatchLogs(Login(StillClock(), Rates()).account("eu-west-1"))
    aws.says(
        "GetLogEvents",
        json_answer(events=[{"message": "one\ntwo"}], nextForwardToken="f/2"),
        json_answer(events=[], nextForwardToken="f/2"),
    )
    assert reader.read(APP, "1234", None) == LogPage(("one", "two"), "f/2", complete=False)
    assert reader.read(APP, "1234", "f/2") == LogPage((), "f/2", complete=True)
    asked = [json.loads(body) for body in aws.bodies]
    stream = {"logGroupName": "/ecs/search", "logStreamName": "ecs/app/1234", "startFromHead": True}
    assert asked == [stream, {**stream, "nextToken": "f/2"}]


def test_log_that_does_not_exist_yet_is_empty(aws: ScriptedAws) -> None:
    reader = CloudWatchLogs(Login(StillClock(), Rates()).account("eu-west-1"))
    aws.says("GetLogEvents", refusal("ResourceNotFoundException"))
    assert reader.read(APP, "1234", None) == LogPage()
    assert reader.read(replace(APP, log_driver="splunk"), "1234", None) == LogPage()


def test_denied_log_is_access_denied_and_not_empty(aws: ScriptedAws, logs: CloudWatchLogs) -> None:
    aws.says("GetLogEvents", refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied, match="logs:GetLogEvents is missing"):
        logs.tail(APP, "1234", 20)

    aws.says("GetLogEvents", Answer(200, "<html>"))
    with pytest.raises(Unreachable):
        logs.tail(APP, "1234", 20)
