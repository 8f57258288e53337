"""A deployment from UpdateService to its verdict. Sources: the AWS guides on rolling deployments and the service model."""

from __future__ import annotations

from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import CLUSTER, CRASH, GOOD, SERVICE, Cloud, breaker, states
from weco_deploy.sandbox.ecs import Behaviour, Settings


def test_a_new_service_runs_its_tasks_and_completes_its_deployment() -> None:
    cloud = Cloud()
    digest = cloud.service(desiredCount=2)

    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]
    assert cloud.running() == [digest, digest]
    assert cloud.events()[0] == "has reached a steady state."


def test_new_tasks_start_then_the_old_ones_stop_then_the_deployment_completes() -> None:
    cloud = Cloud()
    before = cloud.service()
    digest, _ = cloud.deploy()

    seen, ran = [states(cloud.look())], [cloud.running()]
    for _ in range(120):
        cloud.pass_time(1)
        if states(cloud.look()) != seen[-1]:
            seen.append(states(cloud.look()))
        if cloud.running() != ran[-1]:
            ran.append(cloud.running())

    assert seen == [
        [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")],
        [("PRIMARY", "IN_PROGRESS")],
        [("PRIMARY", "COMPLETED")],
    ]
    assert ran == [[before], [before, digest], [digest]]


def test_the_answer_of_an_update_has_the_new_deployment_as_its_primary() -> None:
    cloud = Cloud()
    cloud.service()
    (before,) = cloud.look()["deployments"]

    deployments = cloud.update(forceNewDeployment=True)["deployments"]

    assert [(deployment["status"], deployment["id"] == before["id"]) for deployment in deployments] == [
        ("PRIMARY", False),
        ("ACTIVE", True),
    ]
    assert deployments[0]["rolloutStateReason"] == f"ECS deployment {deployments[0]['id']} in progress."


def test_tasks_name_the_deployment_that_started_them() -> None:
    cloud = Cloud()
    cloud.service()
    _, ours = cloud.deploy()
    cloud.settle()

    assert {task["startedBy"] for task in cloud.tasks()} == {ours}
    assert {task["group"] for task in cloud.tasks()} == {f"service:{SERVICE}"}


def test_the_number_of_a_deployment_is_in_the_arn_of_its_target_revision() -> None:
    cloud = Cloud()
    cloud.service()
    _, ours = cloud.deploy()

    target = cloud.service_deployment()["targetServiceRevision"]["arn"]

    assert target.rsplit("/", 1)[-1] == ours.removeprefix("ecs-svc/")


def test_a_service_deployment_is_pending_then_in_progress_then_successful() -> None:
    cloud = Cloud()
    cloud.service()
    source = cloud.service_deployment()["targetServiceRevision"]["arn"]
    cloud.deploy()

    seen = [cloud.service_deployment()["status"]]
    cloud.pass_time(2)
    seen.append(cloud.service_deployment()["status"])
    cloud.settle()
    record = cloud.service_deployment()

    assert [*seen, record["status"]] == ["PENDING", "IN_PROGRESS", "SUCCESSFUL"]
    assert [revision["arn"] for revision in record["sourceServiceRevisions"]] == [source]
    assert record["createdAt"] <= record["startedAt"] < record["finishedAt"]


def test_only_what_changes_a_revision_starts_a_deployment() -> None:
    cloud = Cloud()
    cloud.service()
    (before,) = cloud.look()["deployments"]
    configuration = {"maximumPercent": 150}

    cloud.update(desiredCount=3)
    cloud.update(deploymentConfiguration=configuration)
    cloud.update(taskDefinition=SERVICE)
    unchanged = cloud.look()["deployments"]
    cloud.define()
    cloud.update(taskDefinition=SERVICE)

    assert [deployment["id"] for deployment in unchanged] == [before["id"]]
    assert cloud.look()["deployments"][0]["id"] != before["id"]
    assert cloud.look()["taskDefinition"].endswith(f"{SERVICE}:2")
    assert cloud.look()["deploymentConfiguration"]["maximumPercent"] == 150


def test_a_task_that_is_lost_is_replaced_within_the_same_completed_deployment() -> None:
    cloud = Cloud()
    digest = cloud.service()
    (before,) = cloud.tasks()
    cloud.ecs.stop_task(cluster=CLUSTER, task=before["taskArn"])
    cloud.pass_time(10)
    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]
    cloud.pass_time(60)

    (task,) = cloud.tasks()
    assert task["taskArn"] != before["taskArn"]
    assert task["startedBy"] == before["startedBy"]
    assert cloud.running() == [digest]


def test_scaling_starts_and_stops_tasks_without_a_deployment() -> None:
    cloud = Cloud()
    digest = cloud.service()
    cloud.update(desiredCount=4)
    cloud.settle()
    up = cloud.running()
    cloud.update(desiredCount=0)
    cloud.settle()

    assert up == [digest] * 4
    assert cloud.running() == []
    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]


def test_a_deployment_of_no_tasks_completes() -> None:
    cloud = Cloud()
    cloud.service(desiredCount=0)
    _, ours = cloud.deploy(CRASH)
    cloud.settle()

    assert [(deployment["id"], deployment["rolloutState"]) for deployment in cloud.look()["deployments"]] == [
        (ours, "COMPLETED")
    ]


def test_a_later_deployment_supersedes_an_earlier_one() -> None:
    cloud = Cloud()
    cloud.service()
    _, ours = cloud.deploy()
    arn = cloud.look()["currentServiceDeployment"]
    cloud.pass_time(6)
    assert cloud.look()["pendingCount"] == 1

    theirs = cloud.redeploy()
    cloud.pass_time(1)
    requested = cloud.service_deployment(arn)["status"]
    cloud.settle()

    assert requested == "STOP_REQUESTED"
    assert cloud.service_deployment(arn)["status"] == "STOPPED"
    assert [deployment["id"] for deployment in cloud.look()["deployments"]] == [theirs]
    assert ours not in {task["startedBy"] for task in cloud.tasks()}
    assert "stopped 1 pending tasks." in cloud.events()


