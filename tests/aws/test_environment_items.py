"""The images and services of a large environment in items of their own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from weco_deploy.aws.records.attributes import Item, decoded, encoded, size
from weco_deploy.aws.records.environment_items import (
    LARGEST_WITH_LOCK,
    applied_item_keys,
    environment_items,
    joined,
)
from weco_deploy.aws.records.environments import environment_item, read_environment
from weco_deploy.aws.records.releases import ITEM_LIMIT
from weco_deploy.model.environment import AppliedImage, EnvironmentRecord, KnownService, Lock
from weco_deploy.model.service import ServiceKey

DIGEST = "sha256:" + "0" * 64
LOCK = Lock(owner="ours", holder="ada", reason="ship it", since=datetime(2026, 3, 1, tzinfo=UTC))


def environment(images: int, services: int, images_each: int = 1) -> EnvironmentRecord:
    return EnvironmentRecord(
        environment="stage",
        fence=7,
        lock=LOCK,
        images={f"image-{number}": applied_image() for number in range(images)},
        services={f"service-{number}": known_service(number, images_each) for number in range(services)},
    )


def applied_image(release_id: str = "ce81646d-a5c7-4d2f-9b6a-5bde9c9b2f00") -> AppliedImage:
    return AppliedImage(release_id=release_id, digest=DIGEST, ref="ref." + "a" * 40)


def known_service(number: int, images: int = 1) -> KnownService:
    return KnownService(
        service_id=f"service-{number}",
        key=ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster", f"service-{number}"),
        ecs_deployment_id="ecs-svc/1234567890123456789",
        digests={f"image-{image}": DIGEST for image in range(images)},
    )


def read(item: Item, *applied: Item) -> EnvironmentRecord:
    stored = [decoded(encoded(part)) for part in (item, *applied)]
    return read_environment(joined(stored[0], {str(part["release_id"]): part for part in stored}))


@pytest.mark.parametrize("images", [0, 1, 100, 250])
@pytest.mark.parametrize("services", [0, 1, 199, 200])
def test_environment_survives_the_round_trip_through_its_items(images: int, services: int) -> None:
    record = environment(images, services)
    item, applied = environment_items("search", record)
    assert applied_item_keys(item) == [part["release_id"] for part in applied]
    assert read(item, *applied) == record


def test_small_environment_is_one_item_as_earlier_versions_wrote_it() -> None:
    record = environment(50, 50)
    assert environment_items("search", record) == (environment_item("search", record), [])


def test_item_with_the_lock_of_a_large_environment_stays_small() -> None:
    record = environment(100, 400, images_each=3)
    item, applied = environment_items("search", record)
    assert size(environment_item("search", record)) > 4 * LARGEST_WITH_LOCK
    assert size(item) < 1_000
    assert max(map(size, applied)) < ITEM_LIMIT
    assert read(item, *applied) == record


def test_other_items_of_an_environment_are_in_no_index() -> None:
    _, applied = environment_items("search", environment(200, 200))
    assert set().union(*applied) == {"release_id", "images", "services"}


def test_what_an_earlier_version_applied_replaces_what_other_items_have() -> None:
    record = environment(100, 200)
    item, applied = environment_items("search", record)
    later, service = applied_image("later"), known_service(3, images=2)
    small = EnvironmentRecord(environment="stage", images={"image-5": later}, services={"service-3": service})
    written = environment_item("search", small)
    settled = {**item, "images": written["images"], "services": written["services"]}

    after = read(settled, *applied)

    assert after.images == {**record.images, "image-5": later}
    assert after.services == {**record.services, "service-3": service}
