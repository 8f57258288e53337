"""Images that would go backwards in git's history: said, refused, or passed for a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import (
    Told,
    deploy_release,
    deployments,
    promote,
    recorded,
    release,
    release_deploy,
    request,
    rollback,
)
from tests.world import Call, World, crash
from tests.world.projects import project
from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.direction import Backwards, Direction
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.operations.deploy import AlreadyNewer, plan

REASON = "the new search is slow"
IMAGES = {"search": ["search-api"], "items": ["items-api"]}


def world_that(backwards: Backwards, branch: str | None = None) -> World:
    environments = [
        Environment(id=name, name=name.capitalize(), backwards=backwards) for name in ("stage", "prod")
    ]
    return World.of(replace(project(IMAGES, environments), branch=branch))


def two_releases(world: World) -> tuple[str, str]:
    """An older release and a newer one, which stage runs."""
    older = release(world.ports(), save=True).release_id
    world.push("search")
    newer = release_deploy(world).release_id
    world.pass_time(1)
    return older, newer


def back(world: World, older: str, newer: str) -> str:
    """What is said of search, whose commit is two behind the newer release's."""
    releases = [world.ports().store.release(release_id) for release_id in (older, newer)]
    to, before = (found.versions["search"].commit[:7] for found in releases if found)
    return f"would go backwards: search ({to} is 2 commits behind {before})"


def planned(world: World, release_id: str = "latest", **options: object) -> Plan:
    ports = world.ports()
    chosen = (
        release(ports) if release_id == "latest" else ports.store.release(release_id) or pytest.fail("none")
    )
    return plan(request(chosen, "stage", **options), ports)


def directions(made: Plan) -> dict[str, tuple[Direction, int | None]]:
    return {image.image_id: (image.direction.direction, image.direction.commits) for image in made.images}


def test_plan_has_the_direction_of_each_image_and_the_commits_that_would_be_lost() -> None:
    world = world_that(Backwards.WARN)
    older, _ = two_releases(world)
    world.push("items")
    world.push("items")

    ahead = planned(world)
    behind = planned(world, older)

    assert directions(ahead) == {"search": (Direction.SAME, 0), "items": (Direction.AHEAD, 3)}
    assert directions(behind) == {"search": (Direction.BEHIND, 2), "items": (Direction.SAME, 0)}
    added = next(image.direction.added for image in ahead.images if image.image_id == "items")
    assert [commit.subject for commit in added][-1] == "Change search once more, after 1 images"
    assert len(added) == 3
    lost = next(image.direction.lost for image in behind.images if image.image_id == "search")
    assert lost[0].subject == "Change search once more, after 1 images"


def test_plan_names_the_commit_of_an_image_that_something_else_deployed() -> None:
    world = world_that(Backwards.WARN)
    first = release(world.ports()).images["search"]
    world.push("search")

    (search,) = planned(world).moves

    assert first is not None
    assert (search.from_commit, search.from_digest) == (first.commit, first.digest)


def test_warning_is_in_the_plan_and_the_direction_in_the_record() -> None:
    world = world_that(Backwards.WARN)
    older, newer = two_releases(world)
    told = Told()

    warnings = planned(world, older).warnings
    deployment = deploy_release(world, older, told=told)

    assert back(world, older, newer) in warnings
    assert deployment.status is DeploymentStatus.SUCCEEDED
    change = deployments(world)[0].images["search"]
    assert (change.direction, change.commits) == (Direction.BEHIND, 2)


def test_environments_warn_by_default() -> None:
    assert project(IMAGES).environment("stage").backwards is Backwards.WARN


def test_where_it_is_allowed_nothing_is_said_and_the_plan_still_has_the_direction() -> None:
    world = world_that(Backwards.ALLOW)
    older, _ = two_releases(world)

    made = planned(world, older)

    assert directions(made)["search"] == (Direction.BEHIND, 2)
    assert not any("backwards" in warning for warning in made.warnings)
    assert deploy_release(world, older).images["search"].direction is None


def test_refused_image_goes_nowhere_and_the_error_names_it() -> None:
    world = world_that(Backwards.REFUSE)
    older, newer = two_releases(world)

    with pytest.raises(GateClosed) as refused:
        deploy_release(world, older)

    assert refused.value.reasons == (back(world, older, newer),)
    assert "--override-gate REASON" in refused.value.hint
    (gate,) = planned(world, older).closed_gates
    assert gate.reasons == refused.value.reasons
    assert gate.hint == refused.value.hint
    current = recorded(world).current
    assert current is not None
    assert current.release_id == newer


