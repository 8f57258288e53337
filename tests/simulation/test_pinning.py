"""How a tag becomes a digest. Source: the AWS guide on rolling deployments, container image resolution."""

from __future__ import annotations

from collections.abc import Collection

from tests.simulation.cloud import (
    ACCOUNT,
    CLUSTER,
    IMAGE,
    REGION,
    REPOSITORY,
    SERVICE,
    Cloud,
    breaker,
    states,
)
from weco_deploy.sandbox.ecs import Behaviour, Image, NotPullable


def pinned(cloud: Cloud) -> list[str | None]:
    """The digests that the target revision of the current service deployment tells."""
    arn = cloud.service_deployment()["targetServiceRevision"]["arn"]
    (revision,) = cloud.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    return [image.get("imageDigest") for image in revision["containerImages"]]


def test_the_tag_counts_that_is_there_when_the_first_task_pulls() -> None:
    cloud = Cloud()
    cloud.service()
    cloud.deploy()
    late = cloud.registry.push()
    cloud.settle()

    assert cloud.running() == [late]


def test_later_tasks_of_a_deployment_keep_to_its_digest_although_the_tag_moved() -> None:
    cloud = Cloud()
    digest = cloud.service()
    cloud.registry.push()
    cloud.update(desiredCount=3)
    cloud.settle()

    assert cloud.running() == [digest] * 3


def test_without_version_consistency_each_new_task_runs_what_the_tag_points_at() -> None:
    cloud = Cloud()
    first = cloud.registry.push()
    cloud.define(versionConsistency="disabled")
    cloud.create()
    cloud.settle()
    second = cloud.registry.push()
    cloud.update(desiredCount=2)
    cloud.settle()

    assert sorted(cloud.running()) == sorted([first, second])
    assert pinned(cloud) == [None]


def test_a_revision_tells_its_digests_once_they_are_resolved() -> None:
    cloud = Cloud()
    cloud.service()
    digest, _ = cloud.deploy()
    before = pinned(cloud)
    cloud.pass_time(7)

    assert before == [None]
    assert pinned(cloud) == [digest]
    assert all(
        "imageDigest" not in task["containers"][0] for task in cloud.tasks() if not task.get("startedAt")
    )


def test_a_tag_that_is_missing_three_times_leaves_the_deployment_unpinned() -> None:
    cloud = Cloud()
    cloud.define()
    cloud.create()
    cloud.pass_until(lambda: len(cloud.tasks(stopped=True)) == 3)
    digest = cloud.registry.push()
    cloud.settle()

    assert cloud.running() == [digest]
    assert pinned(cloud) == [None]
    reasons = {task["stoppedReason"] for task in cloud.tasks(stopped=True)}
    assert reasons == {
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {IMAGE}: "
        f"{IMAGE}: not found"
    }
    assert {task["stopCode"] for task in cloud.tasks(stopped=True)} == {"TaskFailedToStart"}


def test_with_a_breaker_a_tag_that_is_missing_three_times_fails_the_deployment() -> None:
    cloud = Cloud()
    cloud.define()
    cloud.create(deploymentConfiguration=breaker())
    cloud.settle()

    assert states(cloud.look()) == [("PRIMARY", "FAILED")]


def test_a_digest_that_was_deleted_makes_replacement_tasks_fail() -> None:
    cloud = Cloud()
    digest = cloud.service()
    del cloud.registry.images[digest]
    (task,) = cloud.tasks()
    cloud.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
    cloud.pass_time(60)

    failed = [task for task in cloud.tasks(stopped=True) if task["stopCode"] == "TaskFailedToStart"]
    assert failed
    assert f"{REPOSITORY}@{digest}: not found" in failed[0]["stoppedReason"]


def test_a_multi_arch_image_reports_the_child_that_runs() -> None:
    cloud = Cloud()
    cloud.service()
    index = cloud.registry.push(Behaviour(), reported="sha256:child")
    cloud.registry.tags[IMAGE] = index
    cloud.redeploy()
    cloud.settle()

    assert cloud.running() == ["sha256:child"]
    assert pinned(cloud) == [index]


def test_images_that_are_needed_at_the_same_time_are_asked_for_at_once() -> None:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    for number in range(20):
        cloud.create(serviceName=f"{SERVICE}-{number}", desiredCount=3)
    cloud.pass_time(60)

    assert cloud.registry.asked == [[IMAGE]]


def test_images_are_asked_for_while_the_lock_is_free() -> None:
    cloud = Cloud()
    region = cloud.simulation.region(ACCOUNT, REGION)
    held: list[bool] = []
    find = cloud.registry.resolve

    def resolve(references: Collection[str]) -> dict[str, Image | NotPullable]:
        held.append(region.lock._is_owned())  # type: ignore[attr-defined]  # an RLock tells it to nobody else
        return find(references)

    cloud.registry.resolve = resolve  # type: ignore[method-assign]  # what the simulation calls
    cloud.service()

    assert held == [False]


def test_images_are_resolved_as_far_as_a_jump_of_the_clock_needs_them() -> None:
    cloud = Cloud()
    digest = cloud.registry.push()
    cloud.registry.push(Behaviour(), "other:1")
    cloud.define("other", image="other:1")
    cloud.define()
    cloud.ecs.run_task(cluster=CLUSTER, taskDefinition="other")
    cloud.create()
    cloud.now = cloud.now.replace(hour=20)

    assert cloud.running() == [digest]
    assert cloud.registry.asked == [["other:1"], [IMAGE]]


def test_a_container_logs_what_its_image_says() -> None:
    cloud = Cloud()
    cloud.registry.push(Behaviour(lines=("one", "two", "three")))
    options = {"awslogs-group": "/ecs/web", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"}
    cloud.define(logConfiguration={"logDriver": "awslogs", "options": options})
    cloud.create()
    cloud.settle()
    (task,) = cloud.tasks()
    stream = f"ecs/app/{task['taskArn'].rsplit('/', 1)[-1]}"

    answer = cloud.client("logs").get_log_events(logGroupName="/ecs/web", logStreamName=stream, limit=2)

    assert [event["message"] for event in answer["events"]] == ["two", "three"]
