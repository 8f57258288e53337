"""Environment tags compared with the deployed digests."""

from __future__ import annotations

import pytest

from tests.rules.deployed import FAILED, deployed
from tests.rules.snapshots import in_ecr, snapshot
from tests.rules.states import NEW, OLD, OTHER
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.rules.tag_drift import (
    deployed_digests,
    drifted_tags,
    tags_on_failed_images,
    with_observed_tags,
)


@pytest.mark.parametrize(
    ("before", "tagged", "moved"),
    [(OLD, NEW, True), (OLD, OLD, False), (OLD, OTHER, False), (NEW, NEW, False), (None, NEW, True)],
)
def test_observed_tag_has_moved_if_it_points_at_the_deployed_digest_and_did_not_before(
    before: str | None, tagged: str, moved: bool
) -> None:
    observed = snapshot(images={"search": in_ecr(tagged=tagged)}, services={})
    now = with_observed_tags(deployed({"search": (before, NEW)}, applied=not moved), observed)
    assert now.images["search"].tag_moved is moved


def test_recorded_tag_is_kept_if_the_tag_was_not_observed() -> None:
    recorded = deployed({"search": (OLD, NEW)})
    nothing = snapshot(images={}, services={})
    assert with_observed_tags(recorded, nothing) == recorded
    assert drifted_tags(deployed_digests(recorded), nothing) == ()


def test_drifted_tags_are_the_observed_ones_that_point_elsewhere() -> None:
    observed = snapshot(images={"search": in_ecr(tagged=NEW), "cron": in_ecr(tagged=OTHER)}, services={})
    assert drifted_tags({"search": NEW, "cron": NEW}, observed) == ("cron",)


def test_failed_service_has_its_moved_image_still_tagged() -> None:
    failed = deployed(
        {"api": ("a1", "a1"), "web": ("w1", "w2"), "job": ("j1", "j2")},
        FAILED,
        {"both": ServiceStatus.FAILED, "job": ServiceStatus.SUCCEEDED},
        running={"both": ("api", "web")},
    )
    assert tags_on_failed_images(failed) == ("web",)


def test_failed_service_has_all_its_images_still_tagged_if_none_moved() -> None:
    failed = deployed(
        {"web": ("w1", "w1"), "api": ("a1", "a1")},
        FAILED,
        {"both": ServiceStatus.FAILED},
        running={"both": ("api", "web")},
    )
    assert tags_on_failed_images(failed) == ("web", "api")


def test_failed_service_has_no_image_tagged_if_no_tag_was_moved_to_it() -> None:
    refused = deployed({"web": ("w1", "w2")}, FAILED, {"web": ServiceStatus.FAILED}, applied=False)
    assert tags_on_failed_images(refused) == ()
