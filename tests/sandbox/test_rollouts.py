from __future__ import annotations

import boto3
import pytest

from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import CLUSTER, SERVICE, Rollouts, eventually
from tests.sandboxes import Host, Provisioned, place_of
from weco_deploy.model.project import Environment
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.behaviour import UNPULLABLE, parse
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.running import Sandbox


@pytest.mark.parametrize("multi_arch", [False, True])
def test_a_good_image_completes_and_its_digest_runs(provisioned: Provisioned, multi_arch: bool) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", multi_arch=multi_arch)
    assert rollouts.digests() == {rollouts.digest_of("env.stage")} != {pushed.digest}

    assert rollouts.settled(rollouts.begin(pushed)) == "COMPLETED"
    eventually(lambda: rollouts.digests() == {pushed.digest})
    assert rollouts.service()["runningCount"] == 1


def test_a_crashing_image_trips_the_breaker_and_says_why(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    good = rollouts.digest_of("env.stage")
    pushed = sandbox.push("web", parse("crash=3,lines=connecting|connection refused"))

    failed = rollouts.begin(pushed)
    assert rollouts.settled(failed) == "FAILED"
    assert "circuit breaker" in rollouts.deployment(failed)["rolloutStateReason"]
    assert rollouts.deployment(failed)["status"] != "PRIMARY", "ECS rolls back to the one before"
    eventually(lambda: rollouts.digests() == {good})

    task = rollouts.failed_tasks()[0]
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container exited"
    assert [container["exitCode"] for container in task["containers"]] == [3]
    task_id = task["taskArn"].rpartition("/")[2]
    expected = [f"starting uk.ac.wellcome/web {pushed.ref}", "connecting", "connection refused"]
    eventually(lambda: _log(sandbox, task_id) == expected)


def test_an_unpullable_image_is_reported_as_ecs_does(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    failed = rollouts.begin(sandbox.push("web", UNPULLABLE))
    assert rollouts.settled(failed) == "FAILED"
    eventually(lambda: bool(rollouts.failed_tasks()))
    task = rollouts.failed_tasks()[0]
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    assert "it can't be pulled" in task["stoppedReason"]


def test_a_slow_image_is_not_running_before_its_time(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", parse("slow=4"))
    deployment = rollouts.begin(pushed)
    eventually(
        lambda: any(task["startedBy"] and task["lastStatus"] == "ACTIVATING" for task in rollouts.tasks())
    )
    assert rollouts.settled(deployment) == "COMPLETED"
    eventually(lambda: rollouts.digests() == {pushed.digest})
    task = rollouts.tasks()[0]
    assert (task["startedAt"] - task["createdAt"]).total_seconds() >= 4


def test_an_image_that_crashes_later_restarts_after_its_rollout_completed(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", parse("crash=1,after=2"))
    assert rollouts.settled(rollouts.begin(pushed)) == "COMPLETED"
    eventually(lambda: len(rollouts.failed_tasks()) >= 1)
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_without_env_tags_nothing_runs_until_the_first_deployment(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, env_tags=False)
    rollouts = Rollouts(sandbox)
    assert rollouts.digest_of("env.stage") is None
    assert rollouts.digest_of("latest") is not None
    assert rollouts.service()["runningCount"] == 0

    pushed = sandbox.push("web")
    assert rollouts.settled(rollouts.begin(pushed)) == "COMPLETED"
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_when_one_container_of_a_task_crashes_the_others_are_no_excuse(provisioned: Provisioned) -> None:
    sandbox = provisioned(project(("web", ("web-api",)), ("proxy", ("web-api",))))
    rollouts = Rollouts(sandbox)
    failed = rollouts.begin(sandbox.push("web", parse("crash=9")))
    assert rollouts.settled(failed) == "FAILED"
    codes = {one["name"]: one["exitCode"] for one in rollouts.failed_tasks()[0]["containers"]}
    assert codes["web"] == 9


def test_services_are_tagged_and_clusters_named_as_the_tool_expects(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    ecs = LocalAws(sandbox.endpoint).ecs(place_of(sandbox))
    seen = ecs.describe_services(cluster=CLUSTER, services=[SERVICE], include=["TAGS"])["services"][0]
    tags = {tag["key"]: tag["value"] for tag in seen["tags"]}
    assert tags == {"deployment:service": "web-api", "deployment:env": "stage"}
    assert seen["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True


def test_each_environment_is_where_the_tool_will_look(
    sandbox_host: Host, provisioned: Provisioned, account: str
) -> None:
    elsewhere = f"9{account[1:]}"
    prod = Environment(
        id="prod", name="prod", role_arn=f"arn:aws:iam::{elsewhere}:role/prod", region_name="us-east-1"
    )
    provisioned(project(("web", ("web-api",)), places=(prod,)))
    aws = LocalAws(sandbox_host.endpoint)
    stage_tasks = aws.ecs(Place(account, "eu-west-1")).list_tasks(cluster="shop-stage")["taskArns"]
    prod_tasks = aws.ecs(Place(elsewhere, "us-east-1")).list_tasks(cluster="shop-prod")["taskArns"]
    assert (len(stage_tasks), len(prod_tasks)) == (1, 1)
    here = aws.ecr(Place(account, "eu-west-1")).describe_repositories()["repositories"]
    there = aws.ecr(Place(elsewhere, "us-east-1")).describe_repositories()["repositories"]
    assert (len(here), len(there)) == (1, 0)


def _log(sandbox: Sandbox, task_id: str) -> list[str]:
    place = place_of(sandbox)
    logs = boto3.session.Session().client(
        "logs",
        endpoint_url=sandbox.endpoint,
        region_name=place.region,
        aws_access_key_id=place.account,
        aws_secret_access_key="any",
    )
    stream = f"{SERVICE}/web/{task_id}"
    events = logs.get_log_events(logGroupName=f"/ecs/{CLUSTER}", logStreamName=stream)["events"]
    return [event["message"] for event in events]
