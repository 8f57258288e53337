"""Reads that lag, tags, request rates, STS. Sources: RunTask's note on eventual consistency, the service quotas pages."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import ACCOUNT, CLUSTER, SERVICE, Cloud, Json
from weco_deploy.sandbox.ecs import AWS_LIMITS, Settings
from weco_deploy.sandbox.ecs.sts import caller_behind

TAGS = [{"key": "deployment:env", "value": "stage"}, {"key": "deployment:service", "value": "web"}]
STAGE: Json = {"Key": "deployment:env", "Values": ["stage"]}


def tagged(cloud: Cloud, *filters: Json) -> list[str]:
    answer = cloud.client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["ecs:service"], TagFilters=list(filters)
    )
    return [mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]]


def test_a_read_that_lags_tells_what_was_true_before() -> None:
    cloud = Cloud()
    cloud.service()
    before = cloud.look()["deployments"][0]["id"]
    cloud.simulation.begin_lag(lambda: 3.0)
    _, ours = cloud.deploy()

    seen = []
    for _ in range(5):
        seen.append(cloud.look()["deployments"][0]["id"] == ours)
        cloud.pass_time(1)

    assert before != ours
    assert seen == [False, False, False, True, True]


def test_the_answer_of_a_change_does_not_lag() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.simulation.begin_lag(lambda: 60.0)

    assert cloud.update(desiredCount=7)["desiredCount"] == 7
    assert cloud.look()["desiredCount"] == 1


def test_reads_of_tasks_lag_too() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.simulation.begin_lag(lambda: 3.0)
    (task,) = cloud.tasks()
    cloud.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])

    assert [listed_task["desiredStatus"] for listed_task in cloud.tasks()] == ["RUNNING"]
    cloud.pass_time(3)
    assert cloud.tasks() == []
    cloud.pass_time(30)
    newer = cloud.tasks()
    assert [newer_task["taskArn"] for newer_task in newer] != [task["taskArn"]]


def test_a_new_service_is_missing_for_a_read_that_lags() -> None:
    cloud = Cloud(Settings(lag=lambda: 3.0))
    cloud.define()
    cloud.create()

    answer = cloud.ecs.describe_services(cluster=CLUSTER, services=[SERVICE])
    cloud.pass_time(3)

    assert (answer["services"], len(answer["failures"])) == ([], 1)
    assert cloud.look()["status"] == "ACTIVE"


def test_a_service_made_again_is_told_as_the_deleted_one_by_a_read_that_lags() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.ecs.delete_service(cluster=CLUSTER, service=SERVICE, force=True)
    cloud.pass_time(30)
    cloud.simulation.begin_lag(lambda: 3.0)
    cloud.create()

    seen = [cloud.look()["status"]]
    cloud.pass_time(3)

    assert [*seen, cloud.look()["status"]] == ["INACTIVE", "ACTIVE"]


def test_how_old_a_read_is_may_vary() -> None:
    lags = iter([0.0, 5.0, 0.0])
    cloud = Cloud()
    cloud.service()
    cloud.simulation.begin_lag(lambda: next(lags))
    cloud.update(desiredCount=2)

    assert [cloud.look()["desiredCount"] for _ in range(3)] == [2, 1, 2]


def test_no_more_of_the_past_is_kept_than_reads_may_tell() -> None:
    cloud = Cloud(Settings(lag=lambda: 3.0))
    cloud.define()
    cloud.create()
    cloud.pass_time(7200)
    service = cloud.simulation.region(ACCOUNT, "eu-west-1").clusters[CLUSTER].services[SERVICE]

    assert len(service.past) < 10


def test_services_are_found_by_their_tags() -> None:
    cloud = Cloud()
    cloud.service(tags=TAGS)
    cloud.create(serviceName="other", desiredCount=0)
    arn = cloud.look()["serviceArn"]

    assert tagged(cloud, STAGE) == [arn]
    assert tagged(cloud, {"Key": "deployment:service"}) == [arn]
    assert tagged(cloud, STAGE | {"Values": ["prod"]}) == []
    assert cloud.look()["tags"] == TAGS


def test_tag_filter_with_more_than_twenty_values_is_refused() -> None:
    cloud = Cloud()
    cloud.service(tags=TAGS)
    ids = [f"service-{number}" for number in range(20)]

    assert tagged(cloud, {"Key": "deployment:service", "Values": ids}) == []
    with pytest.raises(ClientError, match="InvalidParameterException"):
        tagged(cloud, {"Key": "deployment:service", "Values": [*ids, "one-too-many"]})


def test_tags_can_be_added_and_removed() -> None:
    cloud = Cloud()
    cloud.service(tags=TAGS)
    arn = cloud.look()["serviceArn"]
    cloud.ecs.tag_resource(resourceArn=arn, tags=[{"key": "deployment:env", "value": "prod"}])
    cloud.ecs.untag_resource(resourceArn=arn, tagKeys=["deployment:service"])

    assert cloud.ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "deployment:env", "value": "prod"}
    ]
    assert tagged(cloud, STAGE | {"Values": ["prod"]}) == [arn]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.ecs.list_tags_for_resource(resourceArn=f"{arn}-none")


def test_the_index_of_tags_may_lag_in_both_directions() -> None:
    cloud = Cloud(Settings(tagging_lag=60))
    cloud.service(tags=TAGS)
    cloud.pass_time(60)
    cloud.ecs.delete_service(cluster=CLUSTER, service=SERVICE, force=True)
    stale = tagged(cloud, STAGE)
    cloud.pass_time(61)

    assert len(stale) == 1
    assert tagged(cloud, STAGE) == []


def test_requests_beyond_the_rate_are_throttled_and_allowed_again() -> None:
    cloud = Cloud(Settings(limits=AWS_LIMITS))
    for _ in range(50):
        cloud.ecs.list_clusters()

    with pytest.raises(ClientError, match=r"ThrottlingException.*Rate exceeded"):
        cloud.ecs.list_clusters()
    cloud.ecs.list_services(cluster=CLUSTER)
    cloud.pass_time(1)
    for _ in range(20):
        cloud.ecs.list_clusters()
    with pytest.raises(ClientError, match="ThrottlingException"):
        cloud.ecs.list_clusters()


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    cloud = Cloud(Settings(limits=AWS_LIMITS))
    cloud.ecs.list_clusters()
    cloud.pass_time(3600)
    for _ in range(50):
        cloud.ecs.list_clusters()

    with pytest.raises(ClientError, match="ThrottlingException"):
        cloud.ecs.list_clusters()


def test_a_role_leads_to_its_account_and_tells_who_assumed_it() -> None:
    cloud = Cloud()
    role = "arn:aws:iam::999999999999:role/ci"
    answer = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="somebody")

    arn = "arn:aws:sts::999999999999:assumed-role/ci/somebody"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert answer["Credentials"]["AccessKeyId"] == "999999999999"
    assert answer["Credentials"]["Expiration"] > cloud.now
    assert caller_behind(answer["Credentials"]["SessionToken"]) == arn
    assert caller_behind("anything else") == ""
    with pytest.raises(ClientError, match="ValidationError"):
        cloud.client("sts").assume_role(RoleArn="arn:aws:iam::1:user/somebody", RoleSessionName="somebody")


def test_a_caller_without_a_role_is_its_account() -> None:
    assert Cloud().client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_a_log_that_is_missing_is_an_error() -> None:
    logs = Cloud().client("logs")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*log group"):
        logs.get_log_events(logGroupName="/ecs/web", logStreamName="ecs/app/1")
    logs.create_log_group(logGroupName="/ecs/web")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*log stream"):
        logs.get_log_events(logGroupName="/ecs/web", logStreamName="ecs/app/1")
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName="/ecs/web")
