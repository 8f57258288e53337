"""What others do to a service, and what goes wrong with it."""

from __future__ import annotations

import pytest

from tests.simulation.cloud import CLUSTER, IMAGE, REPOSITORY, Cloud, breaker, states
from weco_deploy.sandbox.ecs import ApiError, Behaviour
from weco_deploy.sandbox.ecs.trouble import KINDS, START_FAILS


def test_without_capacity_no_task_is_placed_and_the_event_says_why() -> None:
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration=breaker(rollback=False))
    cloud.trouble("no-capacity")
    _, ours = cloud.deploy()
    cloud.pass_time(300)

    assert cloud.running() == [before]
    assert any(
        "Reason: No Container Instances were found in your cluster" in message for message in cloud.events()
    )
    assert cloud.deployment(ours)["rolloutState"] == "FAILED"
    assert {task["startedBy"] for task in cloud.tasks()} != {ours}


def test_capacity_that_comes_back_lets_the_deployment_go_on() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("no-capacity")
    digest, _ = cloud.deploy()
    cloud.pass_time(30)
    cloud.trouble("none")
    cloud.settle()

    assert cloud.running() == [digest]


@pytest.mark.parametrize("kind", START_FAILS)
def test_tasks_that_can_not_be_started_stop_with_the_reason_until_the_trouble_is_over(kind: str) -> None:
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration=breaker(rollback=False, enable=False))
    cloud.trouble(kind)
    digest, ours = cloud.deploy()
    cloud.pass_time(60)

    failed = cloud.tasks(stopped=True)
    assert failed
    assert {(task["stopCode"], task["stoppedReason"]) for task in failed} == {
        ("TaskFailedToStart", START_FAILS[kind])
    }
    assert not any("startedAt" in task for task in failed)
    assert cloud.running() == [before]
    assert cloud.deployment(ours)["failedTasks"] == len(failed)
    cloud.trouble("none")
    cloud.settle()
    assert cloud.running() == [digest]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("spot-interruption", "SpotInterruption"),
        ("host-failure", "InfrastructureHealth"),
        ("termination-notice", "TerminationNotice"),
        ("task-stopped", "UserInitiated"),
    ],
)
def test_a_task_that_is_taken_away_is_replaced_and_told(kind: str, code: str) -> None:
    cloud = Cloud()
    digest = cloud.service(desiredCount=2)
    cloud.trouble(kind)
    cloud.pass_time(6)
    (lost,) = cloud.tasks(stopped=True)
    cloud.settle()

    assert lost["stopCode"] == code
    assert lost["stoppedReason"]
    assert cloud.running() == [digest, digest]


def test_trouble_may_begin_later() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("scaled", after=30, value=3)
    cloud.pass_time(29)
    before = cloud.look()["desiredCount"]
    cloud.pass_time(1)

    assert (before, cloud.look()["desiredCount"]) == (1, 3)


def test_trouble_may_wait_for_the_next_deployment() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("scaled", after=30, value=3, nextDeployment=True)
    cloud.pass_time(300)
    before = cloud.look()["desiredCount"]
    cloud.deploy()
    cloud.pass_time(29)
    during = cloud.look()["desiredCount"]
    cloud.pass_time(1)
    scaled = cloud.look()["desiredCount"]
    cloud.ecs.update_service(cluster=CLUSTER, service="web", desiredCount=1)
    cloud.deploy()
    cloud.pass_time(60)

    assert (before, during, scaled) == (1, 1, 3)
    assert cloud.look()["desiredCount"] == 1, "it happens once"


def test_somebody_redeploys_in_the_middle() -> None:
    cloud = Cloud()
    cloud.service()
    digest, ours = cloud.deploy()
    cloud.trouble("redeployed", after=20)
    cloud.settle()

    (primary,) = cloud.look()["deployments"]
    assert primary["id"] != ours
    assert cloud.running() == [digest]


def test_somebody_deletes_a_service() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("deleted")
    cloud.pass_time(30)

    assert cloud.look()["status"] == "INACTIVE"
    cloud.trouble("redeployed")


