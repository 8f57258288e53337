"""Releases: made from what a label points at, and found again by id."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from tests.operations.runs import deploy_release, deployments, release, release_deploy, written
from tests.world import World
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import IncompleteRelease, NotFound, NothingToRelease, PlanRefused, UsageError
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.left_out import Allowance, Part
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ReleaseRequest
from weco_deploy.operations.prepare import prepare
from weco_deploy.operations.release import choose, update

TWO = project({"search": ["search-api"], "items": ["items-api"]})


def ref_of(world: World, image_id: str, digest: str) -> str:
    return next(tag for tag in world.stored(image_id).tags_of(digest) if tag.startswith("ref."))


# Made.


def test_a_release_has_what_the_label_points_at_now() -> None:
    world = World.of(TWO)
    digests = {image_id: world.push(image_id) for image_id in ("search", "items")}
    ports = world.ports(requested_by="ann")

    prepared = prepare(
        ports, ReleaseRequest(from_label="latest", description="for monday"), lambda _: None, save=True
    )

    made = prepared.release
    assert {image_id: one.digest for image_id, one in made.versions.items()} == digests
    assert {image_id: one.ref for image_id, one in made.versions.items()} == {
        image_id: ref_of(world, image_id, digest) for image_id, digest in digests.items()
    }
    assert (made.requested_by, made.description, made.from_label) == ("ann", "for monday", "latest")
    assert made.date_created == world.now()
    assert UUID(made.release_id).version == 4
    assert prepared.previous is None
    assert world.ports().store.release(made.release_id) == made


def test_making_one_changes_nothing_that_runs_and_no_tag() -> None:
    world = World.of(TWO)
    world.push("search")

    release(world.ports(), save=True)

    assert world.count("registry.point") == 0
    assert world.count("runtime.*") == 0


def test_a_dry_run_saves_nothing() -> None:
    world = World.of(TWO)

    prepare(world.ports(), ReleaseRequest(from_label="latest", description=""), lambda _: None, save=False)

    assert world.tables == {}
    assert world.count("store.save") == 0


def test_it_tells_the_release_before_and_the_subjects_of_the_commits_that_changed() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)
    world.pass_time(1)
    world.push("search")

    prepared = prepare(
        world.ports(), ReleaseRequest(from_label="latest", description=""), lambda _: None, save=False
    )

    assert prepared.previous == first
    before, after = prepared.change("search")
    assert before is not None
    assert after is not None
    assert set(prepared.subjects) == {before.commit, after.commit}
    assert before.commit != after.commit
    old, new = prepared.change("items")
    assert old == new


def test_an_environments_tag_may_be_the_label() -> None:
    world = World.of(TWO)
    staged = world.tag("search", "env.stage")
    world.push("search")

    made = release(world.ports(), "env.stage")

    assert made.versions["search"].digest == staged
    assert made.from_label == "env.stage"


def test_a_release_that_would_lack_an_image_is_an_error_that_names_it() -> None:
    world = World.of(TWO)
    world.untag("items", "latest")
    before = len(world.calls)

    with pytest.raises(IncompleteRelease) as error:
        release(world.ports(), save=True)

    assert error.value.message == (
        "the release would lack items of project sample: no image is tagged latest there"
    )
    assert "--allow-partial" in error.value.hint
    assert "optional: true" in error.value.hint
    assert written(world, before) == []


def test_a_release_that_lacks_an_image_says_so() -> None:
    world = World.of(TWO)
    assert (release(world.ports()).complete, release(world.ports()).missing) == (True, ())
    world.untag("items", "latest")

    made = release(world.ports(), save=True, allow_partial=True)

    assert made.images["items"] is None
    assert list(made.versions) == ["search"]
    assert (made.complete, made.missing) == (False, ("items",))
    assert choose(world.ports(), made.release_id) == made


def test_a_release_may_lack_an_optional_image() -> None:
    world = World.of(_optional(TWO, "items"))
    world.untag("items", "latest")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert [(left.kind, left.id, left.why) for left in deployment.left_out] == [
        (Part.IMAGE, "items", Allowance.OPTIONAL)
    ]


def _optional(of: Project, image_id: str) -> Project:
    images = tuple(replace(image, optional=image.id == image_id) for image in of.images)
    return replace(of, images=images)


def test_where_no_image_has_the_label_there_is_nothing_to_release() -> None:
    world = World.of(TWO)

    with pytest.raises(NothingToRelease, match="no image of project sample is tagged nonsense") as caught:
        prepare(
            world.ports(), ReleaseRequest(from_label="nonsense", description=""), lambda _: None, save=True
        )

    assert "--from-label" in caught.value.hint
    assert world.tables == {}


def test_images_without_a_ref_tag_are_named() -> None:
    world = World.of(TWO)
    for image_id in ("search", "items"):
        digest = world.push(image_id)
        world.untag(image_id, ref_of(world, image_id, digest))

    with pytest.raises(PlanRefused, match="search, items") as caught:
        release(world.ports())

    assert "ref.<commit>" in caught.value.hint


def test_of_several_ref_tags_the_first_names_the_image_and_all_are_kept() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    for tag in ("ref.bbb", "ref.000"):
        world.point("search", tag, digest)

    version = release(world.ports()).versions["search"]

    assert version.ref == "ref.000"
    assert set(version.refs) >= {"ref.000", "ref.bbb"}
    assert version.refs == tuple(sorted(version.refs))


def test_of_several_ref_tags_the_one_that_was_the_label_names_the_image() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    for tag in ("ref.bbb", "ref.000"):
        world.point("search", tag, digest)

    assert release(world.ports(), "ref.bbb").versions["search"].ref == "ref.bbb"


def test_an_image_whose_repository_does_not_exist_is_named() -> None:
    world = World.of(TWO)
    del world.repositories[world.repository_name("items")]

    with pytest.raises(NotFound, match="items"):
        release(world.ports())


# Updated.


def updated(world: World, base: str, *image_ids: str, label: str = "latest", save: bool = True) -> Release:
    return update(world.ports(), release=base, image_ids=image_ids, from_label=label, save=save).release


def test_an_update_replaces_the_images_named_and_no_others() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)
    world.pass_time(1)
    search = world.push("search")
    world.push("items")

    second = updated(world, "latest", "search")

    assert second.release_id != first.release_id
    assert second.versions["search"].digest == search
    assert second.versions["items"] == first.versions["items"]
    assert first.release_id in second.description
    assert world.ports().store.latest() == second


def test_an_update_may_start_from_any_release() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)
    world.pass_time(1)
    world.push("items")
    release(world.ports(), save=True)
    search = world.push("search")

    second = updated(world, first.release_id[:6], "search")

    assert second.versions["items"] == first.versions["items"]
    assert second.versions["search"].digest == search


def test_an_update_that_is_a_dry_run_saves_nothing() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)

    updated(world, "latest", "search", save=False)

    assert world.ports().store.releases(10) == (first,)


def test_an_update_needs_images() -> None:
    with pytest.raises(UsageError, match="no image was named") as caught:
        updated(World.of(TWO), "latest")

    assert "--image-ids" in caught.value.hint


def test_an_update_of_an_unknown_image_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="no image 'serach'") as caught:
        updated(World.of(TWO), "latest", "serach")

    assert "search, items" in caught.value.hint


def test_an_update_to_a_label_that_an_image_lacks_is_refused() -> None:
    world = World.of(TWO)
    release(world.ports(), save=True)
    world.point("search", "candidate", world.push("search"))

    with pytest.raises(NotFound, match="no image tagged candidate in the repositories of items"):
        updated(world, "latest", "search", "items", label="candidate")


def test_an_update_of_an_incomplete_release_is_an_error_unless_that_is_allowed_or_the_image_is_named() -> (
    None
):
    world = World.of(TWO)
    items = world.tag("items", "latest")
    world.untag("items", "latest")
    release(world.ports(), save=True, allow_partial=True)
    world.push("search")

    with pytest.raises(IncompleteRelease, match="the release would lack items of project sample: release"):
        updated(world, "latest", "search")
    allowed = update(
        world.ports(),
        release="latest",
        image_ids=["search"],
        from_label="latest",
        save=False,
        allow_partial=True,
    )
    assert (allowed.release.complete, allowed.release.missing) == (False, ("items",))
    assert allowed.copies_previous
    world.point("items", "latest", str(items))
    assert updated(world, "latest", "search", "items").complete is True


def test_an_image_that_the_project_has_only_since_is_missing_from_an_update() -> None:
    world = World.of(ONE_AND_ONE)
    first = release(world.ports(), save=True)
    world.project = TWO
    world.image("items", "env.stage")
    world.service("items-api", "stage", ["items"])

    with pytest.raises(IncompleteRelease, match="items"):
        updated(world, "latest", "search")
    deployment = deploy_release(world, first.release_id)

    assert [(left.id, left.why) for left in deployment.left_out] == [("items", Allowance.ADDED_LATER)]


def test_a_release_of_an_earlier_version_that_lacks_an_image_is_deployed_and_that_is_said() -> None:
    world = World.of(TWO)
    world.untag("items", "latest")
    made = release(world.ports(), save=True, allow_partial=True)
    table = world.tables[TWO.release_table]
    table.releases[made.release_id] = replace(made, complete=None, missing=())

    deployment = deploy_release(world, made.release_id)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert [(left.id, left.why) for left in deployment.left_out] == [("items", Allowance.EARLIER_VERSION)]


def test_a_partial_release_deploys_what_it_has_and_leaves_the_rest() -> None:
    world = World.of(TWO)
    items = world.tag("items", "env.stage")
    search = world.push("search")
    world.push("items")
    world.untag("items", "latest")

    deployment = release_deploy(world, allow_partial=True)

    assert [(left.id, left.why) for left in deployment.left_out] == [("items", Allowance.INCOMPLETE_RELEASE)]
    assert deployments(world)[0].left_out == deployment.left_out
    assert list(deployment.images) == ["search"]
    assert world.running("search-api", "stage") == {search}
    assert world.tag("items", "env.stage") == items


# Found again.


def known(*release_ids: str) -> World:
    """A world with releases of these ids, made one a second."""
    world = World.of(ONE_AND_ONE)
    for release_id in release_ids:
        world.pass_time(1)
        world.ports().store.save(replace(release(world.ports()), release_id=release_id))
    return world


def test_a_release_is_found_by_its_id() -> None:
    world = known("abcd-1", "abcd-2")

    assert choose(world.ports(), "abcd-2").release_id == "abcd-2"


@pytest.mark.parametrize("prefix", ["1234", "12345", "1234567"])
def test_a_release_is_found_by_an_unambiguous_prefix_of_its_id(prefix: str) -> None:
    assert choose(known("12345678", "abcdefgh").ports(), prefix).release_id == "12345678"


def test_letters_of_a_prefix_may_be_large() -> None:
    assert choose(known("12345678", "abcdefgh").ports(), "ABCD").release_id == "abcdefgh"


def test_a_prefix_of_several_releases_is_ambiguous_and_names_them() -> None:
    with pytest.raises(UsageError, match="release abcd-2, release abcd-1"):
        choose(known("abcd-1", "abcd-2").ports(), "abcd")


def test_release_is_found_by_the_id_of_its_deployment_or_its_beginning() -> None:
    world = World.of(ONE_AND_ONE)
    deployment = release_deploy(world)
    world.push("search")
    release_deploy(world)

    for text in (deployment.deployment_id, deployment.deployment_id[:8].upper()):
        assert choose(world.ports(), text).release_id == deployment.release_id


def test_beginning_of_a_release_and_of_a_deployment_of_another_is_ambiguous() -> None:
    world = World.of(ONE_AND_ONE)
    deployment = release_deploy(world)
    prefix = deployment.deployment_id[:8]
    other = replace(release(world.ports()), release_id=f"{prefix}-other")
    world.ports().store.save(other)

    with pytest.raises(UsageError) as caught:
        choose(world.ports(), prefix)

    assert f"deployment {deployment.deployment_id} of release {deployment.release_id}" in caught.value.message
    assert f"release {other.release_id}" in caught.value.message


def test_an_id_that_begins_another_one_is_no_ambiguity() -> None:
    assert choose(known("abcd", "abcd-2").ports(), "abcd").release_id == "abcd"


@pytest.mark.parametrize("text", ["abc", "0000", ""])
def test_what_names_no_release_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="there is no release") as caught:
        choose(known("abcd-1").ports(), text)

    assert ("at least 4 characters" in caught.value.hint) is (len(text) < 4)
    assert caught.value.hint.endswith("list releases with: weco-deploy show-releases")
    assert "show-releases" in caught.value.hint


def test_latest_is_the_newest_made_not_the_one_deployed_last() -> None:
    world = World.of(ONE_AND_ONE)
    old = release(world.ports(), save=True)
    world.pass_time(1)
    new = release(world.ports(), save=True)
    deploy_release(world, old.release_id)

    assert choose(world.ports(), "latest").release_id == new.release_id


def test_where_there_is_no_release_latest_says_how_to_make_one() -> None:
    with pytest.raises(NotFound, match="has no release yet") as caught:
        choose(World.of(ONE_AND_ONE).ports(), "latest")

    assert "weco-deploy prepare" in caught.value.hint
