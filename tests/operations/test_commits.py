"""`changes`: the commits between releases and environments, and where a commit is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import deploy_release, release, release_deploy
from tests.world import World, crash
from tests.world.projects import project
from weco_deploy.errors import NotFound, UsageError
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.operations.changes import changes, commits_by_image, where

TWO = project({"search": ["search-api"], "items": ["items-api"]})


def world_with_prod() -> World:
    """A world in which the same release was deployed to stage and prod."""
    world = World.of(TWO)
    world.push("search")  # so that the commits after it are the next ones of this image
    staged = release_deploy(world)
    assert deploy_release(world, staged.release_id, "prod").status is DeploymentStatus.SUCCEEDED
    return world


def push(world: World, image_id: str) -> str:
    """Push a new image; its commit."""
    world.pass_time(60)
    world.push(image_id)
    return world.git.commits[-1].commit


def test_default_is_what_promote_would_bring() -> None:
    world = world_with_prod()
    commits = [push(world, "search"), push(world, "search")]
    release_deploy(world)

    found = changes(world.ports(), None)

    assert (found.base, found.head) == ("prod", "stage")
    assert [change.commit.commit for change in found.commits] == commits[::-1]
    assert (found.lost, found.unknown, found.unchanged) == ((), {}, ("items",))


def test_commits_of_a_deployment_are_listed_by_image() -> None:
    world = world_with_prod()
    commits = [push(world, "search"), push(world, "search")]

    deployment = release_deploy(world)

    found = commits_by_image(world.ports(), deployment)
    assert {image_id: [commit.commit for commit in listed] for image_id, listed in found.items()} == {
        "search": commits[::-1]
    }


def test_commit_in_several_images_is_listed_once_with_all_of_them() -> None:
    world = world_with_prod()
    first, second = push(world, "search"), push(world, "items")
    release_deploy(world)

    found = changes(world.ports(), "prod..stage")

    # The image items includes both commits, because its commit is the later one.
    assert {change.commit.commit: set(change.images) for change in found.commits}[first] == {
        "search",
        "items",
    }
    assert {change.commit.commit: set(change.images) for change in found.commits}[second] == {"items"}


def test_commits_that_a_release_would_lose_are_listed() -> None:
    world = world_with_prod()
    old = release_deploy(world).release_id
    lost = push(world, "search")
    new = release_deploy(world).release_id

    found = changes(world.ports(), f"{new[:8]}..{old[:8]}")

    assert (found.base, found.head) == (new, old)
    assert [change.commit.commit for change in found.lost] == [lost]
    assert found.commits == ()


def test_same_release_has_no_changes() -> None:
    found = changes(world_with_prod().ports(), "latest..prod")

    assert (found.commits, found.lost, found.unknown) == ((), (), {})
    assert set(found.unchanged) == {"search", "items"}


def test_image_whose_commits_the_repository_lacks_is_unknown() -> None:
    world = world_with_prod()
    push(world, "search")
    release_deploy(world)
    world.git.commits.pop()

    found = changes(world.ports(), None)

    assert set(found.unknown) == {"search"}
    assert "doesn't know how" in found.unknown["search"]
    assert found.commits == ()


def test_image_that_only_one_side_has_is_unknown() -> None:
    world = world_with_prod()
    store = world.ports().store
    made = release(world.ports())
    without = replace(made, release_id="aaaa-without", images={**made.images, "items": None})
    for saved in (made, without):
        store.save(saved)

    missing = changes(world.ports(), f"{made.release_id}..aaaa-without")
    new = changes(world.ports(), f"aaaa-without..{made.release_id}")

    assert missing.unknown == {"items": "it would be missing there"}
    assert new.unknown == {"items": "it is new there"}


def test_web_pages_are_those_of_the_remote() -> None:
    world = world_with_prod()
    world.git.remote_url = "git@github.com:team/shop.git"

    found = changes(world.ports(), None)

    assert found.repository is not None
    assert found.repository.url == "https://github.com/team/shop"


def test_environments_with_dots_in_their_ids_can_be_compared() -> None:
    dotted = replace(TWO, environments=(Environment(id="v1..a", name="A"), Environment(id="b", name="B")))
    world = World.of(dotted)
    for environment in ("v1..a", "b"):
        release_deploy(world, environment)

    found = changes(world.ports(), "v1..a..b")

    assert (found.base, found.head) == ("v1..a", "b")


@pytest.mark.parametrize("text", ["prod", "..", "prod..", "..stage", ""])
def test_text_that_names_no_two_sides_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"A\.\.B|two environments"):
        changes(World.of(TWO).ports(), text)


def test_project_without_stage_or_prod_has_no_default() -> None:
    only = replace(TWO, environments=TWO.environments[:1])

    with pytest.raises(UsageError, match="no default"):
        changes(replace(World.of(TWO).ports(), project=only), None)


def test_environment_without_deployments_is_refused() -> None:
    world = World.of(TWO)
    release_deploy(world)

    with pytest.raises(NotFound, match="nothing was deployed to prod yet"):
        changes(world.ports(), None)


def test_unknown_release_is_refused() -> None:
    with pytest.raises(NotFound, match="no environment, release or deployment 'nothing'"):
        changes(world_with_prod().ports(), "nothing..prod")


def test_commit_is_live_where_deployed_images_have_it_since_the_first_such_deployment() -> None:
    world = world_with_prod()
    commit = push(world, "search")
    first = release_deploy(world)
    push(world, "search")
    second = release_deploy(world)

    found = where(world.ports(), commit[:10])

    assert found.commit.commit == commit
    stage, prod = found.environments
    (live,) = stage.live
    assert (live.image_id, live.deployment_id) == ("search", first.deployment_id)
    assert live.since == first.date_finished
    assert stage.without == ("items",)
    assert (prod.live, set(prod.without)) == ((), {"search", "items"})
    assert list(found.releases) == [second.release_id, first.release_id]
    assert found.releases[first.release_id] == ("search",)


def test_commit_that_came_back_is_live_since_it_came_back() -> None:
    world = world_with_prod()
    old = release_deploy(world).release_id
    commit = push(world, "search")
    new = release_deploy(world).release_id
    world.pass_time(60)
    deploy_release(world, old)
    world.pass_time(60)
    again = deploy_release(world, new)

    (live,) = where(world.ports(), commit).environments[0].live

    assert live.deployment_id == again.deployment_id


def test_commit_of_an_image_that_failed_is_not_live() -> None:
    world = world_with_prod()
    world.pass_time(60)
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED

    stage = where(world.ports(), "HEAD").environments[0]

    assert (stage.live, stage.failed) == ((), ("search",))


def test_images_of_commits_that_the_repository_lacks_are_unknown() -> None:
    world = world_with_prod()
    commit = push(world, "search")
    push(world, "items")
    release_deploy(world)
    world.git.commits.pop()

    stage = where(world.ports(), commit).environments[0]

    assert [live.image_id for live in stage.live] == ["search"]
    assert stage.unknown == ("items",)


def test_commit_of_no_deployment_is_nowhere() -> None:
    world = World.of(TWO)

    found = where(world.ports(), "HEAD")

    assert found.releases == {}
    assert all(
        (environment.live, environment.without, environment.unknown) == ((), (), ())
        for environment in found.environments
    )


def test_unknown_commit_is_refused() -> None:
    with pytest.raises(NotFound, match="no commit 'f00'"):
        where(World.of(TWO).ports(), "f00")


def test_deployment_beyond_those_that_are_searched_has_no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.operations.changes.DEPLOYMENTS", 1)
    world = world_with_prod()
    commit = push(world, "search")
    release_deploy(world)
    world.pass_time(60)
    push(world, "items")
    world.pass_time(60)
    release_deploy(world)

    stage = where(world.ports(), commit).environments[0]

    assert {live.image_id for live in stage.live} == {"search", "items"}


def test_history_of_5_x_has_the_images_of_its_last_release(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with_prod()
    ports = world.ports()
    record = ports.store.environment("prod")
    bare = replace(record, images={})
    monkeypatch.setattr(
        type(ports.store), "environment", lambda _, environment: bare if environment == "prod" else record
    )
    commit = push(world, "search")

    found = changes(world.ports(), f"prod..{saved(world).release_id}")

    assert [change.commit.commit for change in found.commits] == [commit]


def saved(world: World) -> Release:
    """A release of the latest images, recorded."""
    made = release(world.ports())
    world.ports().store.save(made)
    return made
