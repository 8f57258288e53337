"""What keeps a deployment open, and what lets it complete early.

Sources: the service model (`DeploymentEarlySuccessCriteria`, `UpdateTaskProtection`), the guides on alarms and on
scale-in protection, wellcomecollection/storage-service#1195.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import (
    ACCOUNT,
    CLUSTER,
    IMAGE,
    REGION,
    SERVICE,
    TARGETS,
    Cloud,
    Json,
    breaker,
    states,
)
from weco_deploy.sandbox.ecs import Behaviour

ALARMS = {"alarmNames": ["errors"], "enable": True, "rollback": True}
BALANCER = {"targetGroupArn": TARGETS, "containerName": "app", "containerPort": 8000}


def early(cleanup: str, percent: int = 50) -> Json:
    criteria = {"enable": True, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup}
    return {"earlySuccessCriteria": criteria, "minimumHealthyPercent": 50}


def test_a_protected_old_task_stays_and_keeps_the_deployment_open() -> None:
    cloud = Cloud()
    before = cloud.service(Behaviour(protects_for=3000))
    digest, ours = cloud.deploy()
    cloud.pass_time(600)

    assert sorted(cloud.running()) == sorted([before, digest])
    assert states(cloud.look()) == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    assert any("due to (reason 1 tasks under protection)" in event for event in cloud.events())

    cloud.settle()
    assert cloud.running() == [digest]
    assert cloud.deployment(ours)["rolloutState"] == "COMPLETED"
    assert timedelta(seconds=3000) < cloud.now - cloud.began < timedelta(seconds=3200)


def test_protection_is_told_and_can_be_ended() -> None:
    cloud = Cloud()
    cloud.service()
    (task,) = cloud.tasks()
    named = {"cluster": CLUSTER, "tasks": [task["taskArn"]]}

    cloud.ecs.update_task_protection(protectionEnabled=True, **named)
    (told,) = cloud.ecs.get_task_protection(**named)["protectedTasks"]
    cloud.deploy()
    cloud.pass_time(300)
    held = len(cloud.tasks())
    cloud.ecs.update_task_protection(protectionEnabled=False, **named)
    cloud.settle()

    assert told == {
        "taskArn": task["taskArn"],
        "protectionEnabled": True,
        "expirationDate": cloud.now.replace(hour=14, minute=0, second=55 + 1),
    }
    assert held == 2
    assert len(cloud.tasks()) == 1


def test_protection_does_not_hold_against_a_person_or_a_lost_host() -> None:
    cloud = Cloud()
    cloud.service(Behaviour(protects_for=3600), desiredCount=2)
    cloud.trouble("host-failure")
    cloud.trouble("task-stopped")
    cloud.pass_time(6)

    codes = sorted(task["stopCode"] for task in cloud.tasks(stopped=True))
    assert codes == ["InfrastructureHealth", "UserInitiated"]


def test_early_success_with_deferred_cleanup_completes_while_old_tasks_run() -> None:
    cloud = Cloud()
    cloud.service(desiredCount=4, deploymentConfiguration=early("DEFERRED"))
    _, ours = cloud.deploy()
    cloud.pass_until(lambda: cloud.deployment(ours)["rolloutState"] == "COMPLETED")

    assert cloud.service_deployment()["status"] == "SUCCESSFUL"
    assert states(cloud.look()) == [("PRIMARY", "COMPLETED"), ("ACTIVE", "COMPLETED")]
    assert cloud.look()["runningCount"] == 8
    cloud.settle()
    assert cloud.look()["runningCount"] == 4


def test_early_success_completes_below_the_desired_count() -> None:
    cloud = Cloud()
    configuration = early("DEFERRED") | {"maximumPercent": 150}
    cloud.service(Behaviour(protects_for=900), desiredCount=4, deploymentConfiguration=configuration)
    _, ours = cloud.deploy()
    cloud.pass_until(lambda: cloud.deployment(ours)["rolloutState"] == "COMPLETED")
    at_completion = cloud.deployment(ours)["runningCount"]
    cloud.settle()

    assert at_completion == 2
    assert cloud.deployment(ours)["runningCount"] == 4


def test_early_success_with_blocking_cleanup_removes_the_old_tasks_first() -> None:
    cloud = Cloud()
    cloud.service(desiredCount=4, deploymentConfiguration=early("BLOCKING") | {"maximumPercent": 150})
    _, ours = cloud.deploy()
    cloud.pass_until(lambda: cloud.deployment(ours)["rolloutState"] == "COMPLETED")

    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]
    assert {task["startedBy"] for task in cloud.tasks()} == {ours}


def test_early_success_below_the_minimum_is_refused() -> None:
    cloud = Cloud()
    cloud.define()
    with pytest.raises(ClientError, match="healthyPercent must be greater"):
        cloud.create(deploymentConfiguration=early("BLOCKING", percent=10))


def test_alarms_keep_a_deployment_open_for_their_bake_time() -> None:
    plain, watched = Cloud(), Cloud()
    plain.service()
    watched.service(deploymentConfiguration={"alarms": ALARMS})
    for cloud in (plain, watched):
        cloud.deploy()
        cloud.settle()

    assert watched.now - watched.began > plain.now - plain.began + timedelta(seconds=200)
    assert watched.service_deployment()["alarms"]["status"] == "MONITORING_COMPLETE"


def test_an_alarm_during_the_bake_time_rolls_the_deployment_back() -> None:
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration={"alarms": ALARMS})
    digest, ours = cloud.deploy()
    arn = cloud.look()["currentServiceDeployment"]
    cloud.pass_time(120)
    baking = (cloud.running(), cloud.deployment(ours)["rolloutState"])
    cloud.trouble("alarm")
    cloud.settle()

    assert baking == ([digest], "IN_PROGRESS")
    assert cloud.running() == [before]
    record = cloud.service_deployment(arn)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors"],
        "triggeredAlarmNames": ["errors"],
    }
    assert f"(deployment {ours}) deployment failed: alarm detected." in cloud.events()


def test_an_alarm_that_was_on_before_the_deployment_is_ignored() -> None:
    """So that what mends it can be deployed: the guide on alarms."""
    cloud = Cloud()
    cloud.service(deploymentConfiguration={"alarms": ALARMS})
    cloud.trouble("alarm")
    digest, _ = cloud.deploy()
    cloud.settle()

    assert cloud.running() == [digest]
    assert cloud.service_deployment()["alarms"]["status"] == "DISABLED"


def test_an_alarm_that_ended_is_watched_again() -> None:
    cloud = Cloud()
    cloud.service(deploymentConfiguration={"alarms": ALARMS})
    cloud.trouble("alarm")
    cloud.trouble("none")
    cloud.deploy()

    assert cloud.service_deployment()["alarms"]["status"] == "MONITORING"


def test_percentages_that_allow_no_step_keep_a_deployment_open_without_a_word() -> None:
    """aws/containers-roadmap#485."""
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 100})
    events = cloud.events()
    cloud.deploy()
    cloud.pass_time(3600)

    assert cloud.running() == [before]
    assert cloud.events() == events
    assert states(cloud.look())[0] == ("PRIMARY", "IN_PROGRESS")


