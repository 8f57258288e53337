"""Deployments with the floating tags that the project file names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import deployments, promote, release, release_deploy, rollback
from tests.world import World, crash
from tests.world.projects import project
from weco_deploy.errors import GateClosed, PlanRefused, UsageError
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment, Project
from weco_deploy.operations.gates import check_label
from weco_deploy.operations.history import images
from weco_deploy.operations.release import update
from weco_deploy.rules.publishing import check_label as check_published_label

ENVIRONMENTS = (
    Environment(id="stage", name="Staging", variables={"account": "staging"}),
    Environment(id="prod", name="Production", variables={"account": "production"}),
)
OWN_TAG = "content-{account}"


def own_names() -> Project:
    """A project whose tags are the environment's id, but for one of its images."""
    made = project({"search": ["search-api"], "items": ["items-api"]}, environments=ENVIRONMENTS)
    by_id = {
        image.id: replace(image, tag=OWN_TAG if image.id == "items" else "{environment}")
        for image in made.images
    }
    return replace(made, tag="{environment}", images=tuple(by_id.values()))


def test_deployment_moves_the_tags_of_the_projects_templates_and_no_others() -> None:
    world = World.of(own_names())
    search, items = world.push("search"), world.push("items")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    assert (world.tag("search", "stage"), world.tag("items", "content-staging")) == (search, items)
    assert {world.tag(image_id, "env.stage") for image_id in ("search", "items")} == {None}
    assert world.tag("search", "prod") != search
    assert world.running("search-api", "stage") == {search}
    assert world.running("items-api", "stage") == {items}


def test_release_from_an_environments_label_has_each_images_own_tag_there() -> None:
    world = World.of(own_names())
    digests = {"search": world.push("search"), "items": world.push("items")}
    release_deploy(world)
    world.push("search")
    world.push("items")

    for label in ("stage", "content-staging"):
        made = release(world.ports(), label)
        assert {image_id: version.digest for image_id, version in made.versions.items()} == digests
    shown = images(world.ports(), "stage")
    assert {image_id: image.digest for image_id, image in shown.items() if image} == digests
    updated = update(
        world.ports(), release=world_release(world), image_ids=["items"], from_label="stage", save=False
    )
    assert updated.release.versions["items"].digest == digests["items"]


def world_release(world: World) -> str:
    return release(world.ports(), save=True).release_id


def test_promotion_and_rollback_move_the_tags_of_the_templates() -> None:
    world = World.of(own_names())
    before = world.tag("items", "content-production")
    first = release_deploy(world, "prod")
    new = world.push("items")
    release_deploy(world)

    assert promote(world).status is DeploymentStatus.SUCCEEDED
    assert world.tag("items", "content-production") == new

    assert rollback(world, "prod").release_id == first.release_id
    assert world.tag("items", "content-production") == before


def test_drift_names_the_images_own_tag() -> None:
    world = World.of(own_names())
    world.push("items")
    release_deploy(world)
    world.point("items", "content-staging", world.push("items"))

    with pytest.raises(GateClosed, match="items: content-staging points at"):
        promote(world)


@pytest.mark.parametrize("label", ["stage", "content-staging"])
def test_gate_knows_the_tags_of_the_templates(label: str) -> None:
    world = World.of(own_names())
    world.push("items", crash())
    release_deploy(world)

    with pytest.raises(GateClosed, match=f"no release is made from {label}"):
        check_label(label, None, world.ports())
    check_label("env.stage", None, world.ports())


def test_failed_deployment_names_the_tags_left_on_the_failed_images() -> None:
    world = World.of(own_names())
    world.push("search", crash())
    world.push("items", crash())

    release_deploy(world)

    (deployment,) = deployments(world)
    assert (
        "stage and content-staging still point at the image of search, items that failed" in deployment.reason
    )


def test_immutable_repository_is_refused_with_the_tag_that_would_move() -> None:
    world = World.of(own_names())
    world.push("items")
    world.repository("uk.ac.wellcome/items", "IMMUTABLE")

    with pytest.raises(PlanRefused) as caught:
        release_deploy(world)

    assert "exclude content-staging from immutability" in caught.value.message


@pytest.mark.parametrize("label", ["stage", "content-production", "content-of-an-environment-that-is-gone"])
def test_publish_refuses_to_move_the_tag_of_an_environment(label: str) -> None:
    with pytest.raises(UsageError, match="only a deployment moves it"):
        check_published_label(label, own_names(), own_names().image("search"))


@pytest.mark.parametrize("label", ["latest", "env.stage", "candidate"])
def test_publish_moves_other_labels(label: str) -> None:
    check_published_label(label, own_names(), own_names().image("search"))