def test_promotion_of_an_older_release_is_refused_too() -> None:
    world = world_that(Backwards.REFUSE)
    two_releases(world)
    world.push("search")
    release_deploy(world, "prod")

    with pytest.raises(GateClosed, match="search"):
        promote(world)


def test_reason_given_passes_is_recorded_and_still_warns() -> None:
    world = world_that(Backwards.REFUSE)
    older, newer = two_releases(world)

    assert back(world, older, newer) in planned(world, older, override_gate=REASON).warnings
    assert deploy_release(world, older, override_gate=REASON).status is DeploymentStatus.SUCCEEDED

    last = deployments(world)[0]
    assert last.gate_override == REASON
    assert last.images["search"].direction is Direction.BEHIND


def test_rollback_goes_backwards_without_a_reason_and_without_a_fetch() -> None:
    world = world_that(Backwards.REFUSE)
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.git.commits.pop(0)
    calls = len(world.calls)

    assert rollback(world).status is DeploymentStatus.SUCCEEDED
    assert not any(call.name == "history.deepen" for call in world.calls[calls:])


def test_automatic_rollback_goes_backwards() -> None:
    world = world_that(Backwards.REFUSE)
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())

    assert release_deploy(world, rollback_on_failure=True).status is DeploymentStatus.ROLLED_BACK


# What git can't tell.


def test_commit_that_git_lacks_is_refused_after_a_fetch() -> None:
    world = world_that(Backwards.REFUSE)
    world.push("search")
    world.git.commits.pop()

    with pytest.raises(GateClosed, match="direction unknown of search") as refused:
        release_deploy(world)

    assert "fetch-depth: 0" in refused.value.hint
    assert world.count("history.deepen") == 1


def test_shallow_clone_is_deepened_also_for_a_plan() -> None:
    world = world_that(Backwards.REFUSE)
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    world.git.depth = 1

    assert directions(planned(world))["search"] == (Direction.AHEAD, 2)
    assert world.git.depth is None


def test_clone_that_cannot_be_deepened_knows_no_direction() -> None:
    world = world_that(Backwards.WARN)
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    world.git.depth = 1
    world.git.can_fetch = False

    assert directions(planned(world))["search"] == (Direction.UNKNOWN, None)


def test_one_warning_says_that_there_is_no_repository_here() -> None:
    world = world_that(Backwards.WARN)
    for image_id in IMAGES:
        world.push(image_id)
    world.git.exists = False

    warnings = planned(world).warnings

    assert warnings == ("direction unknown of all images that change: git finds no repository here",)
    assert world.count("history.deepen") == 0


def test_git_is_not_asked_where_no_image_changes() -> None:
    world = world_that(Backwards.REFUSE)
    release_deploy(world)
    calls = len(world.calls)

    release_deploy(world)

    assert not any(call.name == "history.ancestry" for call in world.calls[calls:])


def test_image_that_something_else_deployed_is_compared_by_its_tags_in_the_registry() -> None:
    world = world_that(Backwards.REFUSE)
    older = release(world.ports(), save=True).release_id
    world.point("search", "env.stage", world.push("search"))

    with pytest.raises(GateClosed, match=r"search \([0-9a-f]{7} is 2 commits behind [0-9a-f]{7}\)"):
        deploy_release(world, older)


def test_image_tagged_again_for_a_later_commit_is_of_that_commit() -> None:
    world = world_that(Backwards.WARN)
    digest = world.push("search")
    between = world.push("search")
    world.push("items")
    later = world.git.commits[-1].commit
    world.point("search", f"ref.{later}", digest)
    world.point("search", "latest", digest)
    release_deploy(world)
    world.pass_time(1)
    world.point("search", "latest", between)

    assert directions(planned(world))["search"] == (Direction.BEHIND, 1)


def test_commit_off_the_branch_is_refused() -> None:
    world = world_that(Backwards.REFUSE, branch="main")
    world.git.branches["main"] = world.git.commits[-1].commit
    world.push("search")

    with pytest.raises(GateClosed, match="built from commits that are not on main: search"):
        release_deploy(world)
    world.git.branches["main"] = world.git.commits[-1].commit
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_first_image_of_an_environment_loses_nothing() -> None:
    world = world_that(Backwards.REFUSE)
    world.push("search")
    world.untag("search", "env.stage")

    assert directions(planned(world))["search"] == (Direction.AHEAD, None)


