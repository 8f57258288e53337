"""`show-deployment` finds a deployment, the log lines of its failures, and what followed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.operations.runs import release_deploy
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied, NotFound, UsageError
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.operations import show_deployment
from weco_deploy.operations.show_deployment import show

LINES = ("starting", "no index called works")


def crashed(*, rollback_on_failure: bool = False) -> tuple[World, Deployment]:
    """A world in which an image crashed in stage, after an image that ran; and the deployment of the former."""
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    world.push("search", crash(code=3, lines=LINES))
    return world, release_deploy(world, rollback_on_failure=rollback_on_failure)


def task_failure(deployment: Deployment) -> Failure:
    (service,) = deployment.services
    return next(failure for failure in service.failures if failure.kind == "task")


def test_last_deployment_is_shown_by_default() -> None:
    world, deployment = crashed()

    details = show(world.ports(), None, None)

    assert details.deployment.deployment_id == deployment.deployment_id
    assert details.deployment.status is DeploymentStatus.FAILED
    assert details.release is not None
    assert details.release.release_id == deployment.release_id
    assert (details.following, details.last, details.undid) == (None, None, None)


def test_last_deployment_to_an_environment_is_shown() -> None:
    world, staged = crashed()
    world.pass_time(60)
    world.push("search")
    release_deploy(world, "prod")

    assert show(world.ports(), None, "stage").deployment.deployment_id == staged.deployment_id


def test_older_deployment_is_shown_with_all_that_followed_and_the_last_one_without_reading_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(show_deployment, "FIRST_REACH", 1)
    world = World.of(ONE_AND_ONE)
    made = []
    for _ in range(3):
        world.push("search")
        made.append(release_deploy(world))
        world.pass_time(60)

    first = show(world.ports(), made[0].deployment_id, None)
    before = len(world.calls)
    last = show(world.ports(), made[-1].deployment_id, None)

    assert first.following is not None
    assert first.following.deployment_id == made[1].deployment_id
    assert (last.following, last.last) == (None, None)
    limits = [call.about[-1] for call in world.calls[before:] if call.name == "store.deployments"]
    assert limits == ["limit=1"]


def test_failure_has_the_log_lines_that_the_record_lacks() -> None:
    world, deployment = crashed()
    recorded = world.ports().store.deployment(deployment.deployment_id)
    assert recorded is not None
    assert task_failure(recorded).log_lines == ()

    assert task_failure(show(world.ports(), deployment.deployment_id, None).deployment).log_lines == LINES


def test_failure_says_why_its_log_cannot_be_read() -> None:
    world, deployment = crashed()
    world.fail("logs.tail", AccessDenied("logs:GetLogEvents", "not allowed"), times=100)

    failure = task_failure(show(world.ports(), deployment.deployment_id, None).deployment)

    assert failure.log_lines == ()
    assert failure.log_location is not None
    assert failure.log_location.endswith("(can't be read: logs:GetLogEvents: not allowed)")


def test_failed_step_has_the_log_lines_that_the_record_lacks() -> None:
    world, deployment = crashed()
    place = task_failure(deployment).log_location
    failed = StepOutcome(id="migrate", kind="before", status=StepStatus.FAILED, log_location=place)
    good = StepOutcome(id="seed", kind="before", status=StepStatus.SUCCEEDED, log_location=place)
    world.tables[world.project.release_table].keep(replace(deployment, steps=(failed, good)))

    steps = show(world.ports(), deployment.deployment_id, None).deployment.steps

    assert [step.log_lines for step in steps] == [LINES, ()]


def test_failures_of_an_environment_that_left_the_project_file_have_no_log_lines() -> None:
    world, deployment = crashed()
    ports = replace(world.ports(), project=replace(world.project, environments=()))

    assert task_failure(show(ports, deployment.deployment_id, None).deployment).log_lines == ()


def test_automatic_rollback_is_shown_with_the_deployment_and_names_it() -> None:
    world, deployment = crashed(rollback_on_failure=True)
    rollback = deployment.rollback
    assert rollback is not None

    failed = show(world.ports(), deployment.deployment_id, None)
    undoing = show(world.ports(), rollback.deployment_id, None)

    assert failed.deployment.rollback is not None
    assert failed.deployment.rollback.deployment_id == rollback.deployment_id
    assert (failed.following, failed.last) == (None, None)
    assert undoing.undid is not None
    assert undoing.undid.deployment_id == deployment.deployment_id


def test_next_and_last_deployment_to_the_same_environment_follow() -> None:
    world, deployment = crashed()
    later = []
    for environment in ("stage", "prod", "stage"):
        world.pass_time(60)
        world.push("search")
        later.append(release_deploy(world, environment))

    details = show(world.ports(), deployment.deployment_id, None)

    assert details.following is not None
    assert details.last is not None
    assert details.following.deployment_id == later[0].deployment_id
    assert details.last.deployment_id == later[2].deployment_id


def test_prefix_names_a_deployment() -> None:
    world, deployment = crashed()
    prefix = deployment.deployment_id[:12].upper()

    assert show(world.ports(), prefix, None).deployment.deployment_id == deployment.deployment_id


def test_prefix_of_several_deployments_is_refused_with_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count(1)
    monkeypatch.setattr(World, "new_id", lambda _: f"0a1b2c3d-{next(numbers):04}")
    world, _ = crashed()
    ids = [found.deployment_id for found in world.ports().store.deployments(None, 9)]
    assert len(ids) == 2

    with pytest.raises(UsageError, match=f"'0a1b' may be any of these deployments: {', '.join(ids)}"):
        show(world.ports(), "0a1b", None)


@pytest.mark.parametrize("text", ["none", "abc"])
def test_unknown_deployment_is_refused(text: str) -> None:
    world, _ = crashed()

    with pytest.raises(NotFound, match=f"there is no deployment '{text}'"):
        show(world.ports(), text, None)


def test_deployment_to_another_environment_is_refused() -> None:
    world, deployment = crashed()

    with pytest.raises(NotFound, match="to prod of project"):
        show(world.ports(), deployment.deployment_id, "prod")


@pytest.mark.parametrize(("environment", "where"), [(None, ""), ("stage", " to stage")])
def test_project_without_deployments_is_refused(environment: str | None, where: str) -> None:
    world = World.of(ONE_AND_ONE)

    with pytest.raises(NotFound, match=f"has no deployment{where} yet"):
        show(world.ports(), None, environment)


def test_unknown_environment_is_refused() -> None:
    with pytest.raises(NotFound, match="qa"):
        show(World.of(ONE_AND_ONE).ports(), None, "qa")
