"""Images that ECS can't run are refused before anything changes, and do not prevent a good release from being deployed over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.operations.runs import carried_out, deploy_release, release, release_deploy, request, rollback
from tests.world import World
from tests.world.ecr import digest_of
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied, PlanRefused
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.image import INDEXES, MANIFESTS, Manifest
from weco_deploy.model.requests import ReleaseRequest
from weco_deploy.operations.prepare import make_release, prepare
from weco_deploy.operations.release import update

LATEST_IMAGES = ReleaseRequest(from_label="latest", description="")
CHANGES = {"registry.point", "runtime.redeploy", "store.claim", "store.save"}


def changes(world: World) -> set[str]:
    return {call.name for call in world.calls} & CHANGES


def saved(world: World) -> str:
    """The id of a recorded release of the images tagged `latest`."""
    return release(world.ports(), save=True).release_id


def put_manifest(world: World, media_type: str, **content: object) -> str:
    """Somebody pushes this manifest as `latest`, with a version tag. Its digest."""
    stored = world.stored("search")
    body = json.dumps(content)
    template = stored.images[world.push("search")]
    made = Manifest(digest=digest_of(body), media_type=media_type, body=body)
    stored.add(replace(template, manifest=made, reported=made.digest))
    stored.tags |= {"latest": made.digest, f"ref.{'a' * 40}": made.digest}
    return made.digest


def attestation(world: World) -> str:
    layer = {"mediaType": "application/vnd.in-toto+json"}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    return put_manifest(world, MANIFESTS[1], config=config, layers=[layer])


def index_of_attestations(world: World) -> str:
    child = {"mediaType": MANIFESTS[1], "digest": digest_of("x"), "platform": {"os": "unknown"}}
    return put_manifest(world, INDEXES[1], manifests=[child])


@pytest.mark.parametrize(
    ("status", "remedy"),
    [("ARCHIVED", "aws ecr update-image-storage-class"), ("ACTIVATING", "run the same command again")],
)
def test_release_whose_image_is_archived_is_refused_before_anything_changes(status: str, remedy: str) -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    release_id = saved(world)
    world.push("search")
    release_deploy(world)
    world.archive("search", digest, status)
    world.calls.clear()

    with pytest.raises(PlanRefused) as refused:
        deploy_release(world, release_id)

    assert len(refused.value.reasons) == 1
    assert remedy in refused.value.reasons[0]
    assert changes(world) == set()


def test_archived_image_of_a_release_of_5x_is_refused_too() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    ports = world.ports()
    made = release(ports)
    versions = {"search": replace(made.versions["search"], digest=None)}
    world.archive("search", digest)

    with pytest.raises(PlanRefused) as refused:
        carried_out(request(replace(made, images=versions)), ports)

    assert "is archived in" in refused.value.reasons[0]


def test_image_that_is_archived_but_still_given_is_refused() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    release_id = saved(world)
    world.archive("search", digest)
    world.stored("search").gives_archived = True

    with pytest.raises(PlanRefused) as refused:
        deploy_release(world, release_id)

    assert "is archived in" in refused.value.reasons[0]


def test_good_release_is_deployed_over_an_archived_image() -> None:
    world = World.of(ONE_AND_ONE)
    running = world.push("search")
    release_deploy(world)
    world.archive("search", running)
    new = world.push("search")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployment.images["search"].from_digest == running
    assert world.stored("search").tags["env.stage"] == new


def test_tag_does_not_go_back_to_an_archived_image_and_the_reason_is_recorded() -> None:
    world = World.of(ONE_AND_ONE)
    running = world.push("search")
    release_deploy(world)
    world.archive("search", running)
    world.push("search")
    world.fail("runtime.redeploy", AccessDenied("ecs:UpdateService", "no"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.images["search"].tag_moved


@pytest.mark.parametrize("make", [attestation, index_of_attestations])
def test_release_of_what_is_no_image_is_refused_before_anything_changes(
    make: Callable[[World], str],
) -> None:
    world = World.of(ONE_AND_ONE)
    make(world)
    ports = world.ports()
    world.calls.clear()

    with pytest.raises(PlanRefused) as prepared:
        prepare(ports, LATEST_IMAGES, lambda _: None, save=True)
    unsaved = make_release(ports, LATEST_IMAGES, lambda _: None)
    with pytest.raises(PlanRefused) as planned:
        carried_out(request(unsaved), ports)

    for refused in (prepared, planned):
        assert len(refused.value.reasons) == 1
        assert "push the image again, and make a new release" in refused.value.reasons[0]
    assert changes(world) == set()


def test_no_release_is_made_of_archived_images() -> None:
    world = World.of(ONE_AND_ONE)
    release_id = saved(world)
    world.archive("search", world.push("search"))
    world.calls.clear()

    for make in (
        lambda: release(world.ports(), save=True),
        lambda: update(
            world.ports(), release=release_id, image_ids=["search"], from_label="latest", save=True
        ),
        lambda: release_deploy(world),
    ):
        with pytest.raises(PlanRefused, match="can't make the release") as refused:
            make()
        assert "aws ecr update-image-storage-class" in refused.value.reasons[0]
    assert changes(world) == set()


def test_update_to_what_is_no_image_is_refused() -> None:
    world = World.of(ONE_AND_ONE)
    release_id = saved(world)
    attestation(world)

    with pytest.raises(PlanRefused, match="can't make the release"):
        update(world.ports(), release=release_id, image_ids=["search"], from_label="latest", save=True)


def test_release_is_made_without_the_permission_to_read_manifests() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.fail("registry.manifest_and_tag", AccessDenied("ecr:BatchGetImage", "no"))

    assert release(world.ports()).versions


def test_rollback_to_an_archived_image_is_refused() -> None:
    world = World.of(ONE_AND_ONE)
    first = world.push("search")
    release_deploy(world)
    world.push("search")
    release_deploy(world)
    world.archive("search", first)

    with pytest.raises(PlanRefused) as refused:
        rollback(world)

    assert "is archived in" in refused.value.reasons[0]
