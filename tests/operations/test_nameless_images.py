"""The error for an image whose version has no name says what the label points at."""

from __future__ import annotations

import pytest

from tests.operations.runs import release
from tests.world import World, good
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AwsError, PlanRefused
from weco_deploy.operations import history

REPOSITORY = "uk.ac.wellcome/search"


def index_world(*child_tags: str) -> tuple[World, str, str]:
    """A world in which `latest` is an index of two children; the index's digest, and the first child's.

    The first child has the tags.
    """
    world = World.of(ONE_AND_ONE)
    index = world.put(REPOSITORY, "latest", behaviour=good(), multi_arch=True)
    child = world.stored("search").images[index].manifest.children[0]
    for tag in child_tags:
        world.point("search", tag, child)
    return world, index, child


def refusal(world: World) -> PlanRefused:
    with pytest.raises(PlanRefused) as raised:
        release(world.ports())
    return raised.value


def test_index_around_an_image_with_a_ref_tag_is_named_with_the_child_that_has_it() -> None:
    ref = f"ref.{'c0ffee' * 6}abcd"
    world, index, child = index_world(ref)

    refused = refusal(world)

    assert refused.reasons == (
        f"search: latest points at {index}, an index; of its 2 children {child[:19]} has {ref}",
    )
    assert "give an index that is made around an image the image's ref.<commit> tag, too" in refused.hint


def test_show_images_names_the_index_and_the_child_that_has_the_ref_tag() -> None:
    ref = f"ref.{'c0ffee' * 6}abcd"
    world, index, child = index_world(ref)

    image = history.images(world.ports(), "latest")["search"]

    assert image is not None
    assert (image.digest, image.version) == (index, None)
    assert image.remark == f"an index; of its 2 children {child[:19]} has {ref}"


def test_show_images_says_nothing_more_of_an_image_that_has_a_name() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", multi_arch=True)

    image = history.images(world.ports(), "latest")["search"]

    assert image is not None
    assert image.version is not None
    assert image.remark == ""


def test_index_whose_children_have_no_ref_tag_is_named() -> None:
    world, index, _ = index_world("other")

    assert refusal(world).reasons == (
        f"search: latest points at {index}, an index; none of its 2 children has a version tag either",
    )


def test_image_that_is_no_index_is_named_by_its_digest() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.put(REPOSITORY, "latest", behaviour=good())

    assert refusal(world).reasons == (f"search: latest points at {digest}",)


def test_digest_is_named_though_the_index_cannot_be_read() -> None:
    world, index, _ = index_world()
    world.fail("registry.manifest_and_tag", AwsError("ecr:BatchGetImage", "no"))

    assert refusal(world).reasons == (f"search: latest points at {index}",)
