"""The deployment's process died: `confirm-deploy` takes the record up and closes it by what runs."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    confirm_deploy,
    deployments,
    killed,
    recorded,
    release_deploy,
    written,
)
from tests.world import Killed, World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.errors import EnvironmentLocked
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Notice, Settled


def test_a_deployment_that_was_cut_off_is_settled_by_what_runs() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    left = killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    told = Told()

    deployment = confirm_deploy(world, told=told)

    assert deployment.deployment_id == left.deployment_id
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    (kept,) = deployments(world)
    assert kept.status is DeploymentStatus.SUCCEEDED
    record = recorded(world)
    assert record.lock is None
    assert record.good == record.current
    assert record.images["search"].digest == new
    assert any("took over stage from" in event.message for event in told.events if isinstance(event, Notice))


def test_a_record_that_is_taken_up_again_is_claimed_before_it_is_settled() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    left = killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    told = Told()

    deployment = confirm_deploy(world, told=told)

    takeover, claimed, *_, settled = told.events
    assert isinstance(takeover, Notice)
    assert isinstance(claimed, Claimed)
    assert (claimed.deployment.deployment_id, claimed.plan) == (left.deployment_id, None)
    assert settled == Settled(deployment)


@pytest.mark.parametrize("told", [True, False], ids=["revision-told", "nothing-told"])
def test_a_rollout_that_goes_on_after_its_process_died_is_watched_to_its_end(told: bool) -> None:
    world = World.of(ONE_AND_ONE)
    world.declared("search-api", "stage").trouble.hides_revisions = not told
    new = world.push("search", slow(200))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world, wait=300.0).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_deployment_that_was_cut_off_before_it_redeployed_has_failed_and_says_so() -> None:
    world = World.of(ONE_AND_ONE)
    world.pass_time(60)
    old = world.tag("search", "env.stage")
    assert old is not None
    new = world.push("search")
    killed(world, "registry.point")
    world.pass_time(LEASE_AND_GRACE)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    (service,) = deployment.services
    assert "it was not redeployed, because the deployment was cut off before" in service.reason
    assert f"runs {old[:19]} of search" in service.reason
    assert "ECS_IMAGE_PULL_BEHAVIOR" not in service.reason
    assert deployment.images["search"].tag_moved
    assert recorded(world).images["search"].digest == new
    assert (
        "env.stage still points at the image of search that the failed services do not run"
        in deployment.reason
    )


def test_image_of_a_deployment_that_was_cut_off_before_it_redeployed_is_not_known_bad() -> None:
    world = World.of(ONE_AND_ONE)
    world.pass_time(60)
    world.push("search")
    killed(world, "registry.point")
    world.pass_time(LEASE_AND_GRACE)
    confirm_deploy(world)
    told = Told()

    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED

    (claimed,) = (event for event in told.events if isinstance(event, Claimed))
    assert claimed.plan is not None
    assert not [warning for warning in claimed.plan.warnings if "failed here" in warning]


def test_service_that_was_redeployed_without_a_record_of_it_is_watched() -> None:
    world = World.of(ONE_AND_ONE)
    world.pass_time(60)
    new = world.push("search", slow(200))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world, wait=300.0).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_a_deployment_that_was_cut_off_before_it_changed_anything_has_failed_and_the_environment_is_free() -> (
    None
):
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "store.claim")
    world.pass_time(LEASE_AND_GRACE)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployments(world)[0].status is DeploymentStatus.FAILED
    record = recorded(world)
    assert record.lock is None
    assert "search" not in record.images
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_a_service_scaled_to_nothing_that_was_not_redeployed_yet_has_failed() -> None:
    world = World.of(ONE_AND_ONE, desired=0)
    world.push("search")
    killed(world, "registry.point")
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world).status is DeploymentStatus.FAILED


def test_a_service_that_was_deleted_since_is_no_success() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    killed(world, "store.note", nth=2)
    world.pass_time(LEASE_AND_GRACE)
    world.delete_service("search-worker", "stage")

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    (failed,) = [service for service in deployment.services if service.status is ServiceStatus.FAILED]
    assert failed.reason == "stage/search-worker is not found any more"


@pytest.mark.parametrize("seconds", [135, 300])
def test_the_cause_of_a_failure_is_found_after_ecs_has_rolled_back(seconds: int) -> None:
    world = World.of(ONE_AND_ONE, breaker=True, rolls_back=True)
    release_deploy(world)
    world.push("search", crash(code=7, lines=("no database",)))
    world.cut_after(2, "runtime.describe")
    with pytest.raises(Killed):
        release_deploy(world, interval=5.0)
    world.pass_time(seconds)

    (service,) = confirm_deploy(world).services

    assert service.status is ServiceStatus.FAILED
    tasks = [failure for failure in service.failures if failure.kind == "task"]
    assert {(failure.exit_code, failure.log_lines) for failure in tasks} == {(7, ("no database",))}
    assert any(failure.kind == "event" for failure in service.failures)


def test_a_signal_while_the_rollout_is_watched_settles_it_as_interrupted() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    world.signal_at(25)

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert deployments(world)[0].status is DeploymentStatus.INTERRUPTED
    assert recorded(world).lock is None


def test_a_deployment_that_somebody_else_settles_at_that_moment_is_judged_again() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    first: list[Deployment] = []
    world.before("store.resume", lambda _: first.append(confirm_deploy(world)))

    second = confirm_deploy(world)

    assert first[0].status is second.status is DeploymentStatus.SUCCEEDED
    assert world.count("store.settle") == 1


def test_an_environment_that_always_changes_ends_with_locked() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "store.claim")
    world.pass_time(LEASE_AND_GRACE)

    def meddle(_: object) -> None:
        world.somebody_locks("stage", lease_seconds=10)
        world.somebody_unlocks("stage")

    world.before("store.resume", meddle, times=10)

    with pytest.raises(EnvironmentLocked, match="changed by others 3 times"):
        confirm_deploy(world)


def test_a_deployment_that_was_cut_off_keeps_its_record_while_the_environment_is_locked_by_hand() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    world.somebody_locks("stage")
    before = len(world.calls)

    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert written(world, before) == []
