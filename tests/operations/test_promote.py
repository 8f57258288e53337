"""What one environment runs goes to another one, if it truly runs there."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, deployments, promote, recorded, release, release_deploy
from tests.world import Killed, World, crash
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import GateClosed, NotFound
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.kind import Kind
from weco_deploy.operations.promote import running_release

TWO = project({"search": ["search-api"], "items": ["items-api"]})


def staged() -> tuple[World, str, str]:
    """A world with a new image in stage that prod lacks: its digest and its release."""
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    return world, digest, release_deploy(world, "stage").release_id


def test_the_release_recorded_as_running_in_the_source_goes_to_the_target() -> None:
    world, digest, release_id = staged()
    world.push("search")

    deployment = promote(world)

    assert (deployment.release_id, deployment.kind) == (release_id, Kind.PROMOTE)
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {digest}
    assert len(world.ports().store.releases(10)) == 1


def test_where_nothing_was_deployed_nothing_is_promoted() -> None:
    with pytest.raises(NotFound, match="nothing was deployed to stage yet"):
        promote(World.of(ONE_AND_ONE))


def test_a_tag_that_somebody_moved_in_the_source_is_refused() -> None:
    world, _, _ = staged()
    other = world.push("search")
    world.point("search", "env.stage", other)

    with pytest.raises(GateClosed, match=rf"search: env\.stage points at {other[:19]}, not at ref\."):
        promote(world)

    assert deployments(world, "prod") == ()


def test_a_service_that_runs_something_else_in_the_source_is_refused() -> None:
    world, digest, _ = staged()
    other = world.push("search")
    world.point("search", "env.stage", other)
    world.somebody_redeploys("search-api", "stage")
    world.settle_down()
    world.point("search", "env.stage", digest)

    with pytest.raises(GateClosed, match=f"search-api: runs {other[:19]}"):
        promote(world)


def test_a_source_that_is_being_scaled_or_replaces_a_task_runs_what_is_recorded_all_the_same() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.scale("search-api", "stage", 3)
    assert promote(world).status is DeploymentStatus.SUCCEEDED
    world.settle_down()
    world.stop_task("search-api", "stage")
    world.pass_time(2)
    assert world.look("search-api", "stage").running == 2
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_a_source_none_of_whose_tasks_run_is_refused() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.stop_task("search-api", "stage")
    world.pass_time(2)
    assert world.look("search-api", "stage").running == 0
    with pytest.raises(GateClosed, match="0 of 1 tasks running"):
        promote(world)


def test_a_source_whose_last_deployment_failed_is_refused() -> None:
    world, _, _ = staged()
    world.push("search", crash())
    release_deploy(world, "stage")

    with pytest.raises(GateClosed, match="the last deployment to stage failed"):
        promote(world)


def test_a_source_with_an_image_that_failed_before_a_partial_success_is_refused() -> None:
    world = World.of(TWO)
    release_deploy(world, "stage")
    world.pass_time(1)
    world.push("search", crash())
    release_deploy(world, "stage")
    world.pass_time(1)
    world.point("items", "only", world.push("items"))
    assert release_deploy(world, "stage", label="only").status is DeploymentStatus.SUCCEEDED

    with pytest.raises(
        GateClosed, match=r"stage still has images that did not succeed there.*: search \(release"
    ):
        promote(world)


def test_a_source_whose_last_deployment_was_cut_off_is_refused() -> None:
    world, _, _ = staged()
    world.push("search")
    world.cut_after(1, "registry.point")
    with pytest.raises(Killed):
        release_deploy(world, "stage")

    with pytest.raises(GateClosed, match="stage is being deployed to"):
        promote(world)


def test_a_reason_given_passes_the_gate_and_is_recorded() -> None:
    world, digest, _ = staged()
    world.point("search", "env.stage", world.push("search"))

    deployment = promote(world, override="the tag was moved by hand to try something")

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {digest}
    (kept,) = deployments(world, "prod")
    assert kept.gate_override == "the tag was moved by hand to try something"


def test_a_mixed_source_makes_a_new_release_of_what_it_runs() -> None:
    world = World.of(TWO)
    first = release_deploy(world, "stage").release_id
    world.pass_time(1)
    items = world.push("items")
    world.point("items", "only", items)
    second = release_deploy(world, "stage", label="only").release_id
    world.pass_time(1)
    search = world.tag("search", "env.stage")

    deployment = promote(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployment.release_id not in (first, second)
    assert world.running("items-api", "prod") == {items}
    assert world.running("search-api", "prod") == {search}
    made = world.ports().store.release(deployment.release_id)
    assert made is not None
    assert {image_id: version.digest for image_id, version in made.versions.items()} == {
        "items": items,
        "search": search,
    }
    assert made.from_label == "env.stage"


def test_what_is_made_of_a_mixed_source_is_not_recorded_before_it_is_deployed() -> None:
    world = World.of(TWO)
    release_deploy(world, "stage")
    world.point("items", "only", world.push("items"))
    release_deploy(world, "stage", label="only")

    found, new = running_release(world.ports(), "stage", override=None)

    assert new
    assert world.ports().store.release(found.release_id) is None


def test_an_image_that_left_the_project_does_not_make_its_environment_mixed() -> None:
    world = World.of(TWO)
    release_deploy(world, "stage")
    world.project = ONE_AND_ONE
    world.pass_time(1)
    world.push("search")
    release_id = release_deploy(world, "stage").release_id

    assert promote(world).release_id == release_id


def test_promoting_again_has_nothing_to_do() -> None:
    world, _, _ = staged()
    promote(world)
    world.pass_time(1)
    before = world.count("runtime.redeploy")
    told = Told()

    assert promote(world, told=told).status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.redeploy") == before


def test_after_a_rollback_the_source_promotes_what_it_went_back_to() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    good = release_deploy(world, "stage")
    world.pass_time(1)
    world.push("search", crash())
    failed = release_deploy(world, "stage", rollback_on_failure=True)
    assert failed.status is DeploymentStatus.ROLLED_BACK
    world.pass_time(1)

    assert promote(world).release_id == good.release_id
    current = recorded(world, "prod").current
    assert current is not None
    assert current.release_id == good.release_id


def test_a_release_of_another_environment_may_be_prepared_meanwhile() -> None:
    world, digest, _ = staged()
    world.push("search")
    release(world.ports(), save=True)

    promote(world)

    assert world.running("search-api", "prod") == {digest}


def test_release_of_the_source_that_is_not_recorded_any_more_is_refused() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deployed = release_deploy(world)
    del world.tables[world.project.release_table].releases[deployed.release_id]

    with pytest.raises(
        NotFound, match=f"release {deployed.release_id}, which runs there, is not recorded any more"
    ):
        promote(world)
