"""Keeps the services of a large deployment in items of their own, ten in each.

    release_id "deployment#<id>#<n>"   version   services [{…}] (`services.py`)

A deployment's own item always lists all services, also for earlier versions, which read nothing else. But it is large, and
DynamoDB charges each write for the whole item. So

- a note of the progress writes only the service items whose services have changed;
- the verdict is in the deployment's own item. Only if that has no room for the services' results (`fits_item`), they are in
  the service items, which are written before it.

The deployment's item refers to its service items by `service_items {count, version}`. The version is the fence under which an
item was written. While the deployment is in progress, a service item counts if its version is the same or a later one. After the
verdict, service items count only if all have its version; otherwise somebody was killed before writing another verdict. If an
earlier version of the tool writes the deployment's item, it drops the reference. Where service items don't count, the rows in
the deployment's item do.

Service items have no `project_id`, so no index lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from weco_deploy.aws.records.attributes import Fields, Item
from weco_deploy.aws.records.deployments import deployment_item, deployment_key, fits_item
from weco_deploy.aws.records.services import service_item, shortened
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceOutcome

SERVICES_PER_ITEM = 10
"""A row takes about 300 bytes while the deployment goes on, and 13 KB at most."""
MOST_IN_ONE_ITEM = 25
"""Up to how many services a note writes the deployment's item, which is then small enough."""


def intended_item(deployment: Deployment, version: int) -> Item:
    """The item of a deployment in progress."""
    item = deployment_item(deployment)
    return _referring(item, deployment, version) if len(deployment.services) > MOST_IN_ONE_ITEM else item


def noted_items(before: Deployment | None, deployment: Deployment, version: int) -> Sequence[Item]:
    """The items that a note of the progress writes, in this order. `before` is what was recorded last, if that is known."""
    if len(deployment.services) <= MOST_IN_ONE_ITEM:
        return [deployment_item(deployment)]
    known = before.services if before is not None else ()
    groups = zip(_groups(deployment.services), _padded_groups(known), strict=False)
    changed = [
        _item(deployment, number, version, services)
        for number, (services, services_before) in enumerate(groups)
        if services != services_before
    ]
    if before is None or replace(before, services=()) != replace(deployment, services=()) or not changed:
        changed.append(intended_item(deployment, version))
    return changed


def verdict_items(deployment: Deployment, version: int) -> tuple[Sequence[Item], Item]:
    """The service items of a finished deployment, none if its own item has room for everything, and its own item."""
    if fits_item(deployment):
        return [], deployment_item(deployment)
    service_items = [
        _item(deployment, number, version, services)
        for number, services in enumerate(_groups(deployment.services))
    ]
    return service_items, _referring(deployment_item(deployment), deployment, version)


def service_item_keys(item: Item) -> Sequence[str]:
    """The keys of the service items that a deployment's item refers to."""
    reference = Fields(item, str(item.get("release_id"))).map("service_items")
    count = reference.optional_number("count") or 0
    return [f"{item['release_id']}#{number}" for number in range(count)]


def joined(item: Item, found: Mapping[str, Item]) -> Item:
    """A deployment's item with the services from those of its service items that count. `found` are items by key."""
    keys = service_item_keys(item)
    if not keys:
        return item
    fields = Fields(item, str(item["release_id"]))
    version = fields.map("service_items").number("version")
    in_progress = fields.text("status") == DeploymentStatus.IN_PROGRESS
    rows = [row.item for row in fields.rows("services")]
    counted: list[Item] = []
    for number, key in enumerate(keys):
        own = rows[number * SERVICES_PER_ITEM : (number + 1) * SERVICES_PER_ITEM]
        service_item = Fields(found.get(key, {}), key)
        written = service_item.optional_number("version")
        if written is not None and (written == version or (in_progress and written > version)):
            counted.extend(row.item for row in service_item.rows("services"))
        elif in_progress:
            counted.extend(own)
        else:
            return item
    return {**item, "services": counted}


def _item(deployment: Deployment, number: int, version: int, services: tuple[ServiceOutcome, ...]) -> Item:
    return {
        "release_id": f"{deployment_key(deployment.deployment_id)}#{number}",
        "version": version,
        "services": [service_item(shortened(service)) for service in services],
    }


def _referring(item: Item, deployment: Deployment, version: int) -> Item:
    count = sum(1 for _ in _groups(deployment.services))
    return {**item, "service_items": {"count": count, "version": version}}


def _groups(services: tuple[ServiceOutcome, ...]) -> Iterator[tuple[ServiceOutcome, ...]]:
    for start in range(0, len(services), SERVICES_PER_ITEM):
        yield services[start : start + SERVICES_PER_ITEM]


def _padded_groups(services: tuple[ServiceOutcome, ...]) -> Iterator[tuple[ServiceOutcome, ...]]:
    """The groups, then empty ones without end."""
    yield from _groups(services)
    while True:
        yield ()
