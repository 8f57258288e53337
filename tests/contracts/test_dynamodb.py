"""What is DynamoDB's own about the records: the table, its items, busy tables, lost answers, races."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

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
from weco_deploy.aws.records.attributes import Value, decoded, encoded
from weco_deploy.aws.records.environments import environment_item
from weco_deploy.errors import AwsError, EnvironmentLocked, LeaseLost, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Held
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BEFORE_IT_ACTS = "before-send.dynamodb.TransactWriteItems"
AFTER_IT_ACTED = "before-parse.dynamodb.TransactWriteItems"


@dataclass(frozen=True)
class Table:
    """The project's table with a release in it, and two runs of the tool."""

    setting: DynamoSetting
    project: Project
    release: Release
    ours: ReleaseStore
    theirs: ReleaseStore

    @property
    def client(self) -> DynamoDBClient:
        return self.setting.client

    def item(self, key: str) -> Mapping[str, Value]:
        answer = self.client.get_item(
            TableName=self.project.release_table, Key=encoded({"release_id": key}), ConsistentRead=True
        )
        return decoded(answer["Item"])

    def put(self, item: Mapping[str, Value]) -> None:
        self.client.put_item(TableName=self.project.release_table, Item=encoded(item))


@pytest.fixture
def table(dynamo_setting: DynamoSetting) -> Table:
    project = a_project()
    release = a_release(project)
    ours = dynamo_setting.store(project)
    ours.save(release)
    return Table(dynamo_setting, project, release, ours, dynamo_setting.store(project))


def ended(deployment: Deployment) -> Deployment:
    return replace(deployment, status=DeploymentStatus.SUCCEEDED, date_finished=minutes(5))


@contextmanager
def at(client: DynamoDBClient, moment: str, act: Callable[[], None], times: int = 1) -> Iterator[None]:
    """Have `act` happen at that moment of the next calls, so often."""
    left = iter(range(times))

    def handle(**_: object) -> None:
        if next(left, None) is not None:
            act()

    client.meta.events.register_first(moment, handle)
    try:
        yield
    finally:
        client.meta.events.unregister(moment, handle)


def refuse(code: str, *reasons: str) -> Callable[[], None]:
    def act() -> None:
        answer = {
            "Error": {"Code": code, "Message": "so it is"},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
        }
        raise ClientError(answer, "TransactWriteItems")  # type: ignore[arg-type]  # as botocore makes it

    return act


def lose_the_answer() -> None:
    raise ConnectionClosedError(endpoint_url="http://127.0.0.1/")


# The hold that got lost