def test_somebody_deletes_a_service_and_makes_it_again() -> None:
    cloud = Cloud()
    tags = [{"key": "deployment:env", "value": "stage"}]
    digest = cloud.service(desiredCount=2, tags=tags)
    created = cloud.look()["createdAt"]
    cloud.trouble("recreated")
    cloud.pass_time(1)
    gone = cloud.look()["status"]
    cloud.pass_until(lambda: cloud.look()["status"] == "ACTIVE")
    cloud.settle()

    assert gone == "DRAINING"
    assert cloud.look()["createdAt"] > created
    assert cloud.look()["tags"] == tags
    assert cloud.running() == [digest] * 2


def test_tasks_may_report_no_digest() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("hides-digests")
    cloud.deploy()
    cloud.settle()

    assert cloud.look()["runningCount"] == 1
    assert cloud.running() == []


def test_a_revision_may_tell_no_digest() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.trouble("hides-revisions")
    arn = cloud.service_deployment()["targetServiceRevision"]["arn"]

    (revision,) = cloud.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]

    assert revision["containerImages"] == [{"containerName": "app", "image": IMAGE}]


def test_a_task_may_name_its_image_by_digest_alone() -> None:
    """aws/amazon-ecs-agent#4226 and #4256."""
    cloud = Cloud()
    digest = cloud.service()
    (before,) = cloud.tasks()
    cloud.trouble("image-by-digest")

    (task,) = cloud.tasks()

    assert before["containers"][0]["image"] == IMAGE
    assert task["containers"][0]["image"] == f"{REPOSITORY}@{digest}"


def test_an_instance_that_pulls_once_runs_the_wrong_image() -> None:
    """ECS_IMAGE_PULL_BEHAVIOR: aws/amazon-ecs-agent."""
    cloud = Cloud()
    before = cloud.service()
    cloud.trouble("pulls-once")
    digest, ours = cloud.deploy()
    cloud.settle()

    assert cloud.deployment(ours)["rolloutState"] == "COMPLETED"
    assert cloud.running() == [before] != [digest]


def test_flaky_images_fail_a_number_of_times_in_each_deployment() -> None:
    cloud = Cloud()
    cloud.service()
    digest, first = cloud.deploy(Behaviour(failing_starts=1))
    cloud.settle()
    second = cloud.redeploy()
    cloud.settle()

    failed = [
        task["startedBy"] for task in cloud.tasks(stopped=True) if task["containers"][0]["exitCode"] == 1
    ]
    assert failed == [first, second]
    assert cloud.running() == [digest]


def test_unknown_trouble_is_refused() -> None:
    cloud = Cloud()
    cloud.service()
    with pytest.raises(ApiError, match="there is no trouble 'flood'"):
        cloud.trouble("flood")
    with pytest.raises(ApiError, match="needs a value"):
        cloud.trouble("scaled")
    with pytest.raises(ApiError, match="ServiceNotFoundException"):
        cloud.trouble("none", service="other")


@pytest.mark.parametrize("kind", sorted(KINDS - {"deleted"}))
def test_whatever_happens_the_service_runs_its_image_in_the_end(kind: str) -> None:
    cloud = Cloud()
    cloud.service(desiredCount=2)
    digest, _ = cloud.deploy()
    cloud.trouble(kind, after=15, value=3)
    cloud.pass_time(120)
    cloud.trouble("none")
    cloud.ecs.update_service(cluster=CLUSTER, service="web", forceNewDeployment=True)
    cloud.settle()

    assert set(cloud.running()) == {digest}
    assert states(cloud.look()) == [("PRIMARY", "COMPLETED")]


def test_a_container_that_exits_ends_its_task_which_is_replaced_and_never_counted() -> None:
    cloud = Cloud()
    cloud.service()
    (before,) = cloud.tasks()
    cloud.trouble("container-exit")

    (stopped,) = cloud.tasks(stopped=True)
    cloud.settle()

    assert (stopped["taskArn"], stopped["stopCode"]) == (before["taskArn"], "EssentialContainerExited")
    assert stopped["containers"][0]["exitCode"] == 1
    assert [task["lastStatus"] for task in cloud.tasks()] == ["RUNNING"]
    assert cloud.look()["deployments"][0]["failedTasks"] == 0
