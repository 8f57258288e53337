from __future__ import annotations

import pytest

from tests.local_aws import LocalAws
from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import CLUSTER, SERVICE, Rollouts, eventually
from tests.sandboxes import Provisioned, place_of
from weco_deploy.model.project import Environment
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.estate import Estate
from weco_deploy.sandbox.running import Sandbox


@pytest.mark.parametrize("multi_arch", [False, True])
def test_good_image_completes_and_its_digest_runs(provisioned: Provisioned, multi_arch: bool) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", multi_arch=multi_arch)
    assert rollouts.digests() == {rollouts.digest_of("env.stage")} != {pushed.digest}

    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    eventually(lambda: rollouts.digests() == {pushed.digest})
    assert rollouts.service()["runningCount"] == 1


def test_crashing_image_trips_the_circuit_breaker_with_its_reason_and_log(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    good = rollouts.digest_of("env.stage")
    pushed = sandbox.push("web", "crash=3,lines=connecting|connection refused")

    failed = rollouts.begin(pushed)
    assert rollouts.final_status(failed) == "ROLLBACK_SUCCESSFUL"
    assert "circuit breaker" in rollouts.deployment(failed)["statusReason"]
    eventually(lambda: rollouts.digests() == {good})

    task = rollouts.failed_tasks()[0]
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert [container["exitCode"] for container in task["containers"]] == [3]
    task_id = task["taskArn"].rpartition("/")[2]
    assert _log(sandbox, task_id) == ["connecting", "connection refused"]


def test_unpullable_image_fails_to_start_with_the_reason_of_ecs(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    failed = rollouts.begin(sandbox.push("web", "unpullable"))
    assert rollouts.final_status(failed) == "ROLLBACK_SUCCESSFUL"
    eventually(lambda: bool(rollouts.failed_tasks()))
    task = rollouts.failed_tasks()[0]
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")


def test_slow_image_runs_only_after_its_start_time(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", "slow=120")
    deployment = rollouts.begin(pushed)
    eventually(
        lambda: any(task["startedBy"] and task["lastStatus"] == "PENDING" for task in rollouts.tasks())
    )
    assert rollouts.final_status(deployment) == "SUCCESSFUL"
    eventually(lambda: rollouts.digests() == {pushed.digest})
    task = rollouts.tasks()[0]
    assert (task["startedAt"] - task["createdAt"]).total_seconds() >= 4


def test_image_that_crashes_later_restarts_after_a_completed_rollout(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", "crash-later=60")
    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    eventually(lambda: len(rollouts.failed_tasks()) >= 1)
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_unhealthy_image_fails_its_health_check(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    good = rollouts.digest_of("env.stage")
    before = [task["healthStatus"] for task in rollouts.tasks()]

    failed = rollouts.begin(sandbox.push("web", "unhealthy"))

    assert before == ["HEALTHY"]
    assert rollouts.final_status(failed) == "ROLLBACK_SUCCESSFUL"
    reasons = {task["stoppedReason"] for task in rollouts.tasks(stopped=True)}
    assert any("failed container health checks" in reason for reason in reasons)
    eventually(lambda: rollouts.digests() == {good})


def test_protected_tasks_stay_when_they_are_replaced(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    protected = sandbox.push("web", "protected=36000")
    rollouts.final_status(rollouts.begin(protected))

    pushed = sandbox.push("web")
    rollouts.begin(pushed)

    eventually(lambda: any("tasks under protection" in message for message in rollouts.events()))
    assert rollouts.digests() == {protected.digest, pushed.digest}


def test_flaky_image_runs_after_its_failed_starts(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", "flaky=2,code=5")

    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    codes = [task["containers"][0]["exitCode"] for task in rollouts.failed_tasks()]
    assert codes.count(5) == 2
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_nothing_runs_without_env_tags_until_the_first_deployment(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB, estate=Estate(env_tags=False))
    rollouts = Rollouts(sandbox)
    assert rollouts.digest_of("env.stage") is None
    assert rollouts.digest_of("latest") is not None
    assert rollouts.service()["runningCount"] == 0

    pushed = sandbox.push("web")
    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    eventually(lambda: rollouts.digests() == {pushed.digest})


def test_rollout_fails_if_one_of_several_containers_crashes(provisioned: Provisioned) -> None:
    sandbox = provisioned(project(("web", ("web-api",)), ("proxy", ("web-api",))))
    rollouts = Rollouts(sandbox)
    failed = rollouts.begin(sandbox.push("web", "crash=9"))
    assert rollouts.final_status(failed) == "ROLLBACK_SUCCESSFUL"
    containers = rollouts.failed_tasks()[0]["containers"]
    codes = {container["name"]: container["exitCode"] for container in containers}
    assert codes["web"] == 9


def test_services_have_the_tags_that_the_tool_expects(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    ecs = LocalAws.of(sandbox).ecs(place_of(sandbox))
    service = ecs.describe_services(cluster=CLUSTER, services=[SERVICE], include=["TAGS"])["services"][0]
    tags = {tag["key"]: tag["value"] for tag in service["tags"]}
    assert tags == {"deployment:service": "web-api", "deployment:env": "stage"}
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True


def test_each_environment_is_in_its_account_and_region(provisioned: Provisioned, account: str) -> None:
    prod_account = f"9{account[1:]}"
    prod = Environment(
        id="prod", name="prod", role_arn=f"arn:aws:iam::{prod_account}:role/prod", region_name="us-east-1"
    )
    aws = LocalAws.of(provisioned(project(("web", ("web-api",)), more_environments=(prod,))))
    stage_tasks = aws.ecs(Place(account, "eu-west-1")).list_tasks(cluster="shop-stage")["taskArns"]
    prod_tasks = aws.ecs(Place(prod_account, "us-east-1")).list_tasks(cluster="shop-prod")["taskArns"]
    assert (len(stage_tasks), len(prod_tasks)) == (1, 1)
    in_own_account = aws.ecr(Place(account, "eu-west-1")).describe_repositories()["repositories"]
    in_prod_account = aws.ecr(Place(prod_account, "us-east-1")).describe_repositories()["repositories"]
    assert (len(in_own_account), len(in_prod_account)) == (1, 0)


def _log(sandbox: Sandbox, task_id: str) -> list[str]:
    logs = LocalAws.of(sandbox).logs(place_of(sandbox))
    stream = f"{SERVICE}/web/{task_id}"
    events = logs.get_log_events(logGroupName=f"/ecs/{CLUSTER}", logStreamName=stream)["events"]
    return [event["message"] for event in events]
