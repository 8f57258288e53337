"""Tasks: listing, running by hand, stopping, and what is told of those that stopped. Source: the service model."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import CLUSTER, CRASH, IMAGE, SERVICE, Cloud, Json
from weco_deploy.sandbox.ecs import Behaviour


def run(cloud: Cloud, **request: object) -> list[Json]:
    ran: list[Json] = cloud.ecs.run_task(cluster=CLUSTER, taskDefinition=SERVICE, **request)["tasks"]
    return ran


def described(cloud: Cloud, *arns: str) -> list[Json]:
    found: list[Json] = cloud.ecs.describe_tasks(cluster=CLUSTER, tasks=list(arns))["tasks"]
    return found


def test_a_task_goes_from_provisioning_to_running() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    (task,) = run(cloud)
    seen = []
    for _ in range(12):
        (now,) = described(cloud, task["taskArn"])
        if now["lastStatus"] not in seen:
            seen.append(now["lastStatus"])
        cloud.pass_time(1)

    assert seen == ["PROVISIONING", "PENDING", "RUNNING"]
    (now,) = described(cloud, task["taskArn"])
    assert now["createdAt"] < now["pullStartedAt"] < now["pullStoppedAt"] <= now["startedAt"]


def test_a_task_that_was_run_by_hand_ends_with_its_container() -> None:
    cloud = Cloud()
    cloud.registry.push(Behaviour(exits_after=60, exit_code=0))
    cloud.define()
    (task,) = run(cloud, startedBy="migrations")
    cloud.pass_time(120)

    (ended,) = described(cloud, task["taskArn"])
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert ended["containers"][0]["exitCode"] == 0
    assert (ended["group"], ended["startedBy"]) == (f"family:{SERVICE}", "migrations")


def test_a_command_of_its_own_runs_for_a_while_and_ends_with_its_code() -> None:
    cloud = Cloud()
    cloud.registry.push(Behaviour(command_seconds=30, command_code=3))
    cloud.define()
    override = {"name": "app", "command": ["migrate"]}
    (task,) = run(cloud, overrides={"containerOverrides": [override]})
    assert task["overrides"]["containerOverrides"] == [override]
    cloud.pass_time(20)
    assert described(cloud, task["taskArn"])[0]["lastStatus"] == "RUNNING"
    cloud.pass_time(30)

    (ended,) = described(cloud, task["taskArn"])
    assert (ended["lastStatus"], ended["containers"][0]["exitCode"]) == ("STOPPED", 3)
    with pytest.raises(ClientError, match="not a container in the TaskDefinition"):
        run(cloud, overrides={"containerOverrides": [{"name": "other", "command": ["migrate"]}]})


def test_a_command_of_the_task_definition_ends_in_a_task_of_its_own() -> None:
    cloud = Cloud()
    cloud.registry.push(Behaviour(command_seconds=30, command_code=3))
    container = {"name": "app", "image": IMAGE, "command": ["migrate"]}
    cloud.ecs.register_task_definition(family=SERVICE, containerDefinitions=[container])
    (task,) = run(cloud)
    cloud.pass_time(50)

    (ended,) = described(cloud, task["taskArn"])
    assert (ended["lastStatus"], ended["containers"][0]["exitCode"]) == ("STOPPED", 3)


def test_a_task_with_its_own_network_interface_needs_a_network() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.ecs.register_task_definition(
        family="own", networkMode="awsvpc", containerDefinitions=[{"name": "app", "image": IMAGE}]
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    with pytest.raises(ClientError, match="Network Configuration must be provided"):
        cloud.ecs.run_task(cluster=CLUSTER, taskDefinition="own")
    assert cloud.ecs.run_task(cluster=CLUSTER, taskDefinition="own", networkConfiguration=network)["tasks"]


def test_the_same_token_runs_no_second_task() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    (task,) = run(cloud, clientToken="once")

    assert [started["taskArn"] for started in run(cloud, clientToken="once")] == [task["taskArn"]]
    with pytest.raises(ClientError, match="ConflictException"):
        run(cloud, clientToken="once", startedBy="somebody")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        run(cloud, count=11)


def test_started_by_must_be_the_only_filter() -> None:
    cloud = Cloud()
    cloud.service()
    (task,) = cloud.tasks()

    found = cloud.ecs.list_tasks(cluster=CLUSTER, startedBy=task["startedBy"])

    assert found["taskArns"] == [task["taskArn"]]
    with pytest.raises(ClientError, match="must be the only filter"):
        cloud.ecs.list_tasks(cluster=CLUSTER, startedBy=task["startedBy"], serviceName=SERVICE)


def test_tasks_are_listed_by_service_family_and_status() -> None:
    cloud = Cloud()
    cloud.service()
    (alone,) = run(cloud)

    def listed(**request: object) -> int:
        return len(cloud.ecs.list_tasks(cluster=CLUSTER, **request)["taskArns"])

    assert (listed(), listed(serviceName=SERVICE), listed(family=SERVICE), listed(family="none")) == (
        2,
        1,
        2,
        0,
    )
    cloud.ecs.stop_task(cluster=CLUSTER, task=alone["taskArn"])
    assert (listed(), listed(desiredStatus="STOPPED"), listed(desiredStatus="PENDING")) == (1, 1, 0)


def test_tasks_come_in_pages_of_a_hundred() -> None:
    cloud = Cloud()
    cloud.service(desiredCount=130)

    first = cloud.ecs.list_tasks(cluster=CLUSTER)
    second = cloud.ecs.list_tasks(cluster=CLUSTER, nextToken=first["nextToken"])

    assert (len(first["taskArns"]), len(second["taskArns"])) == (100, 30)
    assert not set(first["taskArns"]) & set(second["taskArns"])


def test_a_task_that_is_told_to_stop_runs_on_for_a_while() -> None:
    cloud = Cloud()
    cloud.service()
    (task,) = cloud.tasks()
    cloud.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason="by hand")

    (stopping,) = described(cloud, task["taskArn"])
    assert (stopping["lastStatus"], stopping["desiredStatus"]) == ("RUNNING", "STOPPED")
    assert cloud.look()["runningCount"] == 1
    cloud.pass_time(5)
    (stopped,) = described(cloud, task["taskArn"])
    assert (stopped["lastStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "by hand",
    )
    assert stopped["containers"][0]["exitCode"] == 143


def test_a_task_on_fargate_does_not_count_as_running_while_it_stops() -> None:
    cloud = Cloud()
    cloud.service(launchType="FARGATE")
    (task,) = cloud.tasks()
    cloud.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])

    assert [described_task["lastStatus"] for described_task in described(cloud, task["taskArn"])] == [
        "STOPPING"
    ]
    assert cloud.look()["runningCount"] == 0


def test_stopped_tasks_are_told_for_an_hour() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.update(desiredCount=0)
    cloud.settle()
    (task,) = cloud.tasks(stopped=True)
    cloud.pass_time(3599)
    assert len(cloud.tasks(stopped=True)) == 1
    cloud.pass_time(2)

    assert cloud.tasks(stopped=True) == []
    answer = cloud.ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]])
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_a_container_that_crashes_takes_its_sidecar_along_which_is_killed() -> None:
    cloud = Cloud()
    cloud.registry.push(CRASH)
    cloud.registry.push(Behaviour(), "fluent:1")
    definitions = [{"name": "app", "image": IMAGE}, {"name": "log", "image": "fluent:1"}]
    cloud.ecs.register_task_definition(family=SERVICE, containerDefinitions=definitions)
    (task,) = run(cloud)
    cloud.pass_time(60)

    (ended,) = described(cloud, task["taskArn"])
    assert [(container["name"], container.get("exitCode")) for container in ended["containers"]] == [
        ("app", 3),
        ("log", 137),
    ]


def test_a_container_that_is_not_essential_ends_alone() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.registry.push(Behaviour(exits_after=1, exit_code=0), "migrate:1")
    definitions = [
        {"name": "app", "image": IMAGE},
        {"name": "migrate", "image": "migrate:1", "essential": False},
    ]
    cloud.ecs.register_task_definition(family=SERVICE, containerDefinitions=definitions)
    (task,) = run(cloud)
    cloud.pass_time(60)

    (running,) = described(cloud, task["taskArn"])
    assert [container["lastStatus"] for container in running["containers"]] == ["RUNNING", "STOPPED"]
    assert running["lastStatus"] == "RUNNING"


def test_only_tasks_of_a_service_are_protected() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    (alone,) = run(cloud)

    answer = cloud.ecs.update_task_protection(
        cluster=CLUSTER, tasks=[alone["taskArn"], "0" * 32], protectionEnabled=True
    )

    assert answer["protectedTasks"] == []
    assert [failure["reason"] for failure in answer["failures"]] == ["TASK_NOT_VALID", "MISSING"]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.ecs.update_task_protection(
            cluster=CLUSTER, tasks=[alone["taskArn"]], protectionEnabled=True, expiresInMinutes=2881
        )
