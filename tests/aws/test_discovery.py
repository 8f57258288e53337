"""Finding services: pages, ARNs of both forms, refusals."""

from __future__ import annotations

import json

import pytest

from tests.aws.scripted import ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.ecs_answers import key_from_arn
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied
from weco_deploy.model.service import FoundService, ServiceKey

PREFIX = "arn:aws:ecs:eu-west-1:111122223333"
CLUSTER = f"{PREFIX}:cluster/acme"


@pytest.fixture
def runtime(aws: ScriptedAws) -> EcsRuntime:
    aws.says("ListServices", json_answer(serviceArns=[]))
    return EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def tagged(arn: str, **tags: str) -> dict[str, object]:
    return {"ResourceARN": arn, "Tags": [{"Key": f"deployment:{key}", "Value": tags[key]} for key in tags]}


@pytest.mark.parametrize(
    ("arn", "cluster", "key"),
    [
        (f"{PREFIX}:service/acme/search", "", ServiceKey(CLUSTER, "search")),
        (f"{PREFIX}:service/acme/search", CLUSTER, ServiceKey(CLUSTER, "search")),
        (f"{PREFIX}:service/search", "", None),
        (f"{PREFIX}:service/search", "acme", ServiceKey(CLUSTER, "search")),
        (f"{PREFIX}:service/search", CLUSTER, ServiceKey(CLUSTER, "search")),
    ],
)
def test_an_arn_names_the_cluster_in_its_long_form(arn: str, cluster: str, key: ServiceKey | None) -> None:
    assert key_from_arn(arn, cluster) == key


