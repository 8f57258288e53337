"""The record of an environment with many services, which are in other items than its lock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.dynamodb_table import BEFORE_IT_ACTS, Table, at, refuse, written_keys
from tests.contracts.records_samples import (
    FREEZE,
    LEASE,
    a_claim,
    a_deployment,
    a_large_deployment,
    claimed,
    minutes,
    outcome,
    redeployed,
    succeeded,
)
from weco_deploy.aws.records.attributes import encoded, size
from weco_deploy.aws.records.environments import environment_item
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore

MANY = 200
READ_TOGETHER = BEFORE_IT_ACTS.replace("TransactWriteItems", "TransactGetItems")


def deployed(store: ReleaseStore, release: Release, services: int = MANY) -> Deployment:
    """A deployment to so many services that has succeeded."""
    deployment = a_large_deployment(release, services)
    finished = succeeded(redeployed(deployment, *range(services)))
    store.settle(claimed(store, deployment), finished)
    return finished


def test_services_survive_locks_claims_and_renewals(store: ReleaseStore, release: Release) -> None:
    finished = deployed(store, release)
    record = store.environment("stage")
    assert record.services.keys() == {service.service_id for service in finished.services}
    assert record.images.keys() == release.images.keys()

    store.lock("stage", FREEZE)
    assert store.environment("stage") == replace(record, lock=FREEZE)
    store.unlock("stage", FREEZE)
    held = claimed(store, a_deployment(release, at=minutes(2)))
    store.renew(held, LEASE)

    after = store.environment("stage")
    assert (after.services, after.images) == (record.services, record.images)
    assert after.fence == record.fence + 1


def test_a_later_deployment_replaces_its_services_and_keeps_the_others(
    store: ReleaseStore, release: Release
) -> None:
    deployed(store, release)
    before = store.environment("stage").services
    deployment = a_deployment(release, at=minutes(2))
    again = outcome("api-7", "api", ecs_deployment="ecs-svc/again")
    new = outcome("indexer", "indexer", ecs_deployment="ecs-svc/new")
    store.settle(claimed(store, deployment), failed(replace(deployment, services=(again, new))))
    after = store.environment("stage").services
    assert (after["api-7"].ecs_deployment_id, after["indexer"].ecs_deployment_id) == (
        "ecs-svc/again",
        "ecs-svc/new",
    )
    assert {**after, "api-7": before["api-7"]} == {**before, "indexer": after["indexer"]}


def failed(deployment: Deployment) -> Deployment:
    """The deployment with a verdict after which the environment keeps the services that it did not deploy."""
    return replace(deployment, status=DeploymentStatus.FAILED, date_finished=minutes(3))


# In DynamoDB


def test_the_item_with_the_lock_stays_small_and_a_claim_leaves_the_others_alone(table: Table) -> None:
    deployed(table.ours, table.release)
    assert size(table.item("environment#stage")) < 1_000
    assert len(table.theirs.environment("stage").services) == MANY
    deployment = a_deployment(table.release, at=minutes(2))
    claim = a_claim(table.theirs, deployment)
    with written_keys(table.client) as transactions:
        table.theirs.claim(claim)
    assert transactions == [
        ["environment#stage", f"deployment#{deployment.deployment_id}", table.release.release_id]
    ]
    assert len(table.ours.environment("stage").services) == MANY


def test_a_claim_after_a_refused_one_reads_all_items(table: Table) -> None:
    deployed(table.ours, table.release)
    claim = a_claim(table.ours, a_deployment(table.release, at=minutes(2)))
    claimed(table.theirs, a_deployment(table.release, "prod"), "theirs")
    held = table.ours.claim(claim)
    assert held.fence == 2
    assert len(table.ours.environment("stage").services) == MANY


def test_an_environment_is_read_item_by_item_during_a_write(table: Table) -> None:
    deployed(table.ours, table.release)
    conflict = refuse("TransactionCanceledException", "TransactionConflict")
    with at(table.client, READ_TOGETHER, conflict):
        assert len(table.ours.environment("stage").services) == MANY


def test_an_environment_that_grows_while_it_is_read_is_read_again(table: Table) -> None:
    deployed(table.ours, table.release)
    with at(table.client, READ_TOGETHER, lambda: settle_more(table)):
        record = table.ours.environment("stage")
    assert len(record.services) == 2 * MANY
    assert record.fence == 2


def settle_more(table: Table) -> None:
    """Somebody else settles a deployment to twice as many services, without reading."""
    deployment = a_large_deployment(table.release, 2 * MANY)
    finished = succeeded(redeployed(deployment, *range(2 * MANY)))
    table.theirs.settle(claimed(table.theirs, deployment, "theirs"), finished)


def test_services_in_the_item_that_an_earlier_version_wrote_are_moved_when_they_change(table: Table) -> None:
    deployed(table.ours, table.release)
    record = table.ours.environment("stage")
    table.put(environment_item(table.project.id, record))
    assert table.ours.environment("stage") == record

    deployment = a_deployment(table.release, at=minutes(2))
    held = table.ours.claim(a_claim(table.ours, deployment))
    assert len(table.ours.environment("stage").services) == MANY
    table.ours.settle(held, failed(deployment))

    assert size(table.item("environment#stage")) < 1_000
    assert len(table.ours.environment("stage").services) == MANY + 1


@pytest.mark.parametrize("settled", ["by us", "by an earlier version"])
def test_what_an_earlier_version_applied_since_counts(table: Table, settled: str) -> None:
    """An earlier version claims, and settles by SET of all fields that it knows."""
    deployed(table.ours, table.release)
    record = table.ours.environment("stage")
    known = replace(record.services["api-7"], ecs_deployment_id="ecs-svc/again")
    theirs = environment_item(table.project.id, replace(record, images={}, services={"api-7": known}))
    table.client.update_item(
        TableName=table.project.release_table,
        Key=encoded({"release_id": "environment#stage"}),
        UpdateExpression="SET fence = :fence, images = :images, services = :services",
        ExpressionAttributeValues=encoded(
            {":fence": record.fence + 1, ":images": theirs["images"], ":services": theirs["services"]}
        ),
    )
    if settled == "by us":
        deployment = replace(a_deployment(table.release, at=minutes(2)), services=())
        table.ours.settle(claimed(table.ours, deployment), failed(deployment))
    after = table.ours.environment("stage").services
    assert (len(after), after["api-7"]) == (MANY, known)
