"""What the simulated ECS answers about what is not there, or can't be."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import ACCOUNT, CLUSTER, IMAGE, REGION, SERVICE, Cloud

ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud.service()
    return cloud


@pytest.mark.parametrize(
    ("method", "request_", "message"),
    [
        ("describe_task_definition", {"taskDefinition": "other"}, "Unable to describe task definition"),
        ("run_task", {"cluster": CLUSTER, "taskDefinition": "other"}, "TaskDefinition not found"),
        ("run_task", {"cluster": CLUSTER, "taskDefinition": SERVICE, "count": 11}, "count must be between 1"),
        ("stop_task", {"cluster": CLUSTER, "task": "0" * 32}, "referenced task was not found"),
        ("register_task_definition", {"family": "new", "containerDefinitions": []}, "cannot be empty"),
        (
            "register_task_definition",
            {"family": "new", "containerDefinitions": [{"image": IMAGE}]},
            "should not be null",
        ),
    ],
)
def test_request_that_names_what_is_missing_is_refused(
    cloud: Cloud, method: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        getattr(cloud.ecs, method)(**request_)


@pytest.mark.parametrize(
    "path", [f"{CLUSTER}/{SERVICE}/none", f"{CLUSTER}/other/none", "other/web/none", "none"]
)
def test_missing_service_deployments_and_revisions_are_failures_of_the_answer(
    cloud: Cloud, path: str
) -> None:
    deployment, revision = f"{ARN}:service-deployment/{path}", f"{ARN}:service-revision/{path}"

    deployments = cloud.ecs.describe_service_deployments(serviceDeploymentArns=[deployment])
    revisions = cloud.ecs.describe_service_revisions(serviceRevisionArns=[revision])

    assert deployments["serviceDeployments"] == revisions["serviceRevisions"] == []
    assert [failure["arn"] for failure in deployments["failures"]] == [deployment]
    assert [failure["arn"] for failure in revisions["failures"]] == [revision]


def test_log_groups_and_streams_are_made_once_and_keep_their_events(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    stream = {"logGroupName": "/ecs/other", "logStreamName": "app"}
    at = round(cloud.now.timestamp() * 1000)
    logs.create_log_group(logGroupName="/ecs/other")
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": "started"}])

    assert [event["message"] for event in logs.get_log_events(**stream)["events"]] == ["started"]
    assert logs.get_log_events(**stream)["nextForwardToken"] == "f/1"
    logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": "goes on"}])
    later = logs.get_log_events(**stream, nextToken="f/1", startFromHead=True)
    assert [event["message"] for event in later["events"]] == ["goes on"]
    assert logs.get_log_events(**stream, nextToken="f/2", startFromHead=True)["nextForwardToken"] == "f/2"
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName="/ecs/other")
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        logs.create_log_stream(**stream)