def test_an_update_is_refused_while_five_deployments_are_open() -> None:
    """`5 active deployments exist`: aws/containers-roadmap#2836."""
    cloud = Cloud()
    cloud.service(Behaviour(protects_for=7200), deploymentConfiguration={"maximumPercent": 1000})
    for _ in range(5):
        cloud.deploy(Behaviour(protects_for=7200))
        cloud.pass_time(20)

    with pytest.raises(ClientError, match="5 active deployments exist"):
        cloud.update(forceNewDeployment=True, desiredCount=7)
    assert len(cloud.look()["deployments"]) == 6
    assert cloud.look()["desiredCount"] == 1


def test_a_stopped_service_deployment_is_rolled_back_whatever_the_service_says() -> None:
    cloud = Cloud()
    before = cloud.service()
    (good,) = cloud.look()["deployments"]
    cloud.deploy(Behaviour(start=600))
    arn = cloud.look()["currentServiceDeployment"]

    cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    requested = cloud.service_deployment(arn)["status"]
    cloud.settle()

    assert requested == "ROLLBACK_REQUESTED"
    assert cloud.service_deployment(arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert cloud.running() == [before]
    assert cloud.look()["deployments"][0]["id"] == good["id"]
    with pytest.raises(ClientError, match="ConflictException"):
        cloud.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_without_a_breaker_a_bad_deployment_is_repeated_for_ever_with_growing_delays() -> None:
    """Up to 27 minutes: the guide on the service throttle logic."""
    cloud = Cloud()
    before = cloud.service()
    cloud.deploy(CRASH)
    cloud.pass_time(3500)

    starts = sorted(task["createdAt"] for task in cloud.tasks(stopped=True))
    delays = [later - earlier for earlier, later in pairwise(starts)]
    assert delays == sorted(delays)
    assert delays[-1] > 20 * delays[0]
    assert states(cloud.look())[0] == ("PRIMARY", "IN_PROGRESS")
    assert cloud.running() == [before]
    assert sum("is unable to consistently start tasks" in event for event in cloud.events()) == 1


def test_a_container_that_exits_after_it_ran_is_restarted_without_delay_and_never_counted() -> None:
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration=breaker())
    _, ours = cloud.deploy(Behaviour(exits_after=8, exit_code=9))
    cloud.pass_time(600)

    crashed = [task for task in cloud.tasks(stopped=True) if task["startedBy"] == ours]
    assert len(crashed) > 20
    assert {task["stopCode"] for task in crashed} == {"EssentialContainerExited"}
    assert {task["containers"][0]["exitCode"] for task in crashed} == {9}
    assert cloud.deployment(ours)["failedTasks"] == 0
    assert states(cloud.look())[0] == ("PRIMARY", "IN_PROGRESS")
    assert before in cloud.running()


def test_tasks_without_health_checks_count_as_healthy_forty_seconds_after_they_run() -> None:
    """From the service model, `minimumHealthyPercent`."""
    cloud = Cloud()
    cloud.service()
    cloud.deploy()
    cloud.pass_until(lambda: cloud.look()["runningCount"] == 2)
    cloud.pass_time(39)
    assert len(cloud.tasks()) == 2
    cloud.pass_time(2)
    assert len(cloud.tasks()) == 1


def test_a_daemon_stops_its_old_task_before_it_starts_the_new_one() -> None:
    cloud = Cloud()
    cloud.service(schedulingStrategy="DAEMON")
    digest, _ = cloud.deploy()
    counts = [cloud.look()["runningCount"]]
    for _ in range(100):
        cloud.pass_time(1)
        if cloud.look()["runningCount"] != counts[-1]:
            counts.append(cloud.look()["runningCount"])

    assert counts == [1, 0, 1]
    assert cloud.running() == [digest]
    assert cloud.look()["desiredCount"] == 1


def test_another_controller_has_task_sets_and_refuses_new_deployments() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    service = cloud.create(deploymentController={"type": "CODE_DEPLOY"})

    assert service["deployments"] == []
    assert [task_set["status"] for task_set in service["taskSets"]] == ["PRIMARY"]
    with pytest.raises(ClientError, match=r"InvalidParameterException.*force a new deployment"):
        cloud.redeploy()


def test_a_classic_load_balancer_hides_the_state_of_a_rollout() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    balancer = {"loadBalancerName": "old", "containerName": "app", "containerPort": 80}
    service = cloud.create(loadBalancers=[balancer])

    assert "rolloutState" not in service["deployments"][0]


def test_speed_divides_durations_and_no_promises() -> None:
    slow, fast = Cloud(), Cloud(Settings(speed=10))
    for cloud in (slow, fast):
        cloud.service()
        cloud.deploy(Behaviour(start=100))
        cloud.settle()
        (task,) = cloud.tasks()
        answer = cloud.ecs.update_task_protection(
            cluster=CLUSTER, tasks=[task["taskArn"]], protectionEnabled=True, expiresInMinutes=5
        )
        assert (answer["protectedTasks"][0]["expirationDate"] - cloud.now).total_seconds() == 300

    assert (fast.now - fast.began) * 10 == slow.now - slow.began


def test_time_does_not_pass_between_requests_of_the_same_moment() -> None:
    cloud = Cloud()
    cloud.service(GOOD)
    cloud.deploy()

    assert [cloud.look() for _ in range(3)] == [cloud.look()] * 3
