"""Making, changing, listing and deleting services, with AWS's errors. Source: the service model."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.simulation.cloud import ACCOUNT, CLUSTER, REGION, SERVICE, Cloud


def test_a_cluster_is_made_once() -> None:
    cloud = Cloud()
    first = cloud.ecs.create_cluster(clusterName=CLUSTER)["cluster"]
    again = cloud.ecs.create_cluster(clusterName=CLUSTER)["cluster"]

    assert first == again
    assert first["clusterArn"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    assert cloud.ecs.list_clusters()["clusterArns"] == [first["clusterArn"]]


def test_clusters_count_their_tasks_and_services() -> None:
    cloud = Cloud()
    cloud.service(desiredCount=2)

    answer = cloud.ecs.describe_clusters(clusters=[CLUSTER, "none"])

    (cluster,) = answer["clusters"]
    assert (cluster["runningTasksCount"], cluster["activeServicesCount"]) == (2, 1)
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_task_definitions_are_numbered_and_found_by_family_revision_and_arn() -> None:
    cloud = Cloud()
    first, second = cloud.define(), cloud.define(image="other:1")

    def image(named: str) -> str:
        answer = cloud.ecs.describe_task_definition(taskDefinition=named)
        return str(answer["taskDefinition"]["containerDefinitions"][0]["image"])

    assert (first[-2:], second[-2:]) == (":1", ":2")
    assert image(SERVICE) == image(f"{SERVICE}:2") == image(second) == "other:1"
    assert image(f"{SERVICE}:1") == image(first) != "other:1"
    for named in ("none", f"{SERVICE}:3", f"{SERVICE}:x"):
        with pytest.raises(ClientError, match="ClientException"):
            image(named)


def test_a_service_that_is_there_can_not_be_made_again_but_by_the_same_token() -> None:
    cloud = Cloud()
    cloud.define()
    made = cloud.create(clientToken="one")

    assert cloud.create(clientToken="one")["serviceArn"] == made["serviceArn"]
    with pytest.raises(ClientError, match="Creation of service was not idempotent"):
        cloud.create(clientToken="two")


def test_what_is_missing_is_told_apart() -> None:
    cloud = Cloud()
    cloud.define()

    with pytest.raises(ClientError, match="ClusterNotFoundException"):
        cloud.ecs.describe_services(cluster="none", services=[SERVICE])
    with pytest.raises(ClientError, match="ServiceNotFoundException"):
        cloud.ecs.update_service(cluster=CLUSTER, service="none")
    with pytest.raises(ClientError, match="TaskDefinition not found"):
        cloud.create(taskDefinition="none")
    (failure,) = cloud.ecs.describe_services(cluster=CLUSTER, services=["none"])["failures"]
    assert failure == {
        "arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/none",
        "reason": "MISSING",
    }


def test_a_service_is_found_by_its_arn_in_either_form() -> None:
    cloud = Cloud()
    cloud.service()
    long = cloud.look()["serviceArn"]
    short = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{SERVICE}"

    answer = cloud.ecs.describe_services(cluster=cloud.look()["clusterArn"], services=[long, short])

    assert [service["serviceName"] for service in answer["services"]] == [SERVICE, SERVICE]


def test_a_refused_update_changes_nothing() -> None:
    cloud = Cloud()
    cloud.service()
    before = cloud.look()

    with pytest.raises(ClientError):
        cloud.update(taskDefinition="none", desiredCount=5)

    assert cloud.look() == before


def test_a_service_that_should_run_is_deleted_only_by_force() -> None:
    cloud = Cloud()
    cloud.service()

    with pytest.raises(ClientError, match="scaled above 0"):
        cloud.ecs.delete_service(cluster=CLUSTER, service=SERVICE)
    assert cloud.look()["status"] == "ACTIVE"


def test_a_deleted_service_drains_then_is_inactive_and_can_be_made_again() -> None:
    cloud = Cloud()
    cloud.service()
    deleted = cloud.ecs.delete_service(cluster=CLUSTER, service=SERVICE, force=True)["service"]
    listed = cloud.ecs.list_services(cluster=CLUSTER)["serviceArns"]
    cloud.pass_time(60)

    assert (deleted["status"], deleted["desiredCount"]) == ("DRAINING", 0)
    assert listed == []
    assert cloud.look()["status"] == "INACTIVE"
    assert cloud.running() == []
    with pytest.raises(ClientError, match="ServiceNotActiveException"):
        cloud.redeploy()
    created = cloud.look()["createdAt"]
    cloud.create()
    assert cloud.look()["status"] == "ACTIVE"
    assert cloud.look()["createdAt"] > created


def test_services_come_in_pages_of_ten_unless_more_are_asked_for() -> None:
    cloud = Cloud()
    cloud.define()
    for number in range(25):
        cloud.create(serviceName=f"{SERVICE}-{number}", desiredCount=0)

    first = cloud.ecs.list_services(cluster=CLUSTER)
    second = cloud.ecs.list_services(cluster=CLUSTER, nextToken=first["nextToken"], maxResults=100)
    pages = cloud.ecs.get_paginator("list_services").paginate(cluster=CLUSTER)

    assert (len(first["serviceArns"]), len(second["serviceArns"])) == (10, 15)
    assert "nextToken" not in second
    assert [arn for page in pages for arn in page["serviceArns"]] == (
        first["serviceArns"] + second["serviceArns"]
    )


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("describe_services", {"services": ["web"] * 11}),
        ("describe_services", {"services": []}),
        ("describe_tasks", {"tasks": ["0" * 32] * 101}),
        ("list_services", {"maxResults": 101}),
        ("list_tasks", {"maxResults": 101}),
        ("list_services", {"nextToken": "made up"}),
        ("get_task_protection", {"tasks": ["0" * 32] * 11}),
    ],
)
def test_requests_beyond_a_limit_are_refused(method: str, request_: dict[str, object]) -> None:
    cloud = Cloud()
    cloud.service()

    with pytest.raises(ClientError, match="InvalidParameterException"):
        getattr(cloud.ecs, method)(cluster=CLUSTER, **request_)


def test_more_than_twenty_arns_of_deployments_or_revisions_are_refused() -> None:
    cloud = Cloud()

    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.ecs.describe_service_deployments(serviceDeploymentArns=["arn"] * 21)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.ecs.describe_service_revisions(serviceRevisionArns=["arn"] * 21)


def test_what_the_model_does_not_allow_is_not_sent() -> None:
    cloud = Cloud()

    with pytest.raises(ParamValidationError, match="Missing required parameter"):
        cloud.ecs.describe_services(cluster=CLUSTER)
    with pytest.raises(ParamValidationError, match="Unknown parameter"):
        cloud.ecs.list_clusters(colour="red")
    with pytest.raises(AttributeError):
        cloud.ecs.make_coffee()


def test_service_deployments_are_listed_newest_first_and_by_time_and_status() -> None:
    cloud = Cloud()
    cloud.service()
    first = cloud.look()["currentServiceDeployment"]
    cloud.pass_time(100)
    before = cloud.now
    cloud.deploy()
    second = cloud.look()["currentServiceDeployment"]

    def listed(**request: object) -> list[str]:
        answer = cloud.ecs.list_service_deployments(cluster=CLUSTER, service=SERVICE, **request)
        return [deployment["serviceDeploymentArn"] for deployment in answer["serviceDeployments"]]

    assert listed() == [second, first]
    assert listed(status=["SUCCESSFUL"]) == [first]
    assert listed(createdAt={"after": before}) == [second]
    assert listed(createdAt={"before": before}) == [second, first]


def test_accounts_and_regions_are_apart() -> None:
    cloud = Cloud()
    cloud.service()

    assert cloud.client("ecs", account="999999999999").list_clusters()["clusterArns"] == []
