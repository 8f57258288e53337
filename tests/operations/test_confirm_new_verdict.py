"""A deployment turns out otherwise than its record says: the record gets the new verdict."""

from __future__ import annotations

from tests.operations.runs import (
    Told,
    confirm_deploy,
    deployments,
    promote,
    recorded,
    release_deploy,
    statuses,
    written,
)
from tests.world import World, crash, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Notice, Settled


def test_a_deployment_that_timed_out_is_watched_further_and_recorded_as_succeeded() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search", slow(300))
    assert release_deploy(world, wait=60.0).status is DeploymentStatus.TIMED_OUT

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    assert deployment.reason == "it was recorded as timed_out before"
    assert deployments(world) == (deployment,)
    record = recorded(world)
    assert record.lock is None
    assert record.current == record.good
    assert record.good is not None
    assert record.good.status is DeploymentStatus.SUCCEEDED
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_a_record_that_gets_a_new_verdict_is_claimed_before_it_is_settled() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    first = release_deploy(world, wait=60.0)
    told = Told()

    deployment = confirm_deploy(world, told=told, wait=600.0)

    claimed, settled = told.events[-2:]
    assert isinstance(claimed, Claimed)
    assert (claimed.deployment.deployment_id, claimed.plan) == (first.deployment_id, None)
    assert settled == Settled(deployment)


def test_an_interrupted_deployment_is_recorded_as_succeeded_once_all_of_it_runs() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(60))
    world.signal_at(30)
    assert release_deploy(world).status is DeploymentStatus.INTERRUPTED

    assert confirm_deploy(world, wait=600.0).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED


def test_a_failed_deployment_that_runs_by_now_is_recorded_as_succeeded() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search", slow(60))
    world.at(30, lambda: world.redefine("search-api", "stage", "latest"))
    world.at(120, lambda: world.redefine("search-api", "stage", "env.stage"))
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUPERSEDED}
    world.pass_time(120)
    world.settle_down()

    deployment = confirm_deploy(world)

    assert world.running("search-api", "stage") == {new}
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].reason == "it was recorded as failed before"


def test_a_deployment_that_is_still_failed_keeps_its_recorded_reasons() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    release_deploy(world)
    kept = deployments(world)[0]
    world.pass_time(7200)
    before = len(world.calls)

    assert confirm_deploy(world).status is DeploymentStatus.FAILED
    assert deployments(world)[0] == kept
    assert written(world, before) == []


def test_a_record_stays_as_it_is_while_the_environment_is_locked_by_hand() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    release_deploy(world, wait=60.0)
    world.somebody_locks("stage")
    told = Told()

    assert confirm_deploy(world, told=told, wait=600.0).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.TIMED_OUT
    (notice,) = [event.message for event in told.events if isinstance(event, Notice)]
    assert notice.startswith("it stays recorded as timed_out: stage is locked by")


def test_a_deployment_by_somebody_else_meanwhile_is_confirmed_instead() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    first = release_deploy(world, wait=60.0)
    newer: list[Deployment] = []

    def meddle(_: object) -> None:
        world.push("search")
        newer.append(release_deploy(world))

    world.before("store.resume", meddle)

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.deployment_id == newer[0].deployment_id
    assert deployment.status is DeploymentStatus.SUCCEEDED
    recorded_statuses = {kept.deployment_id: kept.status for kept in deployments(world)}
    assert recorded_statuses[first.deployment_id] is DeploymentStatus.TIMED_OUT


def test_a_rollout_that_still_goes_on_when_the_waiting_time_ends_has_timed_out() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=60.0)
    began = world.now()

    deployment = confirm_deploy(world, wait=45.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment) == {"search-api": ServiceStatus.IN_PROGRESS}
    assert (world.now() - began).total_seconds() == 45


def test_a_rollout_that_fails_while_it_is_watched_is_recorded_as_failed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    assert release_deploy(world, wait=5.0).status is DeploymentStatus.TIMED_OUT

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert any(failure.exit_code == 1 for failure in deployment.services[0].failures)
    kept = deployments(world)[0]
    assert kept.status is DeploymentStatus.FAILED
    assert "it was recorded as timed_out before" in kept.reason
    assert any(failure.exit_code == 1 for failure in kept.services[0].failures)
