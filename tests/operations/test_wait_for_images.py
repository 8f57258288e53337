"""Waiting for images that the CI system is still pushing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.world import World
from tests.world.projects import project
from weco_deploy import exit_codes
from weco_deploy.errors import ImagesNotPushed
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ReleaseRequest
from weco_deploy.operations.prepare import make_release

TWO = project({"search": ["search-api"], "items": ["items-api"]})
COMMIT = "c0ffee" + "0" * 34


def world_with_new_commit(optional: str = "") -> World:
    """A world whose newest commit has no image yet."""
    images = tuple(replace(image, optional=image.id == optional) for image in TWO.images)
    world = World.of(replace(TWO, images=images))
    world.git.commit(COMMIT, "Change both", world.now())
    return world


def push_later(world: World, image_id: str, seconds: float, tag: str = f"ref.{COMMIT}") -> None:
    def push() -> None:
        digest = world.push(image_id)
        world.git.commits.pop()  # the image's own commit: it is of COMMIT
        world.point(image_id, tag, digest)

    world.at(seconds, push)


def made(
    world: World, seconds: float, *, events: list[Event] | None = None, label: str | None = None
) -> Release:
    wanted = ReleaseRequest(
        description="",
        from_label=label,
        commit=None if label else COMMIT,
        wait_for_images=seconds,
    )
    return make_release(world.ports(), wanted, (lambda _: None) if events is None else events.append)


def messages(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Waiting)]


def test_release_is_made_once_every_image_has_the_commit() -> None:
    world = world_with_new_commit()
    push_later(world, "search", 15)
    push_later(world, "items", 35)
    begun = world.now()
    events: list[Event] = []

    release = made(world, 600, events=events)

    assert release.commits_behind == {"search": 0, "items": 0}
    assert (world.now() - begun).total_seconds() == 40
    assert [message.partition("; ")[0] for message in messages(events)] == [
        "no image of commit c0ffee0 yet of: search, items",
        "no image of commit c0ffee0 yet of: items",
    ]
    assert f"; waiting until {begun + timedelta(seconds=600):%H:%M:%S}Z at most" in messages(events)[0]


def test_only_missing_images_are_looked_up_again() -> None:
    world = world_with_new_commit()
    push_later(world, "search", 15)
    push_later(world, "items", 35)
    made(world, 600)

    looked_up = [call.about[0] for call in world.calls if call.name == "registry.existing_tags"]

    # After 0, 10 and 20 seconds, then items alone after 30 and 40, and at the end the release.
    search, items = (world.repository_name(image_id) for image_id in ("search", "items"))
    assert (looked_up.count(search), looked_up.count(items)) == (3 + 1, 5 + 1)


def test_time_over_is_an_error_that_names_what_is_missing() -> None:
    world = world_with_new_commit()
    push_later(world, "search", 15)
    begun = world.now()

    with pytest.raises(ImagesNotPushed) as error:
        made(world, 25)

    assert error.value.message == "after 25 s there is still no image of commit c0ffee0 of: items"
    assert "leave out --wait-for-images" in error.value.hint
    assert exit_codes.of_error(error.value) == exit_codes.NOT_DONE_YET
    assert (world.now() - begun).total_seconds() == 25
    assert world.tables == {}


def test_image_that_comes_at_the_last_moment_counts() -> None:
    world = world_with_new_commit()
    push_later(world, "search", 1)
    push_later(world, "items", 24.5)

    assert made(world, 25).commits_behind == {"search": 0, "items": 0}


def test_nothing_is_waited_for_by_default() -> None:
    world = world_with_new_commit()
    begun = world.now()

    release = made(world, 0)

    assert release.commits_behind == {"search": 2, "items": 1}
    assert world.now() == begun


def test_optional_image_is_not_waited_for() -> None:
    world = world_with_new_commit(optional="items")
    push_later(world, "search", 5)

    assert made(world, 60).commits_behind == {"search": 0, "items": 1}


def test_image_whose_tags_hold_no_commit_is_not_waited_for() -> None:
    images = tuple(
        replace(image, refs=("v{version}",) if image.id == "items" else image.refs) for image in TWO.images
    )
    world = World.of(replace(TWO, images=images))
    search = world.push("search")
    wanted = ReleaseRequest(description="", commit="HEAD", wait_for_images=60, allow_partial=True)

    release = make_release(world.ports(), wanted, lambda _: None)

    assert {image_id: version.digest for image_id, version in release.versions.items()} == {"search": search}


def test_label_is_waited_for_too() -> None:
    world = world_with_new_commit()
    push_later(world, "search", 5, tag="build-7")
    push_later(world, "items", 15, tag="build-7")
    events: list[Event] = []

    release = made(world, 60, label="build-7", events=events)

    assert set(release.versions) == {"search", "items"}
    assert messages(events)[0].startswith("no image tagged build-7 yet of: search, items; waiting until ")