def test_targets_must_be_healthy_before_old_tasks_stop_and_drain() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER], launchType="FARGATE")
    cloud.deploy()
    cloud.pass_until(lambda: cloud.look()["runningCount"] == 2)
    cloud.pass_time(9)
    both = targets(cloud)
    cloud.pass_time(2)
    draining = targets(cloud)
    statuses = sorted(task["lastStatus"] for task in every_task(cloud))
    cloud.settle()

    assert (both, draining) == (["healthy", "initial"], ["draining", "healthy"])
    assert statuses == ["DEACTIVATING", "RUNNING"]
    assert targets(cloud) == ["healthy"]
    assert any("has begun draining connections on 1 tasks." in event for event in cloud.events())


def targets(cloud: Cloud) -> list[str]:
    answer = cloud.client("elbv2").describe_target_health(TargetGroupArn=TARGETS)
    return sorted(description["TargetHealth"]["State"] for description in answer["TargetHealthDescriptions"])


def every_task(cloud: Cloud) -> list[Json]:
    return cloud.tasks() + cloud.tasks(stopped=True)


def test_a_target_that_drains_is_not_called_healthy() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER])
    cloud.update(desiredCount=2)
    cloud.pass_until(lambda: targets(cloud) == ["healthy", "initial"])
    newest = max(cloud.tasks(), key=lambda task: task["createdAt"])
    cloud.ecs.stop_task(cluster=CLUSTER, task=newest["taskArn"])
    cloud.pass_time(11)

    assert targets(cloud).count("draining") == 1


