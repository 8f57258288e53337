"""Tasks that run before services restart: their order, their images, how they end, and who runs them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.migrations import MIGRATE, behaviour, define, migrating, migrations, with_tasks
from tests.operations.runs import (
    Told,
    deploy_release,
    deployments,
    promote,
    release,
    release_deploy,
    request,
    rollback,
    statuses,
)
from tests.world import World, crash
from weco_deploy.errors import AwsError, PlanRefused, Unreachable
from weco_deploy.model.before_task import On, Once
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import StepFinished, StepOutput, StepStarted
from weco_deploy.model.planned_task import TaskAction
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.service import DefinedContainer
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.operations.deploy import plan


def pushed(world: World, **options: object) -> dict[str, str]:
    """New images: of `search`, with a migration, and of `items`. Their digests."""
    return {
        "search": world.push("search", behaviour(**options)),  # type: ignore[arg-type]  # options of a behaviour
        "items": world.push("items"),
    }


def step(deployment: Deployment) -> StepOutcome:
    (only,) = deployment.steps
    return only


def order(world: World) -> list[str]:
    """Which tags moved, tasks ran and services were redeployed, in order."""
    named = {"registry.point": "tag", "tasks.run": "task", "runtime.redeploy": "service"}
    shown = []
    for call in world.calls:
        if call.name in named:
            about = " ".join(call.about)
            which = next((name for name in ("search", "items") if name in about), "")
            shown.append(f"{named[call.name]} {which}".strip())
    return shown


def test_task_runs_after_its_images_tag_and_before_the_other_tags_and_the_services() -> None:
    world = migrating()
    digests = pushed(world)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert order(world)[:3] == ["tag search", "task", "tag items"]
    assert set(order(world)[3:]) == {"service search", "service items"}
    (task,) = migrations(world)
    assert [container.digest for container in task.containers] == [digests["search"]]
    assert [container.command for container in task.containers] == [["migrate"]]
    assert (step(deployment).status, step(deployment).exit_code) == (StepStatus.SUCCEEDED, 0)
    assert deployments(world)[0].steps == deployment.steps


def test_log_is_shown_while_the_task_runs() -> None:
    world, told = migrating(), Told()
    pushed(world, lines=("one", "two"))

    release_deploy(world, told=told)

    (started,) = told.of(StepStarted)
    (finished,) = told.of(StepFinished)
    lines = [line for event in told.events if isinstance(event, StepOutput) for line in event.lines]
    assert lines == ["one", "two"]
    assert isinstance(started, StepStarted)
    assert not started.resumed
    assert isinstance(finished, StepFinished)
    assert finished.step.log_location == f"/ecs/migrate ecs/migrate/{migrations(world)[0].id}"


@pytest.mark.parametrize("on_failure", [False, True])
def test_failed_task_puts_the_tags_back_restarts_nothing_and_is_no_rollback(on_failure: bool) -> None:
    world = migrating()
    before = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    pushed(world, code=3, lines=("migrating", "no such column"))

    deployment = release_deploy(world, rollback_on_failure=on_failure)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is None
    assert deployment.reason.startswith(
        "migrate did not succeed: exit code 3: Essential container in task exited"
    )
    failed = step(deployment)
    assert (failed.status, failed.exit_code) == (StepStatus.FAILED, 3)
    assert failed.log_lines == ("migrating", "no such column")
    assert {image_id: world.tag(image_id, "env.stage") for image_id in before} == before
    assert world.count("runtime.redeploy") == 0
    assert set(statuses(deployment).values()) == {ServiceStatus.PENDING}
    assert not any(change.tag_moved for change in deployment.images.values())


def test_refusal_by_ecs_fails_the_deployment_with_its_reason() -> None:
    world = migrating()
    pushed(world)
    world.fail("tasks.run", AwsError("ecs:RunTask", "ECS can't run the task: RESOURCE:MEMORY"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "RESOURCE:MEMORY" in deployment.reason
    assert step(deployment).status is StepStatus.FAILED
    assert "RESOURCE:MEMORY" in step(deployment).detail
    assert world.count("runtime.redeploy") == 0
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 1


def test_lost_answer_of_run_task_is_asked_for_again_and_one_task_runs() -> None:
    world = migrating()
    pushed(world)
    world.lose_answer("tasks.run", Unreachable("ecs:RunTask", "no answer"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.count("tasks.run") == 2
    assert len(migrations(world)) == 1


def test_task_that_never_answered_is_found_by_the_next_deployment() -> None:
    world = migrating()
    pushed(world)
    world.lose_answer("tasks.run", Unreachable("ecs:RunTask", "no answer"), times=3)

    first = release_deploy(world)
    assert (first.status, step(first).status) == (DeploymentStatus.FAILED, StepStatus.UNKNOWN)

    again = release_deploy(world)
    assert again.status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 1


def test_task_that_takes_too_long_is_stopped() -> None:
    world = migrating(replace(MIGRATE, timeout=60.0))
    pushed(world, seconds=3600.0)

    deployment = release_deploy(world)

    assert (deployment.status, step(deployment).status) == (DeploymentStatus.FAILED, StepStatus.TIMED_OUT)
    assert step(deployment).detail == "it ran for longer than 60 s and was stopped"
    (task,) = migrations(world)
    assert (task.status, task.stop_code) == ("STOPPED", "UserInitiated")
    assert world.count("runtime.redeploy") == 0


def test_task_that_ran_another_image_is_no_success() -> None:
    world = migrating()
    old = world.tag("search", "env.stage")
    assert old is not None
    pushed(world)
    # Somebody moves the tag back before ECS pulls the image.
    world.after("tasks.run", lambda _: world.point("search", "env.stage", old))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "which is not the release's" in step(deployment).detail
    assert world.count("runtime.redeploy") == 0


def test_task_that_does_not_tell_its_image_is_no_success() -> None:
    world = migrating()
    pushed(world)

    def hide_digests(_: object) -> None:
        for task in migrations(world):
            for container in task.containers:
                container.digest = ""
            task.view = None

    world.before("tasks.task", hide_digests, times=100)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "does not tell which image" in step(deployment).detail


def test_image_that_can_not_be_pulled_says_so() -> None:
    world = migrating()
    define(world, image=f"{world.host}/{world.repository_name('search')}:env.missing")
    pushed(world)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "its container migrate did not run: CannotPullContainerError" in step(deployment).detail


# Which deployments run it


def test_task_runs_once_for_the_same_images() -> None:
    world = migrating()
    pushed(world)
    first = release_deploy(world)

    again = release_deploy(world, force_redeploy=True)

    assert len(migrations(world)) == 1
    assert (step(again).status, step(again).detail) == (
        StepStatus.SKIPPED,
        f"it ran with these images already, in deployment {first.deployment_id}",
    )


def test_task_runs_again_for_new_images_and_not_for_those_that_it_ran_for_before() -> None:
    world = migrating()
    pushed(world)
    first = release_deploy(world)
    pushed(world)
    release_deploy(world)
    assert len(migrations(world)) == 2

    back = deploy_release(world, first.release_id, override_gate="a test")

    assert step(back).status is StepStatus.SKIPPED
    assert len(migrations(world)) == 2


def test_task_that_runs_always_runs_in_each_deployment() -> None:
    world = migrating(replace(MIGRATE, once=Once.ALWAYS))
    pushed(world)
    release_deploy(world)
    release_deploy(world, force_redeploy=True)
    assert len(migrations(world)) == 2


def test_deployment_with_nothing_to_do_runs_none() -> None:
    world = migrating(replace(MIGRATE, once=Once.ALWAYS))
    pushed(world)
    release_deploy(world)

    assert release_deploy(world).steps == ()
    assert len(migrations(world)) == 1


def test_task_that_failed_runs_again() -> None:
    world = migrating()
    pushed(world, code=3)
    release_deploy(world)
    release_deploy(world)
    assert len(migrations(world)) == 2


@pytest.mark.parametrize(("on", "ran"), [({On.DEPLOY}, 2), ({On.DEPLOY, On.ROLLBACK}, 2), ({On.ROLLBACK}, 0)])
def test_rollback_runs_only_what_says_so(on: set[On], ran: int) -> None:
    world = migrating(replace(MIGRATE, once=Once.ALWAYS, on=frozenset(on)))
    pushed(world)
    release_deploy(world)
    pushed(world)
    release_deploy(world)
    assert len(migrations(world)) == ran

    back = rollback(world)

    assert back.status is DeploymentStatus.SUCCEEDED
    runs_in_rollbacks = On.ROLLBACK in on
    assert len(migrations(world)) == ran + runs_in_rollbacks
    assert [known.id for known in back.steps] == (["migrate"] if runs_in_rollbacks else [])


def test_automatic_rollback_runs_none() -> None:
    world = migrating()
    pushed(world)
    release_deploy(world)
    world.pass_time(60)
    world.push("search", replace(crash(), command_code=0))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert deployment.rollback is not None
    assert (len(deployment.steps), deployment.rollback.steps) == (1, ())
    assert len(migrations(world)) == 2


def test_environment_without_tasks_runs_none() -> None:
    world = migrating()
    pushed(world)
    release_deploy(world)
    world.pass_time(60)
    assert promote(world).steps == ()


def test_tasks_run_in_the_order_of_the_file_and_the_second_only_if_the_first_succeeds() -> None:
    seed = replace(MIGRATE, id="seed")
    world = migrating(MIGRATE, seed)
    pushed(world)
    deployment = release_deploy(world)
    assert [known.id for known in deployment.steps] == ["migrate", "seed"]
    first, second = migrations(world)
    assert first.stopped_at is not None
    assert first.stopped_at <= second.created_at

    pushed(world, code=1)
    failed = release_deploy(world)
    assert [known.status for known in failed.steps] == [StepStatus.FAILED, StepStatus.PENDING]
    assert len(migrations(world)) == 3


# What the plan says


def refused(world: World, **options: object) -> tuple[str, ...]:
    with pytest.raises(PlanRefused) as caught:
        release_deploy(world, **options)  # type: ignore[arg-type]  # fields of the request
    return tuple(caught.value.reasons)


def test_plan_names_the_tasks_and_changes_nothing() -> None:
    world = migrating()
    pushed(world)
    planned = plan(request(release(world.ports())), world.ports())
    assert [(task.id, task.action) for task in planned.tasks] == [("migrate", TaskAction.RUN)]
    assert [image.image_id for image in planned.moves_for_tasks] == ["search"]
    assert any("scheduled tasks" in warning for warning in planned.warnings)
    assert migrations(world) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task_definition": "other"}, "migrate: there is no task definition other"),
        ({"container": "other"}, "has no container other; its containers: migrate"),
        ({"like": "items-worker"}, "migrate: the service items-worker, like which it runs, was not found"),
    ],
)
def test_task_that_can_not_run_is_a_reason_against_the_plan(changes: dict[str, str], reason: str) -> None:
    world = World.of(with_tasks(replace(MIGRATE, **changes)))  # type: ignore[arg-type]  # fields of the task
    define(world)
    pushed(world)
    (found,) = refused(world)
    assert reason in found


def test_container_that_does_not_end_its_task_is_refused() -> None:
    world = migrating()
    define(world, essential=False)
    pushed(world)
    (found,) = refused(world)
    assert "is not essential" in found


def test_service_that_is_not_pinned_is_refused_unless_that_is_allowed() -> None:
    world = World(with_tasks(MIGRATE))
    for image_id in ("search", "items"):
        world.image(image_id, "env.stage", "env.prod")
    for environment in ("stage", "prod"):
        world.service("search-api", environment, ["search"], pins_tags=False)
        world.service("items-api", environment, ["items"])
    define(world)
    pushed(world)

    (found,) = refused(world)
    assert found.startswith(
        "search-api: stage/search-api is not pinned (versionConsistency of the container search is disabled)"
    )
    assert migrations(world) == []

    assert release_deploy(world, allow_unpinned=True).status is DeploymentStatus.SUCCEEDED


def test_unknown_step_is_refused_with_those_that_there_are() -> None:
    world = migrating()
    pushed(world)
    (found,) = refused(world, step=("migrat=done",))
    assert found == "--step migrat: this deployment has no such step; its steps: migrate"


def test_step_that_is_said_to_be_done_does_not_run_now_or_later() -> None:
    world = migrating()
    pushed(world)
    deployment = release_deploy(world, step=("migrate=done",))
    assert (step(deployment).status, step(deployment).detail) == (
        StepStatus.SKIPPED,
        "--step says that it is done",
    )
    assert step(release_deploy(world, force_redeploy=True)).status is StepStatus.SKIPPED
    assert migrations(world) == []


def test_step_that_is_to_run_runs_although_it_ran() -> None:
    world = migrating()
    pushed(world)
    release_deploy(world)
    deployment = release_deploy(world, step=("migrate=run",))
    assert step(deployment).status is StepStatus.SUCCEEDED
    assert len(migrations(world)) == 2


def test_task_that_pulls_from_a_replica_runs_once_the_replica_has_the_release() -> None:
    address = EcrAddress("111122223333", "us-east-1")
    host = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    stage, *others = with_tasks(MIGRATE).environments
    world = World.of(
        replace(with_tasks(MIGRATE), environments=(replace(stage, region_name="us-east-1"), *others))
    )
    world.replicate(address, 95)
    for service_id in ("search-api", "items-api"):
        world.redefine(service_id, "stage", "env.stage", registry=host)
    world.settle_down()
    container = DefinedContainer("migrate", f"{host}/{world.repository_name('search')}:env.stage")
    place = replace(world.place, region="us-east-1")
    world.ecs.define(place, "migrate-stage", [container])
    digests = pushed(world)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    region = world.ecs.simulation.region(place.account, place.region)
    ((_, (task,)),) = region.run_tasks.values()
    assert [ran.digest for ran in task.containers] == [digests["search"]]