# Two overlapping deployments.


def overlap(world: World, nth: int) -> tuple[Deployment | AlreadyNewer, list[Deployment]]:
    """An older run, and a newer one that begins and ends before its `nth` call: how both ended."""
    world.push("search")
    older = release(world.ports(), save=True).release_id
    ended: list[Deployment] = []

    def newer(_: Call) -> None:
        world.push("search")
        ended.append(release_deploy(world))

    world.before("*", newer, nth)
    try:
        return deploy_release(world, older), ended
    except AlreadyNewer as already:
        return already, ended


@pytest.mark.parametrize("nth", range(1, 11))
def test_older_run_that_overlaps_a_newer_one_leaves_the_newer_release_and_ends_well(nth: int) -> None:
    world = world_that(Backwards.REFUSE)

    older, ended = overlap(world, nth)

    (newer,) = ended
    assert isinstance(older, AlreadyNewer)
    assert older.newer.deployment_id == newer.deployment_id
    record = recorded(world)
    assert record.lock is None
    assert record.current is not None
    assert record.current.release_id == newer.release_id
    assert world.running("search-api", "stage") == {newer.images["search"].to_digest}
    assert world.tag("search", "env.stage") == newer.images["search"].to_digest
    assert [found.deployment_id for found in deployments(world)] == [newer.deployment_id]


@pytest.mark.parametrize("nth", range(1, 11))
def test_older_run_says_that_it_went_backwards_where_that_only_warns(nth: int) -> None:
    world = world_that(Backwards.WARN)

    older, ended = overlap(world, nth)

    (newer,) = ended
    assert isinstance(older, Deployment)
    assert older.status is DeploymentStatus.SUCCEEDED
    change = older.images["search"]
    assert (change.from_digest, change.direction, change.commits) == (
        newer.images["search"].to_digest,
        Direction.BEHIND,
        1,
    )


@pytest.mark.parametrize("later", range(10))
def test_of_two_runs_at_the_same_time_that_wait_for_each_other_the_newer_one_stays(later: int) -> None:
    world = world_that(Backwards.REFUSE)
    world.push("search")
    old = release(world.ports(), save=True).release_id
    world.push("search")
    new = release(world.ports(), save=True).release_id

    def older() -> Deployment | AlreadyNewer:
        try:
            return deploy_release(world, old, wait_for_lock=900.0)
        except AlreadyNewer as already:
            return already

    def newer() -> Deployment | AlreadyNewer:
        world.ports().clock.wait(later * 4.0)
        return deploy_release(world, new, wait_for_lock=900.0)

    first, second = world.side_by_side.run(older, newer)

    assert isinstance(second, Deployment)
    assert second.status is DeploymentStatus.SUCCEEDED
    assert isinstance(first, AlreadyNewer) or first.status is DeploymentStatus.SUCCEEDED
    current = recorded(world).current
    assert current is not None
    assert current.release_id == new
    assert world.tag("search", "env.stage") == second.images["search"].to_digest


def test_run_that_begins_after_the_newer_deployment_is_refused() -> None:
    world = world_that(Backwards.REFUSE)
    older, _ = two_releases(world)

    with pytest.raises(GateClosed):
        deploy_release(world, older)


def test_run_is_refused_where_the_newer_deployment_failed() -> None:
    world = world_that(Backwards.REFUSE)
    world.push("search")
    older = release(world.ports(), save=True).release_id

    def newer(_: Call) -> None:
        world.push("search", crash())
        assert release_deploy(world).status is DeploymentStatus.FAILED

    world.before("*", newer, 3)

    with pytest.raises(GateClosed):
        deploy_release(world, older)


def test_run_is_refused_where_the_newer_image_was_there_before_it_began() -> None:
    world = world_that(Backwards.REFUSE)
    older, _ = two_releases(world)
    world.push("items")

    def newer(_: Call) -> None:
        digest = world.tag("items", "latest")
        world.point("items", "only", str(digest))
        assert release_deploy(world, label="only").status is DeploymentStatus.SUCCEEDED

    world.before("*", newer, 3)

    with pytest.raises(GateClosed, match="search"):
        deploy_release(world, older)
