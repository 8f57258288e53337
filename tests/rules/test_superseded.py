"""Which later deployments replaced the images of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.kind import Kind
from weco_deploy.model.service import ServiceKey
from weco_deploy.rules.superseded import superseded_by, superseding

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def deployed(minute: int, *, moved: bool = True, **digests: str) -> Deployment:
    """A deployment of these digests, so many minutes after noon."""
    return Deployment(
        deployment_id=f"d{minute}",
        release_id=f"release-{minute}",
        project_id="catalogue",
        environment="stage",
        status=DeploymentStatus.SUCCEEDED,
        date_created=NOON + timedelta(minutes=minute),
        requested_by="ada",
        description="",
        images={
            image_id: ImageChange(image_id=image_id, from_digest="before", to_digest=digest, tag_moved=moved)
            for image_id, digest in digests.items()
        },
    )


DIGESTS = {"search": "b", "items": "b"}
OURS = deployed(5, search="b", items="b")


def by_5x(minute: int) -> Deployment:
    """A deployment of `search` that 5.x recorded: without digests."""
    service = ServiceOutcome(
        service_id="search-api",
        key=ServiceKey(cluster="catalogue", name="search-api"),
        images=("search",),
        status=ServiceStatus.IN_PROGRESS,
    )
    return replace(deployed(minute), services=(service,))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((), {}),
        ((deployed(1, search="a"),), {}),
        ((OURS, deployed(6, search="b")), {}),
        ((deployed(6, moved=False, search="c"),), {}),
        ((deployed(6, loader="c"),), {}),
        ((deployed(8, search="d"), deployed(7, search="c")), {"search": "d7"}),
        ((deployed(8, items="d"), deployed(7, search="c")), {"search": "d7", "items": "d8"}),
        ((by_5x(7), deployed(8, search="c")), {"search": "d7"}),
        ((replace(by_5x(7), release_id=OURS.release_id),), {}),
        ((deployed(7, search="c"), deployed(8, search="b")), {}),
        ((deployed(7, search="c"), deployed(8, moved=False, search="b")), {"search": "d7"}),
        ((deployed(7, search="c"), deployed(8, search="b"), deployed(9, search="c")), {"search": "d9"}),
        ((by_5x(7), replace(by_5x(8), release_id=OURS.release_id)), {}),
    ],
    ids=[
        "none",
        "earlier",
        "the same digest",
        "not applied",
        "another image",
        "the first",
        "each image",
        "by 5.x",
        "the same release by 5.x",
        "put back",
        "not put back",
        "put back and replaced again",
        "put back by 5.x",
    ],
)
def test_image_is_replaced_by_the_first_later_deployment_of_another_digest(
    others: tuple[Deployment, ...], expected: dict[str, str]
) -> None:
    found = superseding(OURS, DIGESTS, others)
    assert {image_id: deployment.deployment_id for image_id, deployment in found.items()} == expected


def test_what_superseded_a_deployment_is_named_with_its_time() -> None:
    later = deployed(7, search="c")
    assert superseded_by(later) == (
        "superseded by the deployment of release release- (deployment d7, 2026-03-04 12:07Z)"
    )
    assert "by the rollback to release" in superseded_by(replace(later, kind=Kind.ROLLBACK))