def test_a_take_over_is_told_as_one_while_it_lasts_and_after_it_has_ended(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    table.setting.clock.wait(LEASE + 16)
    theirs = a_deployment(table.release)
    took = table.theirs.claim(a_claim(table.theirs, theirs, "theirs"))
    because = (
        rf"is not ours any more: somebody took it over \(its last deployment is {theirs.deployment_id}\), "
        rf"because our lease had run out at {held.lease_ends:%H:%M:%S}Z; now "
    )
    with pytest.raises(LeaseLost, match=f"{because}{theirs.requested_by} holds it since .*: ship the"):
        table.ours.renew(held, LEASE)

    table.theirs.settle(took, ended(theirs))

    for lost in (lambda: table.ours.renew(held, LEASE), lambda: table.ours.note(held, theirs)):
        with pytest.raises(LeaseLost, match=f"{because}nobody holds it$"):
            lost()


def test_a_claim_while_our_lease_lasts_is_not_blamed_on_the_lease(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    lock = table.ours.environment("stage").lock
    assert lock is not None
    table.theirs.unlock("stage", lock)
    theirs = a_deployment(table.release)
    table.theirs.claim(a_claim(table.theirs, theirs, "theirs"))
    with pytest.raises(LeaseLost, match="because our lock was released by force, or their clock is ahead"):
        table.ours.renew(held, LEASE)


def test_a_lock_that_was_released_by_force_is_told_as_that(table: Table) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    lock = table.ours.environment("stage").lock
    assert lock is not None
    table.theirs.unlock("stage", lock)
    with pytest.raises(LeaseLost, match="is not ours any more: it was unlocked, and nobody holds it"):
        table.ours.renew(held, LEASE)
    table.theirs.lock("stage", FREEZE)
    with pytest.raises(LeaseLost, match=r"is not ours any more: grace holds it since .*: the sale is on"):
        table.ours.renew(held, LEASE)


# The table


def test_reading_makes_no_table(dynamo_setting: DynamoSetting) -> None:
    project = a_project()
    store = dynamo_setting.store(project)
    store.latest()
    store.environment("stage")
    store.deployments(("stage",), 10)
    assert project.release_table not in tables(dynamo_setting.client)


def test_the_first_write_makes_an_on_demand_table_that_is_protected(table: Table) -> None:
    made = table.client.describe_table(TableName=table.project.release_table)["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"]
    indexes = {one["IndexName"]: one for one in made["GlobalSecondaryIndexes"]}
    assert set(indexes) == {"project_gsi", "deployment_gsi"}
    assert {one["Projection"]["ProjectionType"] for one in indexes.values()} == {"ALL"}
    keys = {name: [key["AttributeName"] for key in one["KeySchema"]] for name, one in indexes.items()}
    assert keys["project_gsi"] == ["project_id", "date_created"]
    assert keys["deployment_gsi"] == ["project_id", "last_date_deployed"]


def test_a_claim_may_be_the_first_write(dynamo_setting: DynamoSetting) -> None:
    project = a_project()
    release = a_release(project)
    store = dynamo_setting.store(project)
    deployment = a_deployment(release)
    store.claim(replace(a_claim(store, deployment), new_release=release))
    assert store.deployment(deployment.deployment_id) == deployment


def test_a_table_that_somebody_else_is_making_is_waited_for(table: Table) -> None:
    release = a_release(table.project)
    with at(table.client, BEFORE_IT_ACTS, refuse("ResourceNotFoundException"), times=2):
        table.ours.save(release)
    assert table.ours.release(release.release_id) == release


# Busy tables and lost answers


@pytest.mark.parametrize(
    "busy",
    [
        refuse("TransactionCanceledException", "None", "TransactionConflict"),
        refuse("TransactionCanceledException", "ProvisionedThroughputExceeded", "None"),
        refuse("TransactionCanceledException", "ThrottlingError"),
        refuse("TransactionInProgressException"),
        refuse("ProvisionedThroughputExceededException"),
    ],
    ids=["conflict", "capacity", "throttled", "in progress", "capacity of all"],
)
def test_a_busy_table_is_asked_again_after_a_while(table: Table, busy: Callable[[], None]) -> None:
    before = table.setting.clock.utc()
    with at(table.client, BEFORE_IT_ACTS, busy, times=3):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    assert table.setting.clock.utc() > before
    assert table.ours.environment("stage").fence == 1


def test_a_table_that_stays_busy_is_no_lock(table: Table) -> None:
    busy = refuse("TransactionCanceledException", "TransactionConflict")
    before = table.setting.clock.utc()
    with at(table.client, BEFORE_IT_ACTS, busy, times=1000), pytest.raises(Throttled):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    assert table.setting.clock.utc() - before < timedelta(minutes=2)


@pytest.mark.parametrize(
    "code", ["TransactionConflictException", "ProvisionedThroughputExceededException", "ThrottlingException"]
)
def test_a_renewal_that_meets_a_busy_table_is_no_lost_lease(table: Table, code: str) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    moment = BEFORE_IT_ACTS.replace("TransactWriteItems", "UpdateItem")
    with at(table.client, moment, refuse(code), times=1), pytest.raises(Throttled):
        table.ours.renew(held, LEASE)
    assert table.ours.renew(held, LEASE).lease_ends >= held.lease_ends


def test_a_note_does_not_wait_long_for_a_busy_table(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    before = table.setting.clock.utc()
    busy = refuse("ProvisionedThroughputExceededException")
    with at(table.client, BEFORE_IT_ACTS, busy, times=1000), pytest.raises(Throttled):
        table.ours.note(held, deployment)
    assert table.setting.clock.utc() - before < timedelta(seconds=2)


def test_what_is_wrong_with_a_transaction_is_said(table: Table) -> None:
    wrong = refuse("TransactionCanceledException", "ValidationError")
    with at(table.client, BEFORE_IT_ACTS, wrong), pytest.raises(AwsError, match="TransactWriteItems"):
        table.ours.save(a_release(table.project))


def test_each_write_survives_a_lost_answer(table: Table) -> None:
    release = a_release(table.project, minutes(1))
    deployment = a_deployment(release)

    def through_a_lost_answer(act: Callable[[], Held | None]) -> Held | None:
        with at(table.client, AFTER_IT_ACTED, lose_the_answer):
            return act()

    through_a_lost_answer(lambda: table.ours.save(release))
    held = through_a_lost_answer(lambda: table.ours.claim(a_claim(table.ours, deployment)))
    assert held is not None
    assert held.fence == 1
    through_a_lost_answer(lambda: table.ours.renew(held, LEASE))
    through_a_lost_answer(lambda: table.ours.settle(held, ended(deployment)))
    assert table.ours.latest() == table.ours.release(release.release_id)
    assert table.ours.deployment(deployment.deployment_id) == ended(deployment)
    assert table.ours.environment("stage").lock is None


def test_a_note_without_an_answer_is_not_made_again_since_the_next_one_makes_up_for_it(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    made = []
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: made.append("a note"), times=1000),
        at(table.client, AFTER_IT_ACTED, lose_the_answer, times=1000),
        pytest.raises(Unreachable),
    ):
        table.ours.note(held, deployment)
    assert made == ["a note"]


def test_a_table_that_never_answers_is_unreachable(table: Table) -> None:
    with at(table.client, AFTER_IT_ACTED, lose_the_answer, times=2), pytest.raises(Unreachable):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))


