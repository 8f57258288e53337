"""Tasks before the restart whose deployment was cut off: who goes on with them, and what a person must say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.migrations import MIGRATE, behaviour, define, migrating, migrations
from tests.operations.runs import LEASE_AND_GRACE, Told, confirm_deploy, deployments, recorded, release_deploy
from tests.world import Killed, World
from tests.world.projects import project
from weco_deploy.errors import PlanRefused, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import StepStarted
from weco_deploy.model.project import Environment
from weco_deploy.model.steps import StepOutcome, StepStatus

AN_HOUR = 3600.0


def cut_off(call: str = "tasks.task", *, before: bool = False, seconds: float = 30.0) -> World:
    """A world in which a deployment was killed at that call, while its migration took so many seconds."""
    world = migrating()
    world.push("search", behaviour(seconds=seconds))
    world.push("items")
    world.pass_time(1)
    (world.cut_before if before else world.cut_after)(1, call)
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(LEASE_AND_GRACE)
    return world


def step(deployment: Deployment) -> StepOutcome:
    (only,) = deployment.steps
    return only


def refused(world: World, **options: object) -> str:
    with pytest.raises(PlanRefused) as caught:
        release_deploy(world, **options)  # type: ignore[arg-type]  # fields of the request
    (reason,) = caught.value.reasons
    return reason


@pytest.mark.parametrize("seconds", [30.0, 600.0], ids=["has ended", "still runs"])
def test_next_deployment_goes_on_with_the_task(seconds: float) -> None:
    world, told = cut_off(seconds=seconds), Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    (started,) = told.of(StepStarted)
    assert isinstance(started, StepStarted)
    assert started.resumed
    (task,) = migrations(world)
    assert (step(deployment).started, step(deployment).finished) == (task.created_at, task.stopped_at)
    cut = deployments(world)[1]
    assert (cut.status, step(cut).status) == (DeploymentStatus.INTERRUPTED, StepStatus.UNKNOWN)
    assert step(cut).detail == "the deployment was cut off while it ran; the next one goes on with it"


def test_failed_task_of_a_deployment_that_was_cut_off_fails_the_next_one() -> None:
    world = migrating()
    world.push("search", behaviour(code=3))
    before = world.tag("search", "env.stage")
    world.cut_after(1, "tasks.task")
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(LEASE_AND_GRACE)

    deployment = release_deploy(world)

    assert (deployment.status, step(deployment).exit_code) == (DeploymentStatus.FAILED, 3)
    assert len(migrations(world)) == 1
    assert world.tag("search", "env.stage") == before


def test_task_that_was_asked_for_without_an_answer_is_asked_for_with_the_same_token_if_ecs_does_not_know_it() -> (
    None
):
    world = cut_off("tasks.run", before=True)
    assert migrations(world) == []
    (before,) = [run for runs in world.tables[world.project.release_table].step_runs.values() for run in runs]

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    (task,) = migrations(world)
    assert task.started_by == before.token


def test_deployment_that_was_cut_off_before_its_task_began_leaves_nothing_unknown() -> None:
    world = cut_off("registry.point")
    world.pass_time(24 * AN_HOUR)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 1


@pytest.mark.parametrize("call", ["tasks.task", "tasks.run"])
def test_task_that_ecs_has_forgotten_is_refused_until_a_person_says_what_became_of_it(call: str) -> None:
    world = cut_off(call)
    world.pass_time(2 * AN_HOUR)

    reason = refused(world)

    assert reason.startswith(f"migrate: deployment {deployments(world)[0].deployment_id} began it at ")
    assert reason.endswith("say it with --step migrate=done or --step migrate=run")
    assert world.count("runtime.redeploy") == 0


def test_task_that_is_said_to_be_done_is_done_for_later_deployments_too() -> None:
    world = cut_off()
    world.pass_time(2 * AN_HOUR)

    deployment = release_deploy(world, step=("migrate=done",))

    assert (deployment.status, step(deployment).status) == (DeploymentStatus.SUCCEEDED, StepStatus.SKIPPED)
    assert step(release_deploy(world, force_redeploy=True)).status is StepStatus.SKIPPED
    assert len(migrations(world)) == 1


def test_task_that_is_said_to_run_runs_anew() -> None:
    world = cut_off()
    world.pass_time(2 * AN_HOUR)
    deployment = release_deploy(world, step=("migrate=run",))
    assert (deployment.status, step(deployment).status) == (DeploymentStatus.SUCCEEDED, StepStatus.SUCCEEDED)
    assert len(migrations(world)) == 2
    assert step(release_deploy(world, force_redeploy=True)).status is StepStatus.SKIPPED


@pytest.mark.parametrize("said", ["done", "run"])
def test_task_that_still_runs_can_not_be_said_to_be_over(said: str) -> None:
    world = cut_off(seconds=600.0)
    (task,) = migrations(world)
    assert refused(world, step=(f"migrate={said}",)) == (
        f"migrate: the task {task.arn}, which deployment {deployments(world)[0].deployment_id} began, still runs: "
        "wait until it has ended, or stop it"
    )


def test_task_of_other_images_that_still_runs_is_in_the_way() -> None:
    world = cut_off(seconds=600.0)
    world.push("search", behaviour())
    (task,) = migrations(world)
    assert f"the task {task.arn}" in refused(world)

    world.pass_time(600)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 2


def test_interruption_leaves_the_task_alone_and_the_next_deployment_goes_on_with_it() -> None:
    world = migrating()
    world.push("search", behaviour(seconds=300.0))
    world.signal_at(60)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert step(deployment).status is StepStatus.RUNNING
    (task,) = migrations(world)
    assert task.running
    assert recorded(world).lock is None

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 1


def test_deployment_with_only_a_task_left_to_do_is_not_done() -> None:
    """No service runs the image, so only the task shows that the release is not there yet."""
    alone = project(
        images={"report": [], "items": ["items-api"]},
        environments=[Environment(id="stage", name="Stage", before=(replace(MIGRATE, like="items-api"),))],
    )
    world = World.of(alone)
    define(world, image=f"{world.host}/{world.repository_name('report')}:env.stage")
    world.push("report", behaviour())
    world.cut_after(1, "tasks.task")
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(LEASE_AND_GRACE)

    deployment = release_deploy(world)

    assert step(deployment).status is StepStatus.SUCCEEDED
    assert deployments(world)[1].status is DeploymentStatus.INTERRUPTED


def test_confirm_deploy_does_not_call_a_deployment_good_whose_task_is_open() -> None:
    world = cut_off()
    deployment = confirm_deploy(world)
    assert deployment.status is DeploymentStatus.FAILED
    assert step(deployment).status is StepStatus.UNKNOWN


@pytest.mark.parametrize(
    "error",
    [Throttled("dynamodb:TransactWriteItems", "slow"), Unreachable("dynamodb:TransactWriteItems", "gone")],
)
def test_ecs_is_not_asked_before_the_record_knows_of_it(error: Throttled | Unreachable) -> None:
    world = migrating()
    world.push("search", behaviour())
    world.fail("store.note_step_runs", error, times=3)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    names = [call.name for call in world.calls]
    assert names.index("tasks.run") > [i for i, name in enumerate(names) if name == "store.note_step_runs"][3]


def test_task_definition_that_changed_since_does_not_run_the_task_twice() -> None:
    world = cut_off("tasks.run")
    define(world)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(migrations(world)) == 1
