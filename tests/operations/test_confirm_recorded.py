"""`confirm-deploy` of a deployment that ended before: what replaced it, and what was recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.operations.runs import (
    Told,
    confirm_deploy,
    deployments,
    killed,
    recorded,
    release_deploy,
    rollback,
    statuses,
)
from tests.world import Behaviour, World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.errors import NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Notice
from weco_deploy.model.requests import ConfirmRequest
from weco_deploy.operations.confirm import REACH
from weco_deploy.pipeline import observe
from weco_deploy.report.next_steps import next_steps
from weco_deploy.report.outcomes import verdict
from weco_deploy.report.runs_now import runs_now
from weco_deploy.report.screen import ASCII


def rolled_back() -> tuple[World, Deployment, Deployment]:
    """A world whose second release worked and was rolled back by hand: its deployment, and the rollback."""
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    world.push("search")
    second = release_deploy(world)
    world.pass_time(60)
    back = rollback(world)
    world.pass_time(3600)
    return world, second, back


def test_release_that_was_rolled_back_is_superseded_and_says_by_what_and_when() -> None:
    world, second, back = rolled_back()

    deployment = confirm_deploy(world, release_id=second.release_id)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment) == {"search-api": ServiceStatus.SUPERSEDED}
    by = f"superseded by the rollback to release {back.release_id[:8]} (deployment {back.deployment_id}, "
    assert deployment.reason.startswith(f"it no longer runs: {by}")
    assert f"{back.date_created:%Y-%m-%d %H:%M}Z" in deployment.reason
    assert "still points at" not in deployment.reason
    assert deployment.superseded
    assert verdict(deployment, ASCII).endswith(" to stage was superseded")  # not when it was deployed itself


@pytest.mark.parametrize(("history", "reads_further"), [(50, False), (1, True)])
def test_what_replaced_a_deployment_is_read_once_unless_it_is_in_none_of_the_newest(
    monkeypatch: pytest.MonkeyPatch, history: int, reads_further: bool
) -> None:
    world, second, back = rolled_back()
    monkeypatch.setattr(observe, "HISTORY", history)
    before = len(world.calls)

    deployment = confirm_deploy(world, release_id=second.release_id)

    assert back.deployment_id in deployment.reason
    limits = [call.about[-1] for call in world.calls[before:] if call.name == "store.deployments"]
    assert (f"limit={REACH}" in limits) == reads_further


def test_deployment_by_5x_that_was_replaced_is_superseded_though_it_recorded_no_images() -> None:
    world, second, _ = rolled_back()
    table = world.tables[world.project.release_table]
    as_by_5x = replace(
        second,
        status=DeploymentStatus.UNVERIFIED,
        date_finished=None,
        images={},
        services=tuple(
            replace(service, service_id=f"{service.key.name} of 5.x", status=ServiceStatus.IN_PROGRESS)
            for service in second.services
        ),
    )
    table.deployments[second.deployment_id] = as_by_5x

    deployment = confirm_deploy(world, release_id=second.release_id)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUPERSEDED}
    assert deployment.superseded


def test_superseded_release_is_not_advised_to_be_rolled_back() -> None:
    world, second, _ = rolled_back()
    request = ConfirmRequest(environment_id="stage", release_id=second.release_id)

    steps = next_steps(confirm_deploy(world, release_id=second.release_id), (), request)

    assert ["show-deployments" in step.command for step in steps] == [True]


def test_confirming_does_not_change_the_time_at_which_a_deployment_ended() -> None:
    world, second, back = rolled_back()

    assert confirm_deploy(world, release_id=second.release_id).date_finished == second.date_finished
    assert confirm_deploy(world).date_finished == back.date_finished


def test_release_that_failed_itself_stays_failed_although_a_later_one_replaced_it() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash(code=7))
    failed = release_deploy(world)
    world.pass_time(60)
    world.push("search")
    release_deploy(world)

    deployment = confirm_deploy(world, release_id=failed.release_id)

    assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}
    assert not deployment.superseded


def test_release_whose_images_were_not_replaced_still_runs() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    first = release_deploy(world)
    world.pass_time(60)
    release_deploy(world)

    assert confirm_deploy(world, release_id=first.release_id).status is DeploymentStatus.SUCCEEDED


def test_recorded_reasons_exit_codes_and_logs_are_shown_after_ecs_forgot_them() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash(code=7))
    (before,) = release_deploy(world).services
    world.pass_time(7200)

    (service,) = confirm_deploy(world).services

    assert service.status is ServiceStatus.FAILED
    assert before.reason in service.reason
    found = {
        (failure.exit_code, failure.log_location) for failure in before.failures if failure.kind == "task"
    }
    assert found
    assert found <= {(failure.exit_code, failure.log_location) for failure in service.failures}


@pytest.mark.parametrize("behaviour", [slow(60), crash(code=7)], ids=["good", "crash"])
def test_what_is_found_out_about_an_interrupted_deployment_is_recorded(behaviour: Behaviour) -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", behaviour)
    world.signal_at(12)
    assert release_deploy(world).status is DeploymentStatus.INTERRUPTED

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status in (DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED)
    kept = deployments(world)[0]
    assert kept.status is deployment.status
    assert statuses(kept) == statuses(deployment)
    assert recorded(world).lock is None


def test_verdict_that_a_success_does_not_get_is_said_not_to_be_recorded() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search")
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.pass_time(60)
    world.scale("search-api", "stage", 0)
    world.point("search", "env.stage", world.push("search"))
    told = Told()

    assert confirm_deploy(world, told=told).status is DeploymentStatus.FAILED

    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED
    notices = [event.message for event in told.events if isinstance(event, Notice)]
    assert "this is not recorded: the record keeps the verdict of its time, succeeded" in notices


def test_verdict_on_a_deployment_that_is_still_held_is_said_not_to_be_recorded() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "store.note", nth=2)
    world.pass_time(60)
    told = Told()

    assert confirm_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED

    assert deployments(world)[0].status is DeploymentStatus.IN_PROGRESS
    (notice,) = [event.message for event in told.events if isinstance(event, Notice)]
    assert notice.startswith("this is not recorded: the deployment still holds stage")
    assert "run this again after 09:0" in notice


def gone(world: World) -> None:
    world.delete_service("search-api", "stage")


def given_another_image(world: World) -> None:
    world.redefine("search-api", "stage", "latest")
    world.settle_down()


@pytest.mark.parametrize("happens", [gone, given_another_image])
def test_service_that_was_taken_away_since_says_nothing_about_its_image(
    happens: Callable[[World], None],
) -> None:
    world = World.of(ONE_AND_ONE)
    for _ in range(2):
        world.push("search")
        release_deploy(world)
        world.pass_time(60)
    happens(world)

    deployment = confirm_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}
    assert "still points" not in deployment.reason
    assert runs_now(deployment) == ()
    assert not any(" rollback " in step.command for step in next_steps(deployment))


def test_service_that_fails_after_the_first_success_does_not_suggest_a_rollback_to_nothing() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    world.spoil("search", crash(at=5))
    world.somebody_redeploys("search-api", "stage")

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert "still points" in deployment.reason
    assert "`rollback`" not in deployment.reason
    assert not any(" rollback " in step.command for step in next_steps(deployment))
    with pytest.raises(NotFound):
        rollback(world)


def test_deployment_that_was_rolled_back_by_itself_stays_rolled_back() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    world.push("search", crash(code=7))
    failed = release_deploy(world, rollback_on_failure=True)
    world.pass_time(60)

    deployment = confirm_deploy(world, release_id=failed.release_id)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert deployment.reason.startswith("it no longer runs: superseded by the rollback to release ")


def test_service_that_somebody_has_just_redeployed_is_watched_until_it_tells_what_it_runs() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    world.somebody_redeploys("search-api", "stage")

    deployment = confirm_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
