"""The services of a large deployment in items of their own: what is written, and what a reader makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.records_samples import redeployed
from weco_deploy.aws.records.attributes import Item, decoded, encoded, size
from weco_deploy.aws.records.deployments import deployment_item, read_deployment
from weco_deploy.aws.records.releases import ITEM_LIMIT
from weco_deploy.aws.records.service_items import (
    MOST_IN_ONE_ITEM,
    SERVICES_PER_ITEM,
    intended_item,
    joined,
    noted_items,
    service_item_keys,
    verdict_items,
)
from weco_deploy.aws.records.table import ITEMS_AT_ONCE
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    Failure,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.service import ServiceKey

FENCE = 7
LATER = 8
LARGE = 34
TOO_MANY = 80
"""With 4 KB of failures each, so many services don't fit an item."""
TRANSACTION_LIMIT = 4_000_000
LONG = Failure(kind="event", message="x" * 900)
unhurried = settings(deadline=None, max_examples=40)  # so that a busy machine does not fail the tests


class Items:
    """A table of items, by key."""

    def __init__(self, *items: Item) -> None:
        self._items: dict[str, Item] = {}
        self.put(items)

    def put(self, items: Iterable[Item]) -> None:
        self._items.update({str(item["release_id"]): decoded(encoded(item)) for item in items})

    @property
    def deployment(self) -> Deployment:
        """What a reader makes of the items."""
        return read_deployment(joined(self._items["deployment#d"], self._items))


def in_progress(services: int = LARGE, images: int = 3) -> Deployment:
    return Deployment(
        deployment_id="d",
        release_id="r",
        project_id="search",
        environment="stage",
        status=DeploymentStatus.IN_PROGRESS,
        date_created=datetime(2026, 3, 1, tzinfo=UTC),
        requested_by="ada",
        description="ship it",
        images={f"image-{number}": change(f"image-{number}") for number in range(images)},
        services=tuple(pending(number, images) for number in range(services)),
    )


def change(image_id: str) -> ImageChange:
    return ImageChange(
        image_id=image_id,
        from_digest="sha256:" + "0" * 64,
        to_digest="sha256:" + "1" * 64,
        from_ref="ref." + "a" * 40,
        to_ref="ref." + "b" * 40,
    )


def pending(number: int, images: int) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=f"service-{number}",
        key=ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster", f"service-{number}"),
        images=(f"image-{number % images}",),
        status=ServiceStatus.PENDING,
    )


def ended(deployment: Deployment, status: ServiceStatus, *failures: Failure) -> Deployment:
    """The deployment with its verdict: each of its services has this status and these failures."""
    good = status is ServiceStatus.SUCCEEDED
    return replace(
        deployment,
        status=DeploymentStatus.SUCCEEDED if good else DeploymentStatus.FAILED,
        date_finished=deployment.date_created,
        services=tuple(replace(service, status=status, failures=failures) for service in deployment.services),
    )


def too_large(deployment: Deployment) -> Deployment:
    return ended(deployment, ServiceStatus.FAILED, *[LONG] * 4)


def keys(items: Iterable[Item]) -> list[object]:
    return [item["release_id"] for item in items]


# Notes


@unhurried
@given(st.lists(st.lists(st.integers(0, LARGE - 1), max_size=5), max_size=6), st.booleans())
def test_notes_of_the_changes_add_up_to_the_deployment(rounds: list[list[int]], known: bool) -> None:
    deployment = in_progress()
    table = Items(intended_item(deployment, FENCE))
    for numbers in rounds:
        before, deployment = deployment, redeployed(deployment, *numbers)
        table.put(noted_items(before if known else None, deployment, FENCE))
        assert table.deployment == deployment


@unhurried
@given(st.lists(st.integers(0, LARGE - 1), min_size=1, max_size=20), st.data())
def test_note_cut_short_tells_each_service_as_it_was_or_as_it_is(
    numbers: list[int], data: st.DataObject
) -> None:
    before = in_progress()
    after = redeployed(replace(before, images={}), *numbers)
    items = noted_items(before, after, FENCE)
    table = Items(intended_item(before, FENCE))
    table.put(items[: data.draw(st.integers(0, len(items)))])
    read = table.deployment
    assert read.status is DeploymentStatus.IN_PROGRESS
    assert all(
        service in (was, becomes)
        for service, was, becomes in zip(read.services, before.services, after.services, strict=True)
    )


def test_note_writes_only_the_service_items_that_changed() -> None:
    before = in_progress(300, 100)
    items = noted_items(before, redeployed(before, 3, 5, 299), FENCE)
    assert keys(items) == ["deployment#d#0", "deployment#d#29"]
    assert sum(map(size, items)) < size(intended_item(before, FENCE)) / 10


def test_note_of_a_tag_writes_the_deployment_after_the_services_that_changed() -> None:
    before = in_progress()
    moved = {**before.images, "image-0": replace(before.images["image-0"], tag_moved=True)}
    assert keys(noted_items(before, replace(before, images=moved), FENCE)) == ["deployment#d"]
    both = redeployed(replace(before, images=moved), 12)
    assert keys(noted_items(before, both, FENCE)) == ["deployment#d#1", "deployment#d"]


