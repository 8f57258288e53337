"""Looking at a deployment made before: what runs is judged, and recorded where the record needs it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import (
    Told,
    confirm_deploy,
    deployments,
    promote,
    recorded,
    release_deploy,
    statuses,
)
from tests.world import Killed, World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import EnvironmentLocked, GateClosed, Interrupted, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.model.events import Notice, Waiting
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ConfirmRequest
from weco_deploy.operations.confirm import confirm
from weco_deploy.rules.rollout.rolling import in_steady_state

LEASE_AND_GRACE = 120 + 15
WRITES = ("claim", "resume", "renew", "note", "settle", "save", "lock", "unlock")


def written(world: World, before: int) -> list[str]:
    """The names of the calls since then that changed anything."""
    names = [call.name for call in world.calls[before:]]
    changing = {f"store.{one}" for one in WRITES} | {"registry.point", "runtime.redeploy"}
    return [name for name in names if name in changing]


def killed(world: World, call: str, nth: int = 1) -> Deployment:
    """Somebody's `release-deploy` is killed after that call; what is recorded of it."""
    world.cut_after(nth, call)
    with pytest.raises(Killed):
        release_deploy(world)
    return deployments(world)[0]


def test_a_deployment_that_succeeded_and_runs_is_confirmed_and_nothing_is_written() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    deployed = release_deploy(world)
    before = len(world.calls)

    deployment = confirm_deploy(world)

    assert deployment.deployment_id == deployed.deployment_id
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert statuses(deployment)["search-api"] is ServiceStatus.SUCCEEDED
    assert statuses(deployment)["merger"] is ServiceStatus.UNCHANGED
    assert written(world, before) == []


def test_a_deployment_that_succeeded_once_is_judged_by_what_runs_now() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    release_deploy(world)
    other = world.push("search")
    world.point("search", "env.stage", other)
    world.somebody_redeploys("search-api", "stage")
    world.settle_down()
    world.point("search", "env.stage", digest)
    before = len(world.calls)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert f"runs {other[:19]} of search" in deployment.services[0].reason
    assert written(world, before) == []
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED


def test_a_tag_that_points_elsewhere_is_no_success() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.point("search", "env.stage", world.push("search"))

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "the env.stage tag of search does not point at what was deployed" in deployment.reason


def test_one_that_ran_out_of_time_is_watched_further_and_recorded_as_what_it_turned_out_to_be() -> None:
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


def test_one_that_was_interrupted_is_recorded_as_succeeded_once_all_of_it_runs() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(60))
    world.signal_at(30)
    assert release_deploy(world).status is DeploymentStatus.INTERRUPTED

    assert confirm_deploy(world, wait=600.0).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED


def test_one_that_failed_and_runs_all_the_same_by_now_is_recorded_as_succeeded() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search", slow(60))
    world.at(30, lambda: world.somebody_redeploys("search-api", "stage"))
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUPERSEDED}
    world.settle_down()

    deployment = confirm_deploy(world)

    assert world.running("search-api", "stage") == {new}
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].reason == "it was recorded as failed before"


