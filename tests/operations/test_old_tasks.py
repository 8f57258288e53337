"""Old tasks that stay while all new ones run: the service has succeeded, and the release is not taken back."""

from __future__ import annotations

from datetime import timedelta

from tests.operations.runs import Told, confirm_deploy, deployments, promote, release_deploy, statuses
from tests.world import Behaviour, World
from tests.world.behaviour import START
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.draining import StaysBecause
from weco_deploy.model.events import Notice, Progress
from weco_deploy.model.project import Environment, Project

WAITING = project(
    {"search": ["search-api"]}, environments=[Environment(id="stage", name="Stage", old_tasks="wait")]
)
DEFERRED = {
    "earlySuccessCriteria": {
        "enable": True,
        "healthyPercent": 100,
        "sourceServiceRevisionCleanup": "DEFERRED",
    }
}
BUSY = Behaviour(start=START, protects_for=7200)
"""A queue worker that protects itself from scale-in for two hours."""


def world_with_busy_tasks(made: Project = ONE_AND_ONE, desired: int = 1) -> tuple[World, str]:
    """A release whose tasks are protected was deployed, and a new image pushed. The digest of that.

    There is room for the tasks of later releases beside protected ones.
    """
    world = World.of(made, desired=desired, configuration={"maximumPercent": 400})
    world.push("search", BUSY)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    return world, world.push("search")


def busy_tasks(world: World) -> dict[str, object]:
    """The protected tasks, by id, and when their protection ends."""
    tasks = world.declared("search-api", "stage").tasks.values()
    return {task.id: task.protected_until for task in tasks if task.protected_until}


def test_service_succeeds_while_old_tasks_are_protected_from_scale_in() -> None:
    world, new = world_with_busy_tasks(desired=2)
    busy, began = busy_tasks(world), world.now()

    deployment = release_deploy(world, interval=5.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.now() - began < timedelta(minutes=1)
    (service,) = deployment.services
    assert {task.task: task.until for task in service.draining} == busy
    assert {task.why for task in service.draining} == {StaysBecause.SCALE_IN_PROTECTION}
    assert new in world.running("search-api", "stage")
    assert deployments(world)[0].services[0].draining == service.draining


def test_later_deployments_and_promotions_go_on_while_old_tasks_are_protected() -> None:
    world, _ = world_with_busy_tasks()
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert promote(world).status is DeploymentStatus.SUCCEEDED
    world.push("search")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert len(deployment.services[0].draining) == 1


def test_confirmation_names_the_old_tasks_that_still_run() -> None:
    world, _ = world_with_busy_tasks()
    release_deploy(world)

    deployment = confirm_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert len(deployment.services[0].draining) == 1


def test_time_that_ends_while_new_tasks_are_young_is_extended_if_old_ones_may_stay() -> None:
    world, new = world_with_busy_tasks()

    deployment = release_deploy(world, wait=20.0, interval=5.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED, deployment.reason
    assert len(deployment.services[0].draining) == 1
    assert new in world.running("search-api", "stage")


def test_service_revision_tells_what_new_tasks_run_beside_old_ones_that_stay() -> None:
    world, _ = world_with_busy_tasks()
    world.trouble("search-api", "stage", "hides-digests")

    deployment = release_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert len(deployment.services[0].draining) == 1


def test_service_is_unverified_if_nothing_tells_what_new_tasks_run_beside_old_ones_that_stay() -> None:
    world, _ = world_with_busy_tasks()
    world.trouble("search-api", "stage", "hides-digests")
    world.trouble("search-api", "stage", "hides-revisions")

    deployment = release_deploy(world, wait=60.0, rollback_on_failure=True)

    assert statuses(deployment) == {"search-api": ServiceStatus.UNVERIFIED}
    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert "nothing tells what search-api runs" in deployment.reason


def test_wrong_digest_that_the_service_revision_tells_fails_while_old_tasks_still_run() -> None:
    world, _ = world_with_busy_tasks(WAITING)
    world.trouble("search-api", "stage", "hides-digests")
    old = world.tag("search", "env.stage")
    assert old is not None
    world.before("runtime.redeploy", lambda _: world.point("search", "env.stage", old))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "its deployment resolved search to" in deployment.services[0].reason
    assert "(versionConsistency)" in deployment.services[0].reason


def test_environment_may_wait_for_protected_tasks_and_is_not_rolled_back_because_of_them() -> None:
    world, new = world_with_busy_tasks(WAITING)

    deployment = release_deploy(world, wait=300.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.rollback is None
    assert "it was not rolled back" in deployment.reason
    assert "1 old task still running" in deployment.services[0].reason
    assert world.tag("search", "env.stage") == new
    assert world.count("runtime.protections") == 0


def test_protection_that_may_not_be_read_is_waited_for_and_said_once() -> None:
    world, _ = world_with_busy_tasks()
    told = Told()
    world.fail("runtime.protections", AccessDenied("ecs:GetTaskProtection", "not authorized"), times=1000)

    deployment = release_deploy(world, wait=120.0, told=told, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    notices = [event.message for event in told.events if isinstance(event, Notice)]
    assert [text.startswith("which old tasks are protected from scale-in") for text in notices] == [True]


def test_ordinary_draining_is_waited_for_and_costs_no_read_of_protections() -> None:
    world = World.of(ONE_AND_ONE, balanced=True)
    world.push("search")

    deployment = release_deploy(world, interval=1.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployment.services[0].draining == ()
    assert world.count("runtime.protections") == 0
    assert len(world.declared("search-api", "stage").tasks) == 1


def test_service_succeeds_while_ecs_removes_old_tasks_after_its_early_success() -> None:
    world = World.of(ONE_AND_ONE, balanced=True, configuration=DEFERRED)
    new = world.push("search")

    deployment = release_deploy(world, interval=1.0, stable_for=1.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    (service,) = deployment.services
    assert [(task.until, task.why) for task in service.draining] == [(None, StaysBecause.EARLY_SUCCESS)]
    assert new in world.running("search-api", "stage")


def test_bake_time_is_waited_for_and_named() -> None:
    world, told = World.of(ONE_AND_ONE, alarm="search-5xx"), Told()
    world.push("search")

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    states = [event.state for event in told.events if isinstance(event, Progress)]
    assert "baking: ECS watches the alarm search-5xx" in states
    assert "settling" not in states


def test_release_is_not_rolled_back_because_its_alarms_have_a_bake_time() -> None:
    world = World.of(ONE_AND_ONE, alarm="search-5xx")
    new = world.push("search")

    deployment = release_deploy(world, wait=60.0, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert "baking" in deployment.services[0].reason
    assert world.running("search-api", "stage") == {new}
