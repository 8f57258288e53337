"""Releases of one commit: of each image the version of that commit, or of its nearest first-parent ancestor."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.operations.runs import promote, request
from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import IncompleteRelease, NotFound, NothingToRelease
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ReleaseRequest
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.prepare import prepare
from weco_deploy.report.documents import json_text, release_document
from weco_deploy.report.release_text import prepared_text
from weco_deploy.report.screen import Screen

TWO = project({"search": ["search-api"], "items": ["items-api"]})
ABBREVIATED = 8


def with_refs(made: Project, **refs: tuple[str, ...]) -> Project:
    images = tuple(replace(image, refs=refs.get(image.id, image.refs)) for image in made.images)
    return replace(made, images=images)


def optional(made: Project, image_id: str) -> Project:
    images = tuple(replace(image, optional=image.id == image_id) for image in made.images)
    return replace(made, images=images)


def head(world: World) -> str:
    return world.git.commits[-1].commit


def pushed(world: World, image_id: str) -> tuple[str, str]:
    """The digest and the commit of a new image."""
    return world.push(image_id), head(world)


def of_commit(
    world: World,
    commit: str = "HEAD",
    *,
    save: bool = False,
    allow_partial: bool = False,
    events: list[Event] | None = None,
) -> Release:
    """`prepare --commit COMMIT`."""
    wanted = ReleaseRequest(description="", commit=commit, allow_partial=allow_partial)
    notify = (lambda _: None) if events is None else events.append
    return prepare(world.ports(), wanted, notify, save=save).release


def digests(release: Release) -> dict[str, str | None]:
    return {image_id: version.digest for image_id, version in release.versions.items()}


def test_image_without_the_commit_comes_from_the_nearest_earlier_commit() -> None:
    world = World.of(TWO)
    items, _ = pushed(world, "items")
    search, commit = pushed(world, "search")

    release = of_commit(world, commit)

    assert digests(release) == {"search": search, "items": items}
    assert release.commit == commit
    assert release.commits_behind == {"search": 0, "items": 1}
    assert (release.from_label, release.complete) == (None, True)


def test_later_images_and_latest_are_left_alone() -> None:
    world = World.of(TWO)
    search, commit = pushed(world, "search")
    world.push("search")
    world.push("items")

    release = of_commit(world, commit)

    assert release.versions["search"].digest == search
    assert release.versions["search"].ref == f"ref.{commit}"


@pytest.mark.parametrize("shape", ["{}", "HEAD"])
def test_commit_may_be_named_like_in_git_and_is_recorded_in_full(shape: str) -> None:
    world = World.of(TWO)
    _, commit = pushed(world, "search")

    release = of_commit(world, shape.format(commit[:ABBREVIATED]), save=True)

    assert release.commit == commit
    stored = world.ports().store.release(release.release_id)
    assert stored == release


def test_image_that_was_tagged_again_at_the_commit_is_not_behind() -> None:
    world = World.of(TWO)
    _, commit = pushed(world, "search")
    unchanged = world.tag("items", "latest")
    assert unchanged
    world.point("items", f"ref.{commit}", unchanged)

    release = of_commit(world, commit)

    assert release.commits_behind == {"search": 0, "items": 0}
    assert release.versions["items"].ref == f"ref.{commit}"
    assert len(release.versions["items"].refs) == 2


def test_image_that_was_tagged_again_later_is_named_after_the_commit_that_was_asked_for() -> None:
    world = World.of(TWO)
    search, commit = pushed(world, "search")
    _, later = pushed(world, "items")
    world.point("search", f"ref.{later}", search)

    assert of_commit(world, commit).versions["search"].ref == f"ref.{commit}"
    assert of_commit(world, later).versions["search"].ref == f"ref.{later}"


@pytest.mark.parametrize("digits", [7, 8, 9, 10, 11, 12, 40])
def test_tag_may_have_an_abbreviated_commit_and_any_pattern(digits: int) -> None:
    world = World.of(with_refs(TWO, search=("v{version}", "main-{commit}.amd64")))
    search, commit = pushed(world, "search")
    world.untag("search", f"ref.{commit}")
    world.point("search", f"main-{commit[:digits]}.amd64", search)

    version = of_commit(world, commit).versions["search"]

    assert (version.digest, version.commit) == (search, commit[:digits])
    assert of_commit(world, commit).commits_behind["search"] == 0


def test_missing_image_is_an_error_that_says_what_was_searched() -> None:
    world = World.of(TWO)
    first = world.git.commits[0].commit

    with pytest.raises(IncompleteRelease) as error:
        of_commit(world, first, save=True)

    assert error.value.message == (
        f"the release would lack items of project sample: no image there has a version of {first[:7]}, "
        "which has no parent"
    )
    assert "--wait-for-images" in error.value.hint
    assert world.tables == {}


@pytest.mark.parametrize("how", ["optional", "allow_partial"])
def test_missing_image_may_be_left_out(how: str) -> None:
    world = World.of(optional(TWO, "items") if how == "optional" else TWO)
    first = world.git.commits[0].commit

    release = of_commit(world, first, allow_partial=how == "allow_partial")

    assert (release.complete, release.missing, release.commits_behind) == (False, ("items",), {"search": 0})


@pytest.mark.parametrize("allow_partial", [False, True])
def test_commit_without_any_image_is_nothing_to_release(allow_partial: bool) -> None:
    world = World(TWO)
    world.repository(world.repository_name("search"))
    world.repository(world.repository_name("items"))
    world.git.commit("a" * 40, "Begin", world.now())
    world.git.commit("b" * 40, "Go on", world.now())

    with pytest.raises(NothingToRelease) as error:
        of_commit(world, allow_partial=allow_partial)

    assert error.value.message == (
        "nothing to release: no image of project sample has a version of bbbbbbb or the commit before it"
    )


def test_image_whose_tags_hold_no_commit_is_an_error_that_names_its_pattern() -> None:
    world = World.of(with_refs(TWO, items=("v{version}",)))

    with pytest.raises(IncompleteRelease) as error:
        of_commit(world)

    assert error.value.message == (
        "--commit can't find items of project sample: their version tags (v<version>) hold no commit"
    )
    assert "{commit}" in error.value.hint
    assert of_commit(world, allow_partial=True).missing == ("items",)


def test_unknown_commit_is_refused_before_any_image_is_looked_up() -> None:
    world = World.of(TWO)

    with pytest.raises(NotFound, match="no commit 'beef'"):
        of_commit(world, "beef")

    assert world.count("registry.*") == 0


def test_no_repository_is_listed_and_a_hundred_tags_are_looked_up_in_a_call() -> None:
    world = World.of(TWO)
    for number in range(60):
        world.git.commit(f"{number:040x}", "Change no image", world.now())

    release = of_commit(world)

    assert release.commits_behind == {"search": 61, "items": 60}
    # Seven tags for each of 61 or 62 commits.
    assert world.count("registry.existing_tags") == 5 + 5
    assert world.count("registry.find") == 2


def test_search_ends_after_a_thousand_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.operations.commit_versions.MOST_COMMITS", 3)
    world = World.of(TWO)
    world.git.commit("a" * 40, "Change no image", world.now())
    world.git.commit("b" * 40, "Change no image", world.now())

    with pytest.raises(IncompleteRelease, match=r"lack search .*bbbbbbb or the 2 commits before it"):
        of_commit(world)


def shallow_world(depth: int) -> World:
    world = World.of(TWO)
    world.push("search")
    world.git.depth = depth
    return world


def test_shallow_clone_is_deepened_for_an_older_image() -> None:
    world = shallow_world(1)
    events: list[Event] = []

    release = of_commit(world, events=events)

    assert release.commits_behind == {"search": 0, "items": 1}
    assert world.count("history.deepen") == 1
    assert [event for event in events if isinstance(event, Waiting)]


def test_shallow_clone_is_not_deepened_if_it_has_the_commits() -> None:
    world = shallow_world(2)

    assert of_commit(world).commits_behind == {"search": 0, "items": 1}
    assert world.count("history.deepen") == 0


@pytest.mark.parametrize("allow_partial", [False, True])
def test_shallow_clone_that_cannot_be_deepened_is_an_error(allow_partial: bool) -> None:
    world = shallow_world(1)
    world.git.can_fetch = False
    commit = head(world)

    with pytest.raises(IncompleteRelease) as error:
        of_commit(world, allow_partial=allow_partial)

    assert error.value.message == (
        f"can't tell which version of items belongs to {commit[:7]}: the clone is shallow, with 1 of its commits, "
        "and fetching the others failed"
    )
    assert "fetch-depth: 0" in error.value.hint
    assert world.count("history.deepen") == 1


def test_release_of_a_commit_is_deployed_and_promoted_like_any_other() -> None:
    world = World.of(TWO)
    search, commit = pushed(world, "search")
    world.push("search")

    deployed = deploy(request(of_commit(world, commit)), world.ports(), lambda _: True, lambda _: None)

    assert deployed.images["search"].to_commit == commit
    assert world.running("search-api", "stage") == {search}
    assert (stored := world.ports().store.release(deployed.release_id)) is not None
    assert (stored.commit, stored.commits_behind["items"]) == (commit, 1)
    promote(world)
    assert world.running("search-api", "prod") == {search}


def test_text_and_document_say_which_commit_and_how_far_behind() -> None:
    world = World.of(TWO)
    _, commit = pushed(world, "search")
    wanted = ReleaseRequest(description="", commit="HEAD")
    prepared = prepare(world.ports(), wanted, lambda _: None, save=False)

    text = prepared_text(prepared, Screen(width=80))
    document = json.loads(json_text(release_document(prepared.release)))

    assert f"of Sample, from {commit[:7]}" in text
    assert f"{commit[:7]}: Change search once more" in text
    assert f"Not built for {commit[:7]} (1): items (1 commit behind)" in text
    assert (document["commit"], document["commits_behind"]) == (commit, {"search": 0, "items": 1})


def test_text_says_which_images_no_commit_has() -> None:
    world = World.of(TWO)
    first = world.git.commits[0].commit
    wanted = ReleaseRequest(description="", commit=first, allow_partial=True)

    text = prepared_text(prepare(world.ports(), wanted, lambda _: None, save=False), Screen(width=100))

    assert f"No image of {first[:7]} or of a commit before it, so not in this release (1): items" in text
