"""Keeps the images and services of a large environment in items of their own, a hundred of each in every item.

    release_id "environment#<id>#<n>"   images {…}   services {…} (`environments.py`)

The environment's own item has the lock. DynamoDB charges for the whole item each time that the lease is renewed, and each time
that a note checks the lock. So the item of an environment with many images and services has neither, but `applied_items`, the
number of items that have them. These are written in one transaction with the environment's item, so that they always agree with it.

An earlier version of the tool knows only the environment's own item, and writes the images and services of its deployments there. They
replace those in the other items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from weco_deploy.aws.records.attributes import Fields, Item, Value, size
from weco_deploy.aws.records.environments import environment_item
from weco_deploy.model.environment import EnvironmentRecord

LARGEST_WITH_LOCK = 40_000
"""Up to how many bytes an environment's own item has its images and services: about 60 of each."""
ENTRIES_PER_ITEM = 100
"""How many images and how many services an item has. A service's entry takes 150 bytes, and 80 for each of its images."""


def environment_items(project_id: str, record: EnvironmentRecord) -> tuple[Item, Sequence[Item]]:
    """The environment's own item, and the items with its images and services if these are apart."""
    item = environment_item(project_id, record)
    if size(item) <= LARGEST_WITH_LOCK:
        return item, []
    fields = Fields(item, str(item["release_id"]))
    images, services = fields.map("images").item, fields.map("services").item
    count = -(-max(len(images), len(services)) // ENTRIES_PER_ITEM)
    applied: list[Item] = [
        {
            "release_id": _key(item, number),
            "images": _part(images, number),
            "services": _part(services, number),
        }
        for number in range(count)
    ]
    return {**item, "images": {}, "services": {}, "applied_items": count}, applied


def applied_item_keys(item: Item) -> Sequence[str]:
    """The keys of the items that have the images and services of an environment, given its own item."""
    count = Fields(item, str(item.get("release_id"))).optional_number("applied_items") or 0
    return [_key(item, number) for number in range(count)]


def joined(item: Item, found: Mapping[str, Item]) -> Item:
    """An environment's own item with the images and services from its other items. `found` are items by key."""
    items = [*(found[key] for key in applied_item_keys(item) if key in found), item]
    return {**item, "images": _merged(items, "images"), "services": _merged(items, "services")}


def _merged(items: Sequence[Item], name: str) -> Item:
    """The entries of the maps of that name; those in later items replace those in earlier ones."""
    merged: dict[str, Value] = {}
    for item in items:
        merged.update(Fields(item, str(item["release_id"])).map(name).item)
    return merged


def _part(entries: Item, number: int) -> Item:
    start = number * ENTRIES_PER_ITEM
    return dict(islice(entries.items(), start, start + ENTRIES_PER_ITEM))


def _key(item: Item, number: int) -> str:
    return f"{item['release_id']}#{number}"