def test_one_that_crashed_and_was_mended_without_a_new_rollout_is_recorded_as_succeeded() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    new = world.push("search", crash())
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.FAILED}
    world.mend("search")
    world.pass_time(7200)

    deployment = confirm_deploy(world)

    assert world.running("search-api", "stage") == {new}
    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert deployments(world)[0].reason == "it was recorded as failed before"


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("seconds", [5, 15, 60, 300, 3000])
def test_one_that_crashed_is_not_called_mended_before_its_tasks_have_been_up_for_long(
    seconds: int, breaker: bool
) -> None:
    world = World.of(ONE_AND_ONE, breaker=breaker, rolls_back=False)
    world.push("search", crash(at=3))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(seconds)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    deployment = confirm_deploy(world, wait=0.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert recorded(world).current == DeployedRelease.of(deployments(world)[0])
    assert recorded(world).good != recorded(world).current
    with pytest.raises(GateClosed):
        promote(world)


@pytest.mark.parametrize("breaker", [True, False])
@pytest.mark.parametrize("crashes_after", [8, 15])
def test_one_that_looks_well_between_two_crashes_is_not_called_mended(
    crashes_after: int, breaker: bool
) -> None:
    world = World.of(project({"search": ["search-api"], "items": ["items-api"]}), breaker=breaker)
    world.push("search", crash(at=crashes_after))
    world.push("items", slow(100))
    assert statuses(release_deploy(world))["search-api"] is ServiceStatus.FAILED
    world.pass_time(5)
    while not (world.running("search-api", "stage") and resting(world)):
        world.pass_time(1)

    deployment = confirm_deploy(world)

    assert statuses(deployment)["search-api"] is ServiceStatus.FAILED
    assert "not been up for long enough" in deployment.services[0].reason
    with pytest.raises(GateClosed):
        promote(world)


def resting(world: World) -> bool:
    """Whether ECS takes search-api to be as it should."""
    return in_steady_state(world.look("search-api", "stage"))


@pytest.mark.parametrize("seconds", [135, 300])
def test_why_one_that_was_cut_off_failed_is_found_out_after_ecs_has_rolled_it_back(seconds: int) -> None:
    world = World.of(ONE_AND_ONE, breaker=True, rolls_back=True)
    release_deploy(world)
    world.push("search", crash(code=7, lines=("no database",)))
    world.cut_after(2, "runtime.describe")
    with pytest.raises(Killed):
        release_deploy(world, interval=5.0)
    world.pass_time(seconds)

    (service,) = confirm_deploy(world).services

    assert service.status is ServiceStatus.FAILED
    tasks = [one for one in service.failures if one.kind == "task"]
    assert {(one.exit_code, one.log_lines) for one in tasks} == {(7, ("no database",))}
    assert any(one.kind == "event" for one in service.failures)


def test_one_that_failed_and_was_scaled_to_nothing_since_stays_failed() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.scale("search-api", "stage", 0)
    world.settle_down()

    (service,) = confirm_deploy(world).services
    assert (service.status, service.reason) == (ServiceStatus.FAILED, "it failed, and runs nothing now")
    assert deployments(world)[0].status is DeploymentStatus.FAILED


def test_one_that_crashed_and_still_does_is_not_taken_in_by_a_task_that_runs_at_the_moment() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash(at=3))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(3000)
    while not world.running("search-api", "stage"):
        world.pass_time(1)

    assert statuses(confirm_deploy(world)) == {"search-api": ServiceStatus.FAILED}
    assert deployments(world)[0].status is DeploymentStatus.FAILED


def test_one_that_failed_keeps_the_reasons_that_it_had() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    release_deploy(world)
    kept = deployments(world)[0]
    world.pass_time(7200)
    before = len(world.calls)

    assert confirm_deploy(world).status is DeploymentStatus.FAILED
    assert deployments(world)[0] == kept
    assert written(world, before) == []


def test_one_that_turned_out_well_stays_as_recorded_while_the_environment_is_locked_by_hand() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    release_deploy(world, wait=60.0)
    world.somebody_locks("stage")
    told = Told()

    assert confirm_deploy(world, told=told, wait=600.0).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.TIMED_OUT
    (notice,) = [one.message for one in told.events if isinstance(one, Notice)]
    assert notice.startswith("it stays recorded as timed_out: stage is locked by")


def test_one_that_turned_out_well_when_somebody_had_deployed_meanwhile_is_looked_at_again() -> None:
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
    kept = {one.deployment_id: one.status for one in deployments(world)}
    assert kept[first.deployment_id] is DeploymentStatus.TIMED_OUT


def test_a_look_that_is_not_to_be_recorded_writes_nothing() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    before = len(world.calls)

    assert confirm_deploy(world, recorded=False).status is DeploymentStatus.SUCCEEDED
    assert written(world, before) == []
    assert deployments(world)[0].status is DeploymentStatus.IN_PROGRESS


def test_one_that_still_moves_when_the_waiting_time_ends_has_timed_out() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=60.0)
    began = world.now()

    deployment = confirm_deploy(world, wait=45.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment) == {"search-api": ServiceStatus.IN_PROGRESS}
    assert (world.now() - began).total_seconds() == 45


def test_one_that_fails_while_it_is_watched_has_failed() -> None:
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


# While the holder lives.


def test_while_its_holder_lives_nothing_is_written_and_the_rollout_is_watched() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(60))
    seen: list[Deployment] = []
    after: list[list[str]] = []

    def look() -> None:
        before = len(world.calls)
        seen.append(confirm_deploy(world, wait=30.0))
        mine = world.runs[-1].number
        after.append([one.name for one in world.calls[before:] if one.run.number == mine])

    world.at(12, look)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    assert seen[0].status is DeploymentStatus.TIMED_OUT
    assert not {f"store.{one}" for one in WRITES} & set(after[0])


def test_what_a_living_holder_has_yet_to_tell_ecs_is_waited_for_not_failed() -> None:
    world = World.of(FIVE_AND_EIGHT)
    for image_id in ("search", "items"):
        world.push(image_id)
    seen: list[Deployment] = []
    told = Told()
    world.before("runtime.redeploy", lambda _: seen.append(confirm_deploy(world, told=told, wait=30.0)))

    deployment = release_deploy(world)

    assert seen[0].status is DeploymentStatus.TIMED_OUT
    assert ServiceStatus.FAILED not in statuses(seen[0]).values()
    assert len(told.of(Waiting)) == 1
    assert deployment.status is DeploymentStatus.SUCCEEDED


# After the holder died.


