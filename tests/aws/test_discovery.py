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
def test_service_arn_gives_a_key_if_the_cluster_is_known(
    arn: str, cluster: str, key: ServiceKey | None
) -> None:
    assert key_from_arn(arn, cluster) == key


def test_tag_search_reads_all_pages(aws: ScriptedAws, runtime: EcsRuntime) -> None:
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


def test_tag_search_for_ids_names_them(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("GetResources", json_answer(ResourceTagMappingList=[]))

    assert runtime.tagged("stage", ["items", "search"]) == ()
    assert json.loads(aws.bodies[0])["TagFilters"] == [
        {"Key": "deployment:env", "Values": ["stage"]},
        {"Key": "deployment:service", "Values": ["items", "search"]},
    ]


def test_tag_search_skips_services_without_cluster_or_service_id(
    aws: ScriptedAws, runtime: EcsRuntime
) -> None:
    short = tagged(f"{PREFIX}:service/search", service="search", env="stage")
    nobodys = tagged(f"{PREFIX}:service/acme/other", env="stage")
    aws.says("GetResources", json_answer(ResourceTagMappingList=[short, nobodys]))

    assert runtime.tagged("stage") == ()


def test_denied_tag_search_is_access_denied(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("GetResources", refusal("AccessDeniedException"))

    with pytest.raises(AccessDenied, match="tag:GetResources is missing"):
        runtime.tagged("stage")


def test_listing_services_reads_all_pages(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says(
        "ListServices",
        json_answer(serviceArns=[f"{PREFIX}:service/acme/search"], nextToken="more"),
        json_answer(serviceArns=[f"{PREFIX}:service/old-one"]),
    )

    assert runtime.services_in("acme") == (ServiceKey(CLUSTER, "search"), ServiceKey(CLUSTER, "old-one"))
    assert json.loads(aws.bodies[0])["maxResults"] == 100
    assert json.loads(aws.bodies[1])["nextToken"] == "more"


def test_listing_stopped_tasks_reads_a_limited_number_of_pages(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListTasks", json_answer(taskArns=["a-task"], nextToken="more"))

    page = runtime.tasks_listed("acme", "search", stopped=True)

    assert (len(page.arns), page.complete) == (5, False)
    assert len(aws.calls) == 5


def test_listing_tasks_of_a_cluster_reads_one_page(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListTasks", json_answer(taskArns=["a-task"], nextToken="more"))

    assert runtime.tasks_listed("acme", None).complete is False
    assert len(aws.calls) == 1


def test_missing_cluster_is_empty(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    for operation in ("ListServices", "DescribeServices", "ListTasks", "DescribeTasks"):
        aws.says(operation, refusal("ClusterNotFoundException", "Cluster not found."))

    assert runtime.services_in("acme") == ()
    assert runtime.describe("acme", ["search"]) == ()
    assert runtime.tasks("acme", ["a-task"]) == ()
    assert runtime.tasks_listed("acme", "search").arns == ()


def test_missing_service_has_no_tasks(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListTasks", refusal("ServiceNotFoundException", "Service not found."))

    page = runtime.tasks_listed("acme", "search")

    assert (page.arns, page.complete) == ((), True)


def test_task_has_the_id_of_the_deployment_that_started_it(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    by_ecs = {"taskArn": "a/1", "group": "service:search", "startedBy": "ecs-svc/2"}
    by_hand = {"taskArn": "a/2", "group": "family:search", "startedBy": "ada"}
    aws.says("DescribeTasks", json_answer(tasks=[by_ecs, by_hand], failures=[]))

    first, second = runtime.tasks("acme", ["a/1", "a/2"])

    assert (first.id, first.service_name, first.deployment_id) == ("1", "search", "ecs-svc/2")
    assert (second.service_name, second.deployment_id) == ("", None)


def test_stopped_task_keeps_its_codes_and_reasons(aws: ScriptedAws, runtime: EcsRuntime) -> None:
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


def test_service_keeps_its_counts_settings_and_tags(aws: ScriptedAws, runtime: EcsRuntime) -> None:
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

    (described,) = runtime.describe(CLUSTER, ["search"])

    assert (described.strategy, described.scheduling, described.breaker) == ("BLUE_GREEN", "DAEMON", True)
    assert described.primary is not None
    assert (described.primary.rollout_state, described.primary.failed_tasks) == ("FAILED", 3)
    assert described.primary.rollout_reason == "tasks failed to start"
    assert [event.message for event in described.events] == ["was unable to place a task"]
    assert (described.service_id, described.environment) == ("search", "stage")
    assert json.loads(aws.bodies[0])["include"] == ["TAGS"]
