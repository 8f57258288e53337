"""The table and its items, as DynamoDB has them, and the errors of a holder that lost its lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.contracts.dynamodb_table import BEFORE_IT_ACTS, Table, at, ended, refuse
from tests.contracts.records_samples import (
    FREEZE,
    LEASE,
    a_claim,
    a_deployment,
    a_project,
    a_release,
    minutes,
    new_id,
)
from tests.contracts.records_setting import DynamoSetting
from weco_deploy.errors import AwsError, LeaseLost
from weco_deploy.model.deployment import DeploymentStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_reading_creates_no_table(dynamo_setting: DynamoSetting) -> None:
    project = a_project()
    store = dynamo_setting.store(project)
    store.latest()
    store.environment("stage")
    store.deployments(("stage",), 10)
    assert project.release_table not in tables(dynamo_setting.client)


def test_the_first_write_creates_an_on_demand_table_with_deletion_protection(table: Table) -> None:
    made = table.client.describe_table(TableName=table.project.release_table)["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"]
    indexes = {index["IndexName"]: index for index in made["GlobalSecondaryIndexes"]}
    assert set(indexes) == {"project_gsi", "deployment_gsi"}
    assert {index["Projection"]["ProjectionType"] for index in indexes.values()} == {"ALL"}
    keys = {name: [key["AttributeName"] for key in index["KeySchema"]] for name, index in indexes.items()}
    assert keys["project_gsi"] == ["project_id", "date_created"]
    assert keys["deployment_gsi"] == ["project_id", "last_date_deployed"]


def test_a_claim_may_be_the_first_write(dynamo_setting: DynamoSetting) -> None:
    project = a_project()
    release = a_release(project)
    store = dynamo_setting.store(project)
    deployment = a_deployment(release)
    store.claim(a_claim(store, deployment, new_release=release))
    assert store.deployment(deployment.deployment_id) == deployment


def test_a_write_waits_for_a_table_that_somebody_else_creates(table: Table) -> None:
    release = a_release(table.project)
    with at(table.client, BEFORE_IT_ACTS, refuse("ResourceNotFoundException"), times=2):
        table.ours.save(release)
    assert table.ours.release(release.release_id) == release


def test_a_listed_rollback_is_not_read_again_for_the_deployment_that_it_put_right(table: Table) -> None:
    rollback = ended(a_deployment(table.release, at=minutes(7)))
    table.ours.settle(table.ours.claim(a_claim(table.ours, rollback)), rollback)
    failed = a_deployment(table.release, at=minutes(8))
    undone = replace(ended(failed), status=DeploymentStatus.ROLLED_BACK, rollback=rollback)
    table.ours.settle(table.ours.claim(a_claim(table.ours, failed)), undone)
    reads: list[str] = []

    with at(table.client, "before-call.dynamodb.GetItem", lambda: reads.append("GetItem"), times=100):
        listed = table.ours.deployments(("stage",), 10)

    assert listed == (undone, rollback)
    assert reads == []


# Items


def test_a_release_is_an_item_as_5x_wrote_it_and_more(table: Table) -> None:
    item = table.item(table.release.release_id)
    assert item["date_created"] == "2026-03-01T12:00:00.000000"
    assert item["images"] == {"api": "ref.api1"}
    assert item["deployments"] == []
    assert item["digests"] == {"api": table.release.versions["api"].digest}
    assert item["project_id"] == table.project.id


def test_only_releases_have_the_projects_own_id(table: Table) -> None:
    deployment = a_deployment(table.release)
    table.ours.claim(a_claim(table.ours, deployment))
    owned_by = {
        key: table.item(key).get("project_id")
        for key in (
            f"deployment#{deployment.deployment_id}",
            "environment#stage",
            f"latest#{table.project.id}",
        )
    }
    assert set(owned_by.values()) == {f"{table.project.id}#stage", None}


def test_a_record_that_cannot_be_read_is_named(table: Table) -> None:
    deployment_id = new_id()
    table.put({"release_id": f"deployment#{deployment_id}", "deployment_id": deployment_id})
    with pytest.raises(AwsError, match=f"deployment#{deployment_id}"):
        table.ours.deployment(deployment_id)


def tables(client: DynamoDBClient) -> set[str]:
    return {name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]}


# A lost lock


def test_the_error_after_a_takeover_says_so_during_and_after_it(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    table.setting.clock.wait(LEASE + 16)
    theirs = a_deployment(table.release)
    took = table.theirs.claim(a_claim(table.theirs, theirs, "theirs"))
    because = (
        rf"is not ours any more: somebody took it over \(its last deployment is {theirs.deployment_id}\), "
        rf"because our lease had run out at {held.lease_ends:%H:%M:%S}Z; now "
    )
    with pytest.raises(LeaseLost, match=f"{because}ada holds it since .*: ship the"):
        table.ours.renew(held, LEASE)

    table.theirs.settle(took, ended(theirs))

    for lost in (lambda: table.ours.renew(held, LEASE), lambda: table.ours.note(held, theirs)):
        with pytest.raises(LeaseLost, match=f"{because}nobody holds it$"):
            lost()


def test_the_error_after_a_claim_during_our_lease_names_a_forced_unlock(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    lock = table.ours.environment("stage").lock
    assert lock is not None
    table.theirs.unlock("stage", lock)
    theirs = a_deployment(table.release)
    table.theirs.claim(a_claim(table.theirs, theirs, "theirs"))
    with pytest.raises(LeaseLost, match="because our lock was released by force, or their clock is ahead"):
        table.ours.renew(held, LEASE)


def test_the_error_after_a_forced_unlock_says_so(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    lock = table.ours.environment("stage").lock
    assert lock is not None
    table.theirs.unlock("stage", lock)
    with pytest.raises(LeaseLost, match="is not ours any more: it was unlocked, and nobody holds it"):
        table.ours.renew(held, LEASE)
    table.theirs.lock("stage", FREEZE)
    with pytest.raises(LeaseLost, match=r"is not ours any more: grace holds it since .*: the sale is on"):
        table.ours.renew(held, LEASE)