def test_note_that_changes_nothing_still_writes_so_that_a_lost_lock_is_noticed() -> None:
    assert keys(noted_items(in_progress(), in_progress(), FENCE)) == ["deployment#d"]


@pytest.mark.parametrize(("services", "apart"), [(MOST_IN_ONE_ITEM, False), (MOST_IN_ONE_ITEM + 1, True)])
def test_services_of_a_small_deployment_stay_in_its_item(services: int, *, apart: bool) -> None:
    before = in_progress(services)
    assert bool(service_item_keys(intended_item(before, FENCE))) == apart
    assert keys(noted_items(before, redeployed(before, 1), FENCE)) == [
        "deployment#d#0" if apart else "deployment#d"
    ]


def test_service_items_are_in_no_index() -> None:
    items = noted_items(None, in_progress(), FENCE)
    assert set().union(*items[:-1]) == {"release_id", "version", "services"}


# The verdict


def test_verdict_that_fits_is_whole_in_the_deployments_item() -> None:
    deployment = redeployed(in_progress(), 1)
    table = Items(*noted_items(None, deployment, FENCE))
    finished = ended(deployment, ServiceStatus.SUCCEEDED)
    service_items, item = verdict_items(finished, FENCE)
    assert (service_items, service_item_keys(item)) == ([], [])
    table.put([item])
    assert table.deployment == finished


def test_verdict_of_400_services_with_100_images_and_4_kb_of_failures_each_is_kept_whole() -> None:
    finished = too_large(in_progress(400, 100))
    service_items, item = verdict_items(finished, FENCE)
    assert len(service_items) == 400 / SERVICES_PER_ITEM
    assert max(map(size, [*service_items, item])) <= ITEM_LIMIT
    assert Items(*service_items, item).deployment == finished


def test_largest_service_items_fit_a_transaction() -> None:
    wordy = Failure(kind="event", message="é" * 2_000, log_location="l" * 500)
    finished = ended(in_progress(400, 100), ServiceStatus.FAILED, *[wordy] * 50)
    finished = replace(
        finished, services=tuple(replace(service, reason="é" * 9_000) for service in finished.services)
    )
    service_items, _ = verdict_items(finished, FENCE)
    assert ITEMS_AT_ONCE * max(map(size, service_items)) < TRANSACTION_LIMIT


def test_verdict_cut_short_leaves_the_deployment_in_progress() -> None:
    deployment = redeployed(in_progress(TOO_MANY), *range(TOO_MANY))
    finished = too_large(deployment)
    table = Items(*noted_items(None, deployment, FENCE))
    service_items, item = verdict_items(finished, FENCE)
    for written, service_item in enumerate(service_items, start=1):
        table.put([service_item])
        settled = written * SERVICES_PER_ITEM
        services = (*finished.services[:settled], *deployment.services[settled:])
        assert table.deployment == replace(deployment, services=services)
    table.put([item])
    assert table.deployment == finished


def test_second_verdict_cut_short_leaves_the_first_one() -> None:
    first = too_large(in_progress(TOO_MANY))
    service_items, item = verdict_items(first, FENCE)
    table = Items(*service_items, item)
    second = ended(first, ServiceStatus.SUCCEEDED, *[replace(LONG, message="y" * 900)] * 4)
    again, second_item = verdict_items(second, LATER)
    for service_item in again:
        table.put([service_item])
        read = table.deployment
        assert (read.status, len(read.services)) == (DeploymentStatus.FAILED, TOO_MANY)
        assert {service.status for service in read.services} == {ServiceStatus.FAILED}
        assert not any(failure.message[0] == "y" for service in read.services for failure in service.failures)
    table.put([second_item])
    assert table.deployment == second


# Earlier versions, which read and write the deployment's item alone


def test_earlier_version_reads_the_whole_intent_while_progress_is_noted_apart() -> None:
    deployment = in_progress()
    items = [intended_item(deployment, FENCE), *noted_items(deployment, redeployed(deployment, 3), FENCE)]
    own = {str(item["release_id"]): item for item in items}["deployment#d"]
    assert read_deployment(own) == deployment


def test_earlier_version_reads_the_verdict_and_each_services_status() -> None:
    finished = too_large(in_progress(400, 100))
    _, item = verdict_items(finished, FENCE)
    read = read_deployment(item)
    assert replace(read, services=()) == replace(finished, services=())
    assert [(service.service_id, service.status) for service in read.services] == [
        (service.service_id, service.status) for service in finished.services
    ]


def test_result_that_an_earlier_version_writes_counts_although_service_items_remain() -> None:
    deployment = in_progress()
    table = Items(*noted_items(None, redeployed(deployment, 3), FENCE))
    settled = ended(deployment, ServiceStatus.SUCCEEDED)
    table.put([deployment_item(settled)])
    assert table.deployment == settled
