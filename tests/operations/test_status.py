"""`status`: what runs in each environment, and what is wrong there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import release_deploy
from tests.world import Behaviour, World, crash, slow, unpullable
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, GateClosed, NotFound
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.model.status import DOWN, EnvironmentStatus, Problem, ServiceStatus, Source, Status
from weco_deploy.operations.promote import running_release
from weco_deploy.operations.status import status

TWO_SERVICES = project({"search": ["search-api", "search-web"]}, environments=("stage", "prod"))
DENIED = AccessDenied("ecs:DescribeServices", "not allowed: ecs:DescribeServices")


def deployed(made: World) -> World:
    """The world after a deployment of a new version of each image to each environment."""
    for image in made.project.images:
        made.push(image.id)
    for environment in made.project.environments:
        release_deploy(made, environment.id)
    return made


def look(world: World, environment_id: str | None = None) -> Status:
    return status(world.ports(), environment_id)


def state(world: World, environment_id: str = "stage") -> EnvironmentStatus:
    found = look(world).environments[environment_id]
    assert isinstance(found, EnvironmentStatus)
    return found


def service(world: World, service_id: str = "search-api", environment_id: str = "stage") -> ServiceStatus:
    return next(found for found in state(world, environment_id).services if found.service_id == service_id)


def commit_of(world: World, image_id: str = "search") -> str:
    return next(
        tag.removeprefix("ref.")
        for tag in world.stored(image_id).tags_of(world.tag(image_id, "latest") or "")
        if tag.startswith("ref.")
    )


def test_environments_that_run_what_was_deployed_are_in_sync() -> None:
    world = deployed(World.of(FIVE_AND_EIGHT))

    found = look(world)

    assert found.healthy
    assert list(found.environments) == ["stage", "prod"]
    assert found.waiting == ()
    stage = state(world)
    assert stage.in_sync
    assert len(stage.services) == 8
    assert not any(known.problems or known.rolling_out for known in stage.services)
    for image in stage.images:
        assert image.deployed == image.tagged == image.shown
        assert image.deployed is not None
        assert image.deployed.commit == commit_of(world, image.image_id)
        assert image.deployed in image.running


def test_image_is_there_since_the_deployment_that_moved_its_tag() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    moved = state(world).images[0].since
    world.pass_time(3600)
    release_deploy(world)

    (image,) = state(world).images

    assert (image.since, image.or_earlier) == (moved, False)


def test_image_whose_tag_no_read_deployment_moved_may_be_there_for_longer() -> None:
    world = World.of(ONE_AND_ONE)
    world.point("search", "latest", world.tag("search", "env.stage") or "")
    world.stored("search").tags["ref.0123456"] = world.tag("search", "env.stage") or ""
    release_deploy(world)

    (image,) = state(world).images

    assert image.since is not None
    assert image.or_earlier


def test_tag_that_somebody_moved_drifts() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    before = commit_of(world)
    world.push("search")
    world.point("search", "env.prod", world.tag("search", "latest") or "")

    found = look(world)

    assert not found.healthy
    (drift,) = state(world, "prod").drifts
    assert (drift.source, drift.image_id, drift.service_id) == (Source.TAG, "search", None)
    assert drift.expected.commit == before
    assert drift.found is not None
    assert drift.found.commit == commit_of(world)
    assert state(world, "stage").in_sync


def test_tag_that_somebody_removed_drifts() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.untag("search", "env.prod")

    (drift,) = state(world, "prod").drifts

    assert (drift.source, drift.found) == (Source.TAG, None)


def test_service_that_somebody_redeployed_from_a_moved_tag_drifts_too() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    world.point("search", "env.stage", world.tag("search", "latest") or "")
    world.somebody_redeploys("search-api", "stage")
    world.settle_down()

    sources = [(drift.source, drift.service_id) for drift in state(world).drifts]

    assert sources == [(Source.TAG, None), (Source.RUNNING, "search-api")]


def test_version_that_ecs_resolved_drifts_while_no_task_tells_a_digest() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    world.point("search", "env.stage", world.tag("search", "latest") or "")
    world.trouble("search-api", "stage", "hides-digests")
    world.somebody_redeploys("search-api", "stage")
    world.settle_down()

    sources = {(drift.source, drift.service_id) for drift in state(world).drifts}

    assert (Source.ECS_DEPLOYMENT, "search-api") in sources


@pytest.mark.parametrize(
    ("hidden", "notes"),
    [
        (("hides-digests",), ()),
        (("hides-digests", "hides-revisions"), ("nothing tells what search-api runs",)),
    ],
    ids=["the service revision tells", "nothing tells"],
)
def test_service_of_which_nothing_tells_what_it_runs_is_named(
    hidden: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    for trouble in hidden:
        world.trouble("search-api", "stage", trouble)
    release_deploy(world)

    assert state(world).notes == notes


def test_tasks_of_a_multi_architecture_image_that_report_a_child_are_in_sync() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", multi_arch=True, reports_child=True)
    release_deploy(world)

    assert state(world).in_sync
    assert state(world).images[0].running


def test_failed_deployment_leaves_drift_and_crashes_and_a_known_bad_image() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search", crash(code=3))
    release_deploy(world)
    world.settle_down()

    stage = state(world)

    assert stage.drifts
    (found,) = stage.services
    assert Problem.CRASHED_TASKS in found.problems
    assert {crashed.exit_code for crashed in found.crashes} == {3}
    (bad,) = stage.known_bad
    assert (bad.failed, bad.there, bad.version.commit) == (True, True, commit_of(world))


def test_crash_is_found_among_the_stopped_tasks_of_many_services_after_ecs_has_put_the_service_back() -> None:
    images = {f"image-{number}": [f"service-{number}"] for number in range(120)}
    world = deployed(World.of(project({"search": ["search-api"], **images}, environments=("stage",))))
    world.push("search", crash(code=3))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(300)

    (crashed,) = service(world).crashes

    assert (crashed.tasks, crashed.exit_code) == (3, 3)


@pytest.mark.parametrize("behaviour", [crash(code=3), unpullable()], ids=["crash", "unpullable"])
def test_crashes_of_an_image_that_was_replaced_are_no_trouble_any_more(behaviour: Behaviour) -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search", behaviour)
    release_deploy(world)
    world.settle_down()
    assert Problem.CRASHED_TASKS in service(world).problems
    world.pass_time(1)
    world.push("search")

    release_deploy(world)

    assert service(world).problems == ()


def test_crash_of_more_than_an_hour_ago_is_no_news() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.stop_task("search-api", "stage", "container-exit")
    world.settle_down()
    assert service(world).problems == (Problem.CRASHED_TASKS,)
    assert not service(world).down

    world.pass_time(3601)

    assert service(world).problems == ()


def test_task_that_somebody_stopped_is_no_crash() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.stop_task("search-api", "stage", "task-stopped")
    world.settle_down()

    assert service(world).problems == ()


def test_service_with_too_few_tasks_is_down() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.trouble("search-api", "stage", "no-capacity")
    world.scale("search-api", "stage", 3)

    found = look(world)

    assert not found.healthy
    assert service(world).problems == (Problem.TOO_FEW_TASKS,)
    assert (service(world).running, service(world).desired) == (1, 3)
    assert DOWN.issuperset(service(world).problems)


def test_service_scaled_to_zero_is_idle_and_not_down() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.scale("search-api", "stage", 0)
    world.settle_down()

    assert look(world).healthy
    assert service(world).idle


def test_deleted_service_is_down_unless_it_is_optional_or_deployed_by_others() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.delete_service("search-api", "stage")
    world.settle_down()
    assert service(world).problems == (Problem.MISSING,)
    assert service(world).down

    world.project = replace(ONE_AND_ONE, optional_services=frozenset({"search-api"}))
    assert look(world).healthy
    assert service(world).may_be_missing

    world.project = replace(ONE_AND_ONE, services_of_others=frozenset({"search-api"}))
    assert look(world).healthy
    assert state(world).services == ()
    assert state(world).services_of_others == 1


def test_nothing_is_down_where_nothing_was_deployed_yet_and_all_services_are_there() -> None:
    world = World.of(ONE_AND_ONE)

    found = look(world)

    assert found.healthy
    assert state(world).deployment is None
    assert state(world).notes == ()


def test_missing_services_are_down_where_nothing_was_deployed_yet_unless_they_are_optional() -> None:
    world = World(ONE_AND_ONE)
    world.repository("search")

    assert not look(world).healthy
    assert service(world).problems == (Problem.MISSING,)
    assert [image.expected for image in state(world).images] == [None]

    world.project = replace(ONE_AND_ONE, optional_services=frozenset({"search-api"}))

    assert look(world).healthy
    assert service(world).may_be_missing


def test_service_that_the_last_deployment_was_allowed_to_leave_out_may_be_missing() -> None:
    world = World.of(TWO_SERVICES)
    world.push("search")
    world.delete_service("search-web", "stage")
    world.settle_down()
    release_deploy(world, allow_missing=True)

    assert service(world, "search-web").may_be_missing
    assert service(world, "search-web", "prod").problems == ()


def test_missing_repository_is_a_note_and_its_images_have_no_version() -> None:
    world = World(ONE_AND_ONE)

    found = state(world)

    assert found.notes == (f"the registry has no repository {ONE_AND_ONE.images[0].repository}",)
    assert [image.expected for image in found.images] == [None]


def test_services_with_the_same_tags_are_down() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.service("search-api", "stage", ["search"], name="another")

    assert service(world).problems == (Problem.AMBIGUOUS,)


def test_service_with_images_at_another_tag_is_down() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.redefine("search-api", "stage", "latest")
    world.settle_down()

    assert Problem.OTHER_IMAGES in service(world).problems


def test_lock_by_hand_is_shown() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.somebody_locks("prod", holder="ada", reason="an audit")

    lock = state(world, "prod").lock

    assert lock is not None
    assert (lock.holder, lock.reason) == ("ada", "an audit")
    assert state(world, "stage").lock is None


def test_deployment_in_progress_is_no_drift_and_has_its_lock() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    seen: list[EnvironmentStatus] = []
    world.after("runtime.redeploy", lambda _: seen.append(state(world)))

    release_deploy(world)

    (during,) = seen
    assert during.in_sync
    assert during.in_progress is not None
    assert not during.cut_off
    assert during.lock is not None
    assert during.lock.deployment_id == during.in_progress.deployment_id
    assert during.services[0].rolling_out


def test_deployment_whose_lease_is_over_was_cut_off() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    world.cut_after(1, "runtime.redeploy")
    with pytest.raises(BaseException):  # noqa: B017, PT011 - a kill is no Exception
        release_deploy(world)
    assert not state(world).cut_off

    world.pass_time(600)

    assert state(world).cut_off
    assert state(world).lock is None


def test_commits_that_wait_for_prod_are_counted() -> None:
    world = deployed(World.of(FIVE_AND_EIGHT))
    world.push("search")
    world.push("items")
    deployment = release_deploy(world)

    (waits,) = look(world).waiting

    assert (waits.source, waits.target) == ("stage", "prod")
    assert waits.images == ("search", "items")
    assert waits.commits == 6  # the four after search's first one, of other images, and two new ones
    assert (waits.lost, waits.unknown) == (0, ())
    assert waits.release_id == deployment.release_id
    assert look(world, "prod").waiting == (waits,)
    assert list(look(world, "prod").environments) == ["prod"]


def test_nothing_waits_freely_that_promote_would_refuse() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    release_deploy(world)
    assert [waits.refused for waits in look(world).waiting] == [""]

    world.push("search", crash(3))
    failed = release_deploy(world)

    (waits,) = look(world).waiting
    assert failed.status is DeploymentStatus.FAILED
    assert "the last deployment to stage failed" in waits.refused
    with pytest.raises(GateClosed) as refusal:
        running_release(world.ports(), "stage", override=None)
    assert waits.refused in str(refusal.value)


def test_images_that_never_ran_in_the_source_cannot_be_promoted() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    world.scale("search-api", "stage", 0)
    world.settle_down()
    release_deploy(world)

    (waits,) = look(world).waiting

    assert waits.refused.startswith("these images never ran in stage: search")


def test_images_cannot_be_promoted_from_where_nothing_was_deployed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world, "prod")

    (waits,) = look(world).waiting

    assert waits.refused == "nothing was deployed to stage yet"


def test_commits_that_git_does_not_know_are_unknown() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    release_deploy(world)
    world.git.commits.clear()

    (waits,) = look(world).waiting

    assert (waits.commits, waits.lost, waits.unknown) == (None, None, ("search",))


def test_promotions_go_where_environments_require() -> None:
    made = project(
        {"search": ["search-api"]},
        environments=(
            Environment(id="dev", name="Dev"),
            Environment(id="live", name="Live", requires=("dev",)),
        ),
    )
    world = deployed(World.of(made))
    world.push("search")
    release_deploy(world, "dev")

    (waits,) = look(world).waiting

    assert (waits.source, waits.target) == ("dev", "live")


def test_image_that_failed_in_prod_and_waits_for_it_again_is_known_bad() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search", crash())
    release_deploy(world, "prod")
    world.mend("search")
    release_deploy(world, "stage")
    world.push("search")
    release_deploy(world, "prod")

    (bad,) = state(world, "prod").known_bad

    assert (bad.failed, bad.there) == (True, False)


def test_environment_that_cannot_be_read_hides_no_other() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.fail("runtime.describe", DENIED, times=100, about="cluster/prod")

    found = look(world)

    assert found.errors == {"prod": DENIED}
    assert not found.healthy
    assert state(world, "stage").in_sync


def test_error_of_all_environments_is_raised() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.fail("runtime.describe", DENIED, times=100)

    with pytest.raises(AccessDenied):
        look(world)


def test_unknown_environment_is_not_found() -> None:
    with pytest.raises(NotFound, match="no environment 'live'"):
        look(World.of(ONE_AND_ONE), "live")


def test_nothing_is_changed() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    before = len(world.calls)

    look(world)

    names = {call.name for call in world.calls[before:]}
    assert not names & {"registry.point", "runtime.redeploy", "store.claim", "store.save", "store.note"}


def test_tasks_that_report_a_child_of_the_deployed_image_are_right_although_the_tag_was_moved() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", multi_arch=True, reports_child=True)
    release_deploy(world)
    world.push("search")
    world.point("search", "env.stage", world.tag("search", "latest") or "")

    assert [drift.source for drift in state(world).drifts] == [Source.TAG]


def test_commit_of_a_version_that_no_record_has_comes_from_ecr() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.tag("search", "env.stage")
    assert digest is not None
    world.stored("search").tags["ref.0123456"] = digest

    (image,) = state(world).images

    assert image.deployed is None
    assert image.shown is not None
    assert (image.shown.digest, image.shown.commit) == (digest, "0123456")


def test_old_tasks_of_a_rollout_that_goes_on_are_no_drift() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search", slow(300))
    assert release_deploy(world, wait=20).status is DeploymentStatus.TIMED_OUT

    stage = state(world)

    assert stage.in_sync
    assert stage.services[0].rolling_out
    assert stage.unfinished

    world.settle_down()

    assert not state(world).unfinished


def test_deployment_whose_environment_somebody_else_holds_was_cut_off() -> None:
    world = deployed(World.of(ONE_AND_ONE))
    world.push("search")
    world.cut_after(1, "runtime.redeploy")
    with pytest.raises(BaseException):  # noqa: B017, PT011 - a kill is no Exception
        release_deploy(world)
    world.somebody_locks("stage", holder="ada")

    assert state(world).cut_off