def test_all_pages_of_tagged_services_are_read(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    first = tagged(f"{PREFIX}:service/acme/search", service="search", env="stage")
    second = tagged(f"{PREFIX}:service/acme/items", service="items", env="stage")
    aws.says(
        "GetResources",
        json_answer(PaginationToken="more", ResourceTagMappingList=[first]),
        json_answer(PaginationToken="", ResourceTagMappingList=[second]),
    )

    assert runtime.tagged("stage") == (
        FoundService(ServiceKey(CLUSTER, "search"), "search"),
        FoundService(ServiceKey(CLUSTER, "items"), "items"),
    )
    assert json.loads(aws.bodies[0]) == {
        "ResourceTypeFilters": ["ecs:service"],
        "TagFilters": [{"Key": "deployment:env", "Values": ["stage"]}],
        "ResourcesPerPage": 100,
    }


def test_services_without_a_cluster_or_a_service_id_are_left_to_the_listing(
    aws: ScriptedAws, runtime: EcsRuntime
) -> None:
    short = tagged(f"{PREFIX}:service/search", service="search", env="stage")
    nobodys = tagged(f"{PREFIX}:service/acme/other", env="stage")
    aws.says("GetResources", json_answer(ResourceTagMappingList=[short, nobodys]))

    assert runtime.tagged("stage") == ()


def test_a_refused_tag_search_is_a_missing_permission(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("GetResources", refusal("AccessDeniedException"))

    with pytest.raises(AccessDenied, match="tag:GetResources is missing"):
        runtime.tagged("stage")


def test_all_pages_of_a_clusters_services_are_read(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says(
        "ListServices",
        json_answer(serviceArns=[f"{PREFIX}:service/acme/search"], nextToken="more"),
        json_answer(serviceArns=[f"{PREFIX}:service/old-one"]),
    )

    assert runtime.services_in("acme") == (ServiceKey(CLUSTER, "search"), ServiceKey(CLUSTER, "old-one"))
    assert json.loads(aws.bodies[0])["maxResults"] == 100
    assert json.loads(aws.bodies[1])["nextToken"] == "more"


def test_stopped_tasks_are_listed_page_by_page_and_not_for_ever(
    aws: ScriptedAws, runtime: EcsRuntime
) -> None:
    aws.says("ListTasks", json_answer(taskArns=["a-task"], nextToken="more"))

    page = runtime.tasks_listed("acme", "search", stopped=True)

    assert (len(page.arns), page.complete) == (5, False)
    assert len(aws.calls) == 5


def test_the_tasks_of_a_whole_cluster_are_one_page(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListTasks", json_answer(taskArns=["a-task"], nextToken="more"))

    assert runtime.tasks_listed("acme", None).complete is False
    assert len(aws.calls) == 1


def test_a_missing_cluster_has_nothing(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    for operation in ("ListServices", "DescribeServices", "ListTasks", "DescribeTasks"):
        aws.says(operation, refusal("ClusterNotFoundException", "Cluster not found."))

    assert runtime.services_in("acme") == ()
    assert runtime.describe("acme", ["search"]) == ()
    assert runtime.tasks("acme", ["a-task"]) == ()
    assert runtime.tasks_listed("acme", "search").arns == ()


def test_a_missing_service_has_no_tasks(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListTasks", refusal("ServiceNotFoundException", "Service not found."))

    page = runtime.tasks_listed("acme", "search")

    assert (page.arns, page.complete) == ((), True)


def test_a_task_names_the_deployment_that_started_it(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    by_ecs = {"taskArn": "a/1", "group": "service:search", "startedBy": "ecs-svc/2"}
    by_hand = {"taskArn": "a/2", "group": "family:search", "startedBy": "ada"}
    aws.says("DescribeTasks", json_answer(tasks=[by_ecs, by_hand], failures=[]))

    first, second = runtime.tasks("acme", ["a/1", "a/2"])

    assert (first.id, first.service_name, first.deployment_id) == ("1", "search", "ecs-svc/2")
    assert (second.service_name, second.deployment_id) == ("", None)


def test_what_a_stopped_task_says_of_its_end_is_kept(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    container = {
        "name": "app",
        "image": "acme/app:env.stage",
        "imageDigest": "sha256:1",
        "lastStatus": "STOPPED",
        "exitCode": 0,
        "reason": "CannotPullContainerError: gone",
    }
    task = {
        "taskArn": "a/1",
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": "TaskFailedToStart",
        "stoppedReason": "it failed",
        "stoppedAt": 1767225600,
        "containers": [container, {"name": "sidecar"}],
    }
    aws.says("DescribeTasks", json_answer(tasks=[task], failures=[{"arn": "a/2", "reason": "MISSING"}]))

    (stopped,) = runtime.tasks("acme", ["a/1", "a/2"])

    assert (stopped.stop_code, stopped.stopped_reason) == ("TaskFailedToStart", "it failed")
    assert stopped.stopped_at is not None
    assert stopped.stopped_at.isoformat() == "2026-01-01T00:00:00+00:00"
    app, sidecar = stopped.containers
    assert (app.digest, app.exit_code, app.reason) == ("sha256:1", 0, "CannotPullContainerError: gone")
    assert (sidecar.digest, sidecar.exit_code) == (None, None)


def test_what_a_service_says_of_itself_is_kept(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    service = {
        "serviceArn": f"{PREFIX}:service/acme/search",
        "serviceName": "search",
        "clusterArn": CLUSTER,
        "desiredCount": 4,
        "schedulingStrategy": "DAEMON",
        "deploymentConfiguration": {
            "strategy": "BLUE_GREEN",
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "deployments": [
            {
                "id": "ecs-svc/2",
                "status": "PRIMARY",
                "rolloutState": "FAILED",
                "rolloutStateReason": "tasks failed to start",
                "failedTasks": 3,
            }
        ],
        "events": [{"id": "e", "createdAt": 1767225600, "message": "was unable to place a task"}],
        "tags": [
            {"key": "deployment:service", "value": "search"},
            {"key": "deployment:env", "value": "stage"},
        ],
    }
    aws.says("DescribeServices", json_answer(services=[service], failures=[]))

    (seen,) = runtime.describe(CLUSTER, ["search"])

    assert (seen.strategy, seen.scheduling, seen.breaker) == ("BLUE_GREEN", "DAEMON", True)
    assert seen.primary is not None
    assert (seen.primary.rollout_state, seen.primary.failed_tasks) == ("FAILED", 3)
    assert seen.primary.rollout_reason == "tasks failed to start"
    assert [event.message for event in seen.events] == ["was unable to place a task"]
    assert (seen.service_id, seen.environment) == ("search", "stage")
    assert json.loads(aws.bodies[0])["include"] == ["TAGS"]