# Races


def test_two_environments_that_take_a_release_at_once_are_both_listed(table: Table) -> None:
    stage, prod = a_deployment(table.release), a_deployment(table.release, "prod")
    with at(table.client, BEFORE_IT_ACTS, lambda: took(table.theirs, prod)):
        table.ours.claim(a_claim(table.ours, stage))
    recorded = table.ours.release(table.release.release_id)
    assert recorded is not None
    assert [one.environment for one in recorded.deployments] == ["prod", "stage"]


def test_of_two_claims_at_once_one_is_told_of_the_other(table: Table) -> None:
    mine, other = a_deployment(table.release), a_deployment(table.release)
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: took(table.theirs, other)),
        pytest.raises(EnvironmentLocked, match=other.deployment_id),
    ):
        table.ours.claim(a_claim(table.ours, mine))
    assert table.ours.deployment(mine.deployment_id) is None


def test_of_two_releases_saved_at_once_the_newer_is_the_latest(table: Table) -> None:
    newer, older = a_release(table.project, minutes(9)), a_release(table.project, minutes(8))
    with at(table.client, BEFORE_IT_ACTS, lambda: table.theirs.save(newer)):
        table.ours.save(older)
    pointer = table.item(f"latest#{table.project.id}")["latest"]
    assert pointer == {"release_id": newer.release_id, "date_created": "2026-03-01T12:09:00.000000"}
    assert table.ours.latest() == newer
    assert table.ours.release(older.release_id) == older


def test_a_dead_holder_that_renews_after_all_keeps_the_environment(table: Table) -> None:
    held = table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    table.setting.clock.wait(LEASE + 60)
    claim = a_claim(table.ours, a_deployment(table.release))

    def renewed() -> None:
        table.theirs.renew(held, LEASE)

    with at(table.client, BEFORE_IT_ACTS, renewed), pytest.raises(EnvironmentLocked):
        table.ours.claim(claim)


def took(store: ReleaseStore, deployment: Deployment) -> None:
    store.claim(a_claim(store, deployment, "theirs"))


# Locks taken by hand


def test_a_lock_asked_for_while_a_deployment_settles_is_not_forgotten(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    with at(table.client, BEFORE_IT_ACTS, lambda: froze(table.theirs)):
        table.ours.settle(held, ended(deployment))
    record = table.ours.environment("stage")
    assert (record.lock, record.next_lock) == (FREEZE, None)


def test_a_lock_asked_for_while_a_dead_holders_environment_is_claimed_keeps_others_out(table: Table) -> None:
    table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    claim = a_claim(table.ours, a_deployment(table.release))
    record = table.ours.environment("stage")
    waiting = environment_item(table.project.id, replace(record, next_lock=FREEZE))
    table.setting.clock.wait(LEASE + 60)
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: table.put(waiting)),
        pytest.raises(EnvironmentLocked, match="the sale is on"),
    ):
        table.ours.claim(claim)


def test_a_lock_survives_a_lease_that_is_renewed_at_that_moment(table: Table) -> None:
    held = table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    table.setting.clock.wait(30)
    renewed: list[Held] = []
    with at(table.client, BEFORE_IT_ACTS, lambda: renewed.append(table.theirs.renew(held, LEASE))):
        table.ours.lock("stage", FREEZE)
    record = table.ours.environment("stage")
    assert record.next_lock == FREEZE
    assert record.lock is not None
    assert record.lock.lease_ends == renewed[0].lease_ends


def test_a_lock_and_its_release_survive_a_lost_answer(table: Table) -> None:
    with at(table.client, AFTER_IT_ACTED, lose_the_answer):
        assert table.ours.lock("stage", FREEZE) is None
    assert table.ours.environment("stage").lock == FREEZE
    with at(table.client, AFTER_IT_ACTED, lose_the_answer):
        table.ours.unlock("stage", FREEZE)
    assert table.ours.environment("stage").lock is None


def froze(store: ReleaseStore) -> None:
    store.lock("stage", FREEZE)


# The items


def test_a_release_is_an_item_as_5x_wrote_it_and_more(table: Table) -> None:
    item = table.item(table.release.release_id)
    assert item["date_created"] == "2026-03-01T12:00:00.000000"
    assert item["images"] == {"api": "ref.api1"}
    assert item["deployments"] == []
    assert item["digests"] == {"api": table.release.versions["api"].digest}
    assert item["project_id"] == table.project.id


def test_only_releases_carry_the_projects_own_id(table: Table) -> None:
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