def test_one_that_was_cut_off_is_settled_by_what_runs() -> None:
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
    assert any("took over stage from" in one.message for one in told.events if isinstance(one, Notice))


@pytest.mark.parametrize("told", [True, False], ids=["revision-told", "nothing-told"])
def test_one_that_was_cut_off_while_its_rollout_goes_on_is_watched_to_its_end(told: bool) -> None:
    world = World.of(ONE_AND_ONE)
    world.ecs.tells_revisions = told
    new = world.push("search", slow(200))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world, wait=300.0).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_one_that_was_cut_off_before_its_services_were_told_has_failed_and_says_what_runs() -> None:
    world = World.of(ONE_AND_ONE)
    old = world.tag("search", "env.stage")
    assert old is not None
    new = world.push("search")
    killed(world, "registry.point")
    world.pass_time(LEASE_AND_GRACE)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert f"runs {old[:19]} of search" in deployment.services[0].reason
    assert deployment.images["search"].tag_moved
    assert recorded(world).images["search"].digest == new
    assert "env.stage still points at the image of search" in deployment.reason


def test_one_that_was_cut_off_before_it_changed_anything_has_failed_and_the_environment_is_free() -> None:
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


def test_one_that_was_cut_off_before_a_service_that_is_scaled_to_nothing_was_told_has_failed() -> None:
    world = World.of(ONE_AND_ONE, desired=0)
    world.push("search")
    killed(world, "registry.point")
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world).status is DeploymentStatus.FAILED


def test_a_service_that_is_gone_since_the_first_deployment_was_cut_off_is_no_success() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    killed(world, "store.note", nth=2)
    world.pass_time(LEASE_AND_GRACE)
    world.delete_service("search-worker", "stage")

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    (failed,) = [one for one in deployment.services if one.status is ServiceStatus.FAILED]
    assert failed.reason == "stage/search-worker is not found any more"


def test_a_service_that_the_project_file_no_longer_names_stays_as_it_was_noted() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    deployed = release_deploy(world)
    search = world.project.images[0]
    fewer = replace(
        world.project, images=(replace(search, services=("search-api",)), *world.project.images[1:])
    )
    ports = replace(world.ports(), project=fewer)

    deployment = confirm(ConfirmRequest(environment_id="stage"), ports, lambda _: None)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert statuses(deployment) == statuses(deployed)


def test_a_signal_while_one_that_was_cut_off_is_watched_settles_it_as_interrupted() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    world.signal_at(25)

    deployment = confirm_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert deployments(world)[0].status is DeploymentStatus.INTERRUPTED
    assert recorded(world).lock is None


def test_a_signal_while_nothing_is_to_be_recorded_just_ends_the_look() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=30.0)
    world.signal_at(25)

    with pytest.raises(Interrupted):
        confirm_deploy(world, wait=600.0)

    assert deployments(world)[0].status is DeploymentStatus.TIMED_OUT


def test_one_that_somebody_else_settles_at_that_moment_is_looked_at_again() -> None:
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


def test_one_that_was_cut_off_is_left_alone_while_somebody_holds_the_environment_by_hand() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    world.somebody_locks("stage")
    before = len(world.calls)

    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert written(world, before) == []


# Which one is meant.


def test_where_nothing_was_deployed_there_is_nothing_to_confirm() -> None:
    with pytest.raises(NotFound, match="nothing was deployed to stage yet"):
        confirm_deploy(World.of(ONE_AND_ONE))


def test_a_release_that_was_never_deployed_there_is_not_found() -> None:
    world = World.of(ONE_AND_ONE)
    elsewhere = release_deploy(world, "prod").release_id

    with pytest.raises(NotFound, match=f"release {elsewhere} was never deployed to stage"):
        confirm_deploy(world, release_id=elsewhere)


def test_an_earlier_release_is_judged_by_what_runs_now() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    earlier = release_deploy(world)
    world.pass_time(1)
    world.push("search")
    release_deploy(world)

    deployment = confirm_deploy(world, release_id=earlier.release_id)

    assert deployment.deployment_id == earlier.deployment_id
    assert deployment.status is DeploymentStatus.FAILED


def test_the_current_deployment_is_found_even_if_the_index_still_lacks_it() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deployed = release_deploy(world)
    world.fail("store.deployments", AssertionError("the index need not be asked"))

    assert confirm_deploy(world, release_id=deployed.release_id).deployment_id == deployed.deployment_id


def test_a_release_that_is_not_recorded_any_more_is_named() -> None:
    world = World.of(ONE_AND_ONE)
    deployed = release_deploy(world)
    releases: dict[str, Release] = world.tables[world.project.release_table].releases
    del releases[deployed.release_id]

    with pytest.raises(
        NotFound, match=f"release {deployed.release_id} of deployment .* is not recorded any more"
    ):
        confirm_deploy(world)
