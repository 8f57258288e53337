"""Environments in another region, whose services pull from a replica of the repository there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    deployments,
    killed,
    recorded,
    release_deploy,
    statuses,
    written,
)
from tests.world import World
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, Throttled
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Notice, PollFailed
from weco_deploy.model.registry import EcrAddress

VIRGINIA = EcrAddress("111122223333", "us-east-1")
HOST = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ABROAD = replace(
    ONE_AND_ONE,
    environments=tuple(
        replace(environment, region_name="us-east-1") if environment.id == "stage" else environment
        for environment in ONE_AND_ONE.environments
    ),
)


def abroad(
    lag: float,
    *,
    failure_code: str = "",
    rules: bool = True,
    address: EcrAddress = VIRGINIA,
    host: str = HOST,
) -> World:
    """Stage is in Virginia, and runs the image from the replica there."""
    world = World.of(ABROAD)
    world.replicate(address, lag, failure_code=failure_code, rules=rules)
    world.redefine("search-api", "stage", "env.stage", registry=host)
    world.settle_down()
    return world


def notices(told: Told) -> list[str]:
    return [event.message for event in told.events if isinstance(event, Notice)]


def test_service_that_somebody_gave_another_tag_while_the_replica_lagged_is_superseded() -> None:
    world = abroad(95)
    world.push("search")
    world.at(30, lambda: world.redefine("search-api", "stage", "latest"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUPERSEDED}
    assert f"its tasks run {HOST}/uk.ac.wellcome/search:latest" in deployment.services[0].reason
    assert deployment.rollback is None


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (VIRGINIA, HOST),
        (VIRGINIA, "111122223333.dkr-ecr.us-east-1.on.aws"),
        (
            EcrAddress("999988887777", "us-east-1"),
            "999988887777.dkr.ecr.us-east-1.amazonaws.com",
        ),
    ],
)
def test_services_restart_only_once_the_replica_has_the_release(address: EcrAddress, host: str) -> None:
    world = abroad(95, address=address, host=host)
    old, new = world.tag("search", "env.stage"), world.push("search")
    begun, told = world.now(), Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    (moved,) = [call for call in world.calls if call.name == "registry.point"]
    (redeployed,) = [call for call in world.calls if call.name == "runtime.redeploy"]
    assert (moved.at - begun).total_seconds() < 10
    assert 95 <= (redeployed.at - begun).total_seconds() < 120
    (notice,) = notices(told)
    assert notice.startswith(
        "waiting for ECR's replication: env.stage in the replica of uk.ac.wellcome/search"
    )
    assert old is not None
    assert f"points at {old[:19]}, not at the release's image" in notice
    assert ("account" in notice) is (address.account != "111122223333")


def test_nothing_is_said_if_the_replica_has_the_release_at_once() -> None:
    world = abroad(0)
    world.push("search")
    told = Told()

    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED
    assert notices(told) == []
    assert world.count("replicas.digest") == 1


@pytest.mark.parametrize(
    ("failure_code", "rules", "why"),
    [
        ("", True, "ECR has replicated the image, but not yet its tag"),
        ("KmsKeyNotFound", True, "ECR could not replicate the image (KmsKeyNotFound)"),
        ("", False, "ECR does not replicate this image there: look at the registry's replication rules"),
    ],
)
def test_tags_go_back_and_nothing_restarts_if_the_release_does_not_arrive(
    failure_code: str, rules: bool, why: str
) -> None:
    world = abroad(10_000, failure_code=failure_code, rules=rules)
    before, started = world.tag("search", "env.stage"), len(world.calls)
    world.push("search")
    begun = world.now()

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert "the release was not replicated within 600 s, so no service was redeployed" in deployment.reason
    assert why in deployment.reason
    assert deployment.rollback is None
    assert 600 <= (world.now() - begun).total_seconds() < 640
    assert world.tag("search", "env.stage") == before
    assert "runtime.redeploy" not in written(world, started)
    assert statuses(deployment) == {"search-api": ServiceStatus.PENDING}
    assert deployments(world)[0] == deployment
    record = recorded(world)
    assert record.lock is None
    assert record.good is None


def test_reason_says_if_ecr_may_not_be_asked_about_the_replication() -> None:
    world = abroad(10_000)
    world.push("search")
    world.fail("replicas.replication", AccessDenied("ecr:DescribeImageReplicationStatus", "not allowed"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert "why is not known: ecr:DescribeImageReplicationStatus: not allowed" in deployment.reason


def test_replica_that_may_not_be_read_fails_the_deployment_and_tags_go_back() -> None:
    world = abroad(30)
    before = world.tag("search", "env.stage")
    world.push("search")
    world.fail("replicas.digest", AccessDenied("ecr:DescribeImages", "not allowed"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "ecr:DescribeImages: not allowed" in deployment.reason
    assert world.tag("search", "env.stage") == before
    assert world.count("runtime.redeploy") == 0


def test_read_of_a_replica_that_fails_in_passing_is_repeated() -> None:
    world = abroad(0)
    world.push("search")
    world.fail("replicas.digest", Throttled("ecr:DescribeImages", "slow down"))
    told = Told()

    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED
    assert [event.message for event in told.events if isinstance(event, PollFailed)] == [
        "ecr:DescribeImages: slow down"
    ]


def test_run_that_was_killed_while_it_waited_is_repeated_and_waits_again() -> None:
    world = abroad(LEASE_AND_GRACE + 60)
    new = world.push("search")
    assert killed(world, "replicas.digest", nth=2).images["search"].tag_moved
    world.pass_time(LEASE_AND_GRACE)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    assert world.count("runtime.redeploy") == 1


def test_signal_while_waiting_interrupts_the_deployment() -> None:
    world = abroad(95)
    world.push("search")
    world.signal_before(3, "replicas.digest")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert world.count("runtime.redeploy") == 0


def test_environment_in_another_region_that_pulls_from_the_repository_itself_reads_no_replica() -> None:
    world = World.of(ABROAD)
    world.push("search")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.count("replicas.*") == 0


def test_only_replicas_of_services_that_are_redeployed_are_read() -> None:
    two = replace(
        project(images={"search": ["search-api"], "items": ["items-api"]}), environments=ABROAD.environments
    )
    world = World.of(two)
    world.replicate(VIRGINIA, 30)
    for service_id in ("search-api", "items-api"):
        world.redefine(service_id, "stage", "env.stage", registry=HOST)
    world.settle_down()
    world.push("items")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    reads = [call for call in world.calls if call.name == "replicas.digest"]
    assert reads
    assert all("uk.ac.wellcome/items" in call.about for call in reads)
