"""The names of image versions, by the project's patterns of version tags."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.operations.runs import deployments, promote, recorded, release, release_deploy, request
from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AccessDenied, PlanRefused
from weco_deploy.model.release import ImageVersion
from weco_deploy.operations.deploy import plan
from weco_deploy.operations.history import images
from weco_deploy.operations.rollback import before
from weco_deploy.report.documents import images_document, json_text, plan_document

SEARCH = "search"


def world_with(*refs: str, tag: str = "env.{environment}") -> World:
    """A world with one image, whose repository has no version tags of its own."""
    made = project({SEARCH: ["search-api"]})
    return World.of(
        replace(made, tag=tag, images=tuple(replace(image, refs=refs, tag=tag) for image in made.images))
    )


def pushed(world: World, *tags: str) -> tuple[str, str]:
    """A new image with these tags, in which `{}` is its commit: its digest and its commit."""
    digest = world.push(SEARCH)
    (commit,) = (
        tag.removeprefix("ref.") for tag in world.stored(SEARCH).tags_of(digest) if tag.startswith("ref.")
    )
    world.untag(SEARCH, f"ref.{commit}")
    for tag in tags:
        world.point(SEARCH, tag.format(commit), digest)
    return digest, commit


def version(world: World, label: str = "latest") -> ImageVersion:
    return release(world.ports(), label).versions[SEARCH]


def test_bare_commit_names_the_version() -> None:
    world = world_with("{commit}")
    digest, commit = pushed(world, "{}")

    found = version(world)

    assert (found.ref, found.commit, found.digest) == (commit, commit, digest)
    assert release_deploy(world).images[SEARCH].to_commit == commit


def test_commit_in_a_longer_tag_is_planned_recorded_and_promoted() -> None:
    world = world_with("main-{commit}.amd64")
    _, first = pushed(world, "main-{}.amd64")
    release_deploy(world)
    digest, commit = pushed(world, "main-{}.amd64")
    made = release(world.ports())
    planned = json.loads(json_text(plan_document(plan(request(made), world.ports()))))

    (image,) = planned["plan"]["images"]
    assert (image["from_commit"], image["to_commit"]) == (first, commit)

    release_deploy(world)
    (change,) = deployments(world)[0].images.values()
    assert (change.from_commit, change.to_commit) == (first, commit)
    assert recorded(world).images[SEARCH].name == commit
    promote(world)
    assert deployments(world, "prod")[0].images[SEARCH].to_commit == commit
    assert world.tag(SEARCH, "env.prod") == digest


def test_rollback_to_what_ran_before_any_release_names_the_commit() -> None:
    world = world_with("build-{commit}")
    digest, commit = pushed(world, "build-{}")
    world.point(SEARCH, "env.stage", digest)
    pushed(world, "build-{}")
    release_deploy(world)

    assert before(deployments(world), world.ports())[SEARCH].commit == commit


def test_version_is_named_after_the_label_that_was_asked_for() -> None:
    world = world_with("{commit}")
    digest, commit = pushed(world, "{}", "0000000")
    pushed(world, "{}")

    assert version(world, "0000000").ref == "0000000"
    assert version(world, commit).ref == commit
    assert version(world, commit).refs == tuple(sorted(["0000000", commit]))
    assert version(world, commit).digest == digest


def test_version_with_several_commits_is_named_after_the_newest_by_git() -> None:
    world = world_with("ref.{commit}")
    _, first = pushed(world)
    digest, second = pushed(world)
    for commit in (first, second):
        world.point(SEARCH, f"ref.{commit}", digest)

    assert version(world).commit == second
    assert version(world).refs == tuple(sorted([f"ref.{first}", f"ref.{second}"]))


def test_version_is_named_after_the_first_tag_where_git_lacks_a_commit() -> None:
    world = world_with("ref.{commit}")
    pushed(world, "ref.{}", "ref.0000000")

    assert version(world).ref == "ref.0000000"


def test_floating_tags_of_environments_and_latest_are_no_versions() -> None:
    world = world_with("{version}", tag="{environment}")
    digest, _ = pushed(world, "1.2.3")
    for tag in ("stage", "prod"):
        world.point(SEARCH, tag, digest)

    assert version(world).refs == ("1.2.3",)
    assert version(world, "stage").ref == "1.2.3"


def test_image_without_a_version_tag_is_named_after_the_commit_in_its_label() -> None:
    world = world_with("ref.{commit}")
    digest, commit = pushed(world)
    world.stored(SEARCH).revisions[digest] = commit

    found = version(world)

    assert (found.ref, found.refs, found.commit, found.digest) == (commit, (commit,), commit, digest)
    assert world.count("registry.revision") == 1
    assert release_deploy(world).images[SEARCH].to_commit == commit


def test_label_is_not_read_where_a_tag_matches() -> None:
    world = world_with("ref.{commit}")
    pushed(world, "ref.{}")

    version(world)

    assert world.count("registry.revision") == 0


@pytest.mark.parametrize("label", [None, "main", "\x1b[31m", "3f2a9c"])
def test_image_without_a_name_is_refused_with_the_pattern(label: str | None) -> None:
    world = world_with("build-{commit}", "v{version}")
    digest, _ = pushed(world, "stray")
    if label:
        world.stored(SEARCH).revisions[digest] = label

    with pytest.raises(PlanRefused, match="no build-<commit> tag") as caught:
        release(world.ports())

    assert "refs" in caught.value.hint


def test_denied_label_leaves_the_image_without_a_name() -> None:
    world = world_with("ref.{commit}")
    pushed(world)
    world.fail("registry.revision", AccessDenied("ecr:GetDownloadUrlForLayer", "denied"))

    with pytest.raises(PlanRefused, match=r"no ref\.<commit> tag"):
        release(world.ports())


def test_images_of_a_label_are_shown_with_their_version() -> None:
    world = world_with("v{version}")
    pushed(world, "v1.2")

    found = images(world.ports(), "latest")

    shown = found[SEARCH]
    assert shown is not None
    assert shown.version is not None
    assert shown.version.commit == "1.2"
    assert json.loads(json_text(images_document(found)))["images"][SEARCH]["ref"] == "v1.2"
