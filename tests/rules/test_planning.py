"""Plans: which images move, and which services are redeployed."""

from __future__ import annotations

import pytest

from tests.rules.plans import STILL, TO_MOVE, observing, only, planned
from tests.rules.snapshots import in_ecr, project, release, snapshot
from tests.rules.states import (
    NEW,
    OLD,
    OTHER,
    container,
    service,
    task,
    up,
    view,
)
from weco_deploy.model.environment import AppliedImage
from weco_deploy.model.left_out import Part
from weco_deploy.model.plan import Action, Snapshot

# Images


def test_tag_moves_from_its_digest_to_that_of_the_release() -> None:
    made = planned(observing(up(OLD)))
    (image,) = made.images
    assert (image.repository, image.tag) == ("uk.ac.wellcome/search", "env.stage")
    assert (image.from_digest, image.manifest.digest, image.to_ref) == (OLD, NEW, "ref.search")
    assert made.moves == (image,)
    assert made.changes


def test_tag_that_has_the_digest_already_does_not_move() -> None:
    made = planned(observing(up(NEW), {"search": in_ecr(NEW, tagged=NEW)}))
    assert (made.moves, made.redeploys, made.changes) == ((), (), False)


def test_tag_that_does_not_exist_yet_is_created() -> None:
    (image,) = planned(observing(up(OLD), {"search": in_ecr(NEW, tagged=None)})).moves
    assert image.from_digest is None


@pytest.mark.parametrize(("recorded", "expected"), [(OLD, "ref.before"), (OTHER, None)])
def test_commit_of_the_present_tag_is_known_if_our_record_has_its_digest(
    recorded: str, expected: str | None
) -> None:
    observed = snapshot(
        images=TO_MOVE,
        services={"search-api": up(OLD)},
        applied={"search": AppliedImage(release_id="rel-1", digest=recorded, ref="ref.before")},
    )
    (image,) = planned(observed).images
    assert image.from_ref == expected


def test_plan_has_the_record_on_which_it_is_based() -> None:
    observed = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, fence=41)
    assert planned(observed).observed == observed.record


# Several images, several services

FOUR = ("api", "nginx", "worker", "cron")


def shared(*wrong: str) -> Snapshot:
    """Four images in a service that runs the release, except for these digests."""
    containers = [
        container(OLD if image in wrong else NEW, image=f"uk.ac.wellcome/{image}:env.stage", name=image)
        for image in FOUR
    ]
    return snapshot(
        images={image: in_ecr(NEW, tagged=OLD) for image in FOUR},
        services={
            "all": view(service("all", running=1, deployments=[STILL]), [task("t", containers=containers)])
        },
    )


SHARING = project(**{image: ["all"] for image in FOUR})
ALL_FOUR = release(api=NEW, nginx=NEW, worker=NEW, cron=NEW)


def test_service_of_four_images_is_redeployed_once() -> None:
    made = planned(shared("worker", "cron"), of=SHARING, what=ALL_FOUR)
    assert len(made.moves) == 4
    assert only(made).images == FOUR
    assert only(made).action is Action.REDEPLOY
    assert only(made).why == "runs sha256:6f6c64000000 of worker"


def test_service_of_four_images_is_left_if_it_runs_all_of_them() -> None:
    assert only(planned(shared(), of=SHARING, what=ALL_FOUR)).action is Action.LEAVE


def test_partial_release_is_compared_only_by_the_images_it_has() -> None:
    partial = release(api=NEW, nginx=None, worker=NEW)
    made = planned(shared("nginx", "cron"), of=SHARING, what=partial)
    assert [image.image_id for image in made.images] == ["api", "worker"]
    assert only(made).images == ("api", "worker")
    assert only(made).action is Action.LEAVE
    assert [(left.kind, left.id) for left in made.left_out] == [(Part.IMAGE, "nginx"), (Part.IMAGE, "cron")]


def test_services_of_images_that_a_partial_release_lacks_are_not_planned() -> None:
    both = project(search=["search-api"], items=["items-api"])
    observed = snapshot(
        images=TO_MOVE,
        services={"search-api": up(NEW), "items-api": up(OLD, name="items-api", image="items")},
    )
    assert [service.service_id for service in planned(observed, of=both).services] == ["search-api"]


def test_images_and_services_come_in_the_projects_order() -> None:
    both = project(b=["sb"], a=["sa"])
    observed = snapshot(
        images={"a": in_ecr(), "b": in_ecr()},
        services={"sa": up(NEW, name="sa", image="a"), "sb": up(NEW, name="sb", image="b")},
    )
    made = planned(observed, of=both, what=release(a=NEW, b=NEW))
    assert [image.image_id for image in made.images] == ["b", "a"]
    assert [service.service_id for service in made.services] == ["sb", "sa"]


def test_image_without_services_is_moved() -> None:
    made = planned(snapshot(images=TO_MOVE, services={}), of=project(search=[]))
    assert (len(made.moves), made.services, made.warnings, made.changes) == (1, (), (), True)
