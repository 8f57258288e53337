"""How much of a long history DynamoDB is asked for: short lists cost the same however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from tests.contracts.dynamodb_table import Table
from tests.contracts.records_samples import a_deployment, a_release, minutes, succeeded
from weco_deploy.aws.records import history
from weco_deploy.aws.records.attributes import Item, encoded
from weco_deploy.aws.records.deployments import deployment_item
from weco_deploy.aws.records.releases import release_item
from weco_deploy.model.release import ReleaseDeployment
from weco_deploy.ports import ReleaseStore

FEW, MANY = 21, 321
"""Releases: two pages of a short list, and more than three of the longest pages."""
LIMIT = 10
ITEMS_A_CALL = 25
"""The most that BatchWriteItem takes."""


@dataclass
class Reads:
    """What was read of the indexes."""

    queries: int = 0
    items: int = 0


@contextmanager
def counted(table: Table) -> Iterator[Reads]:
    """Count the queries and the items in their answers."""
    reads = Reads()

    def count(parsed: dict[str, list[object]], **_: object) -> None:
        reads.queries += 1
        reads.items += len(parsed["Items"])

    event = "after-call.dynamodb.Query"
    table.client.meta.events.register(event, count)
    try:
        yield reads
    finally:
        table.client.meta.events.unregister(event, count)


def fill(table: Table, first: int, last: int) -> None:
    """Record these releases, a deployment of each of them to stage, and of every second one to prod."""
    items: list[Item] = []
    for number in range(first, last):
        release = a_release(table.project, minutes(10 * number))
        made = [
            succeeded(a_deployment(release, environment, minutes(10 * number + 5)))
            for environment in ("stage", *(("prod",) if number % 2 else ()))
        ]
        listed = [
            ReleaseDeployment(
                environment=deployment.environment,
                date_created=deployment.date_created,
                requested_by=deployment.requested_by,
                description=deployment.description,
                deployment_id=deployment.deployment_id,
            )
            for deployment in made
        ]
        items += [
            release_item(replace(release, deployments=tuple(listed))),
            *map(deployment_item, made),
        ]
    for begin in range(0, len(items), ITEMS_A_CALL):
        puts = [{"PutRequest": {"Item": encoded(item)}} for item in items[begin : begin + ITEMS_A_CALL]]
        answer = table.client.batch_write_item(RequestItems={table.project.release_table: puts})  # type: ignore[dict-item]  # list is invariant
        assert not answer.get("UnprocessedItems")


READS: dict[str, Callable[[ReleaseStore], object]] = {
    "releases": lambda store: store.releases(LIMIT),
    "deployments": lambda store: store.deployments(None, LIMIT),
    "deployments to stage": lambda store: store.deployments(["stage"], LIMIT),
    "the last deployment": lambda store: store.deployments(None, 1),
}


@pytest.fixture
def filled(table: Table) -> Table:
    fill(table, 1, FEW + 1)
    return table


def test_short_lists_cost_as_much_of_a_long_history_as_of_a_short_one(filled: Table) -> None:
    def costs() -> dict[str, Reads]:
        found = {}
        for name, read in READS.items():
            with counted(filled) as found[name]:
                read(filled.ours)
        return found

    short = costs()
    fill(filled, FEW + 1, MANY + 1)
    assert costs() == short


def test_list_of_all_deployments_costs_a_call_for_the_releases_and_one_for_each_environment(
    filled: Table,
) -> None:
    with counted(filled) as reads:
        found = filled.ours.deployments(None, LIMIT)
    assert len(found) == LIMIT
    assert reads == Reads(queries=3, items=3 * LIMIT)


def test_search_for_deployments_of_5x_ends_at_its_bound(
    filled: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5.x may have deployed any of the releases to an environment with few other deployments."""
    monkeypatch.setattr(history, "LEGACY_RELEASES", FEW - 1)
    with counted(filled) as reads:
        assert filled.ours.deployments(["nowhere"], LIMIT) == ()
    assert reads.queries == 1 + 2  # the environment's own deployments, then the releases by pages