def test_a_deleted_target_group_keeps_a_deployment_open_and_says_so() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER])
    cloud.trouble("target-group-missing")
    cloud.deploy()
    cloud.pass_time(600)

    assert states(cloud.look())[0] == ("PRIMARY", "IN_PROGRESS")
    assert any("failed to register targets" in event for event in cloud.events())
    with pytest.raises(ClientError, match="TargetGroupNotFound"):
        targets(cloud)


def test_targets_that_fail_later_have_their_tasks_replaced() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER], deploymentConfiguration=breaker())
    (before,) = cloud.tasks()
    cloud.trouble("targets-fail")
    cloud.pass_time(120)
    cloud.trouble("none")
    cloud.settle()

    assert [task["taskArn"] for task in cloud.tasks()] != [before["taskArn"]]
    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]


def test_a_task_with_a_health_check_is_unknown_then_healthy() -> None:
    cloud = Cloud()
    cloud.service(checked=True)
    cloud.deploy()
    cloud.pass_until(lambda: cloud.look()["runningCount"] == 2)
    before = sorted(task["healthStatus"] for task in cloud.tasks())
    cloud.settle()

    assert before == ["HEALTHY", "UNKNOWN"]
    assert [task["containers"][0]["healthStatus"] for task in cloud.tasks()] == ["HEALTHY"]


def test_without_a_health_check_an_unhealthy_image_is_not_noticed() -> None:
    cloud = Cloud()
    digest = cloud.service(Behaviour(healthy=False))

    assert cloud.running() == [digest]
    assert cloud.look(SERVICE)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_targets_of_a_group_that_no_load_balancer_uses_are_unused_and_hold_up_no_deployment() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER])
    cloud.trouble("targets-unused")
    digest, _ = cloud.deploy()
    cloud.settle()

    assert cloud.running() == [digest]
    answer = cloud.client("elbv2").describe_target_health(TargetGroupArn=TARGETS)
    (target,) = answer["TargetHealthDescriptions"]
    assert (target["TargetHealth"]["State"], target["TargetHealth"]["Reason"]) == (
        "unused",
        "Target.NotInUse",
    )


@pytest.mark.parametrize(("host_port", "bound"), [(8080, 8080), (0, 32768)], ids=["static", "dynamic"])
def test_tasks_without_addresses_are_targets_by_their_instance_and_its_port(
    host_port: int, bound: int
) -> None:
    cloud = Cloud()
    region = cloud.simulation.region(ACCOUNT, REGION)
    region.clusters[CLUSTER].instances = 2
    cloud.registry.push()
    cloud.ecs.register_task_definition(
        family=SERVICE,
        networkMode="bridge",
        containerDefinitions=[
            {"name": "app", "image": IMAGE, "portMappings": [{"containerPort": 8000, "hostPort": host_port}]}
        ],
    )
    cloud.create(loadBalancers=[BALANCER], desiredCount=2)
    cloud.settle()

    tasks = cloud.tasks()
    hosts = [task["containerInstanceArn"] for task in tasks]
    bindings = [task["containers"][0]["networkBindings"] for task in tasks]
    assert [[binding["hostPort"] for binding in bindings_of_task] for bindings_of_task in bindings] == [
        [bound],
        [bound],
    ]
    assert not any(task["containers"][0]["networkInterfaces"] for task in tasks)
    gone = f"{hosts[0][:-1]}f"
    answer = cloud.ecs.describe_container_instances(cluster=CLUSTER, containerInstances=[*hosts, gone])
    assert answer["failures"] == [{"arn": gone, "reason": "MISSING"}]
    ids = {found["ec2InstanceId"] for found in answer["containerInstances"]}
    assert len(ids) == 2
    found = cloud.client("elbv2").describe_target_health(TargetGroupArn=TARGETS)["TargetHealthDescriptions"]
    assert {(target["Target"]["Id"], target["Target"]["Port"]) for target in found} == {
        (instance, bound) for instance in ids
    }
