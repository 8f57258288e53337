"""Where tags go back to after deployments that were cut off before any service restarted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import change, deployment, digest, outcome, planned_image
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.rules.unfinished_tags import with_tags_before

LEFT = planned_image("search", "b", "b")
"""Its tag points at the release already."""


def cut_off(
    old: str | None,
    new: str = "b",
    status: DeploymentStatus = DeploymentStatus.INTERRUPTED,
    service: ServiceStatus = ServiceStatus.PENDING,
) -> Deployment:
    return deployment(status, (outcome("search", service),), (change("search", old, new),))


def back_to(*history: Deployment) -> str | None:
    (image,) = with_tags_before((LEFT,), history)
    return image.from_digest


def test_tag_goes_back_to_where_it_was_before_the_deployment_that_was_cut_off() -> None:
    (image,) = with_tags_before((LEFT,), [cut_off("a")])
    assert (image.from_digest, image.from_ref, image.moves) == (digest("a"), f"ref.{'a' * 40}", True)


def test_tag_goes_back_past_several_of_them() -> None:
    assert back_to(cut_off("b"), cut_off("c"), cut_off("a", "c")) == digest("a")


@pytest.mark.parametrize(
    "earlier",
    [
        cut_off("a", service=ServiceStatus.IN_PROGRESS),
        cut_off("a", status=DeploymentStatus.SUCCEEDED, service=ServiceStatus.SUCCEEDED),
        cut_off("a", status=DeploymentStatus.ROLLED_BACK),
        cut_off("a", "c"),
        cut_off(None),
    ],
    ids=["restarted", "succeeded", "rolled back", "another release", "new tag"],
)
def test_tag_stays_if_it_was_not_left_there_by_an_unfinished_deployment(earlier: Deployment) -> None:
    assert back_to(earlier) == digest("b")


def test_deployments_before_one_that_restarted_services_do_not_count() -> None:
    assert back_to(cut_off("c", service=ServiceStatus.IN_PROGRESS), cut_off("a", "c")) == digest("b")


def test_image_that_moves_anyway_is_left_as_it_is() -> None:
    moving = planned_image("search", "a", "b")
    assert with_tags_before((moving,), [cut_off("c", "a")]) == (moving,)


def test_services_that_did_not_change_are_no_restart() -> None:
    unchanged = replace(cut_off("a"), services=(outcome("items", ServiceStatus.UNCHANGED),))
    assert back_to(unchanged) == digest("a")
