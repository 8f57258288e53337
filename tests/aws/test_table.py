"""The DynamoDB table, with answers that the emulators don't give."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pytest
from botocore.config import Config

from tests.aws.scripted import LOST, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.records.table import SECONDS_UNTIL_ACTIVE, Table
from weco_deploy.aws.records.writes import Put, Update
from weco_deploy.errors import AwsError, Throttled, Unreachable

ITEM = {"release_id": {"S": "a"}, "size": {"N": "3"}}
NOT_THERE = refusal("ResourceNotFoundException", "Requested resource not found")
BROKEN = refusal("ValidationException", "The provided key element does not match the schema")
PUT = [Put({"release_id": "a"})]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def table(aws: ScriptedAws, clock: StillClock) -> Table:
    client = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=aws.url,
        config=Config(retries={"total_max_attempts": 1}),
    )
    return Table(client, "releases", clock)


def newest(table: Table) -> list[object]:
    return list(table.newest("project_gsi", "acme", 10))


@pytest.mark.parametrize(
    "read",
    [lambda table: table.get("a"), lambda table: table.get_all(["a"]), newest],
    ids=["GetItem", "TransactGetItems", "Query"],
)
def test_refused_read_raises_what_dynamodb_says(
    aws: ScriptedAws, table: Table, read: Callable[[Table], object]
) -> None:
    for operation in ("GetItem", "TransactGetItems", "Query"):
        aws.says(operation, BROKEN)

    with pytest.raises(AwsError, match="does not match the schema"):
        read(table)


def test_reads_of_a_missing_table_find_nothing(aws: ScriptedAws, table: Table) -> None:
    for operation in ("GetItem", "TransactGetItems", "Query"):
        aws.says(operation, NOT_THERE)

    assert newest(table) == []
    assert table.get_all(["a", "b"]) == {}
    assert table.get("a") is None


def test_index_of_a_table_known_to_be_missing_is_not_read(aws: ScriptedAws, table: Table) -> None:
    aws.says("GetItem", NOT_THERE)

    table.get("a")

    assert newest(table) == []
    assert aws.calls == ["GetItem"]


def test_items_are_read_one_by_one_while_others_write_them(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactGetItems", refusal("TransactionCanceledException", "[TransactionConflict]"))
    aws.says("GetItem", json_answer(Item=ITEM), json_answer())

    assert table.get_all(["a", "b"]) == {"a": {"release_id": "a", "size": 3}}
    assert aws.calls == ["TransactGetItems", "GetItem", "GetItem"]


def test_new_table_is_waited_for_until_it_and_its_indexes_are_active(
    aws: ScriptedAws, table: Table, clock: StillClock
) -> None:
    creating = json_answer(Table={"TableStatus": "CREATING"})
    index_creating = json_answer(
        Table={"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [{"IndexStatus": "CREATING"}]}
    )
    active = json_answer(
        Table={"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [{"IndexStatus": "ACTIVE"}]}
    )
    aws.says("TransactWriteItems", NOT_THERE, json_answer())
    aws.says("CreateTable", json_answer())
    aws.says("DescribeTable", NOT_THERE, creating, index_creating, active)

    assert table.write(PUT) is True
    assert aws.calls == ["TransactWriteItems", "CreateTable", *["DescribeTable"] * 4, "TransactWriteItems"]
    assert clock.waited == [1.0, 1.0, 1.0]


def test_table_that_somebody_else_creates_is_waited_for(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", NOT_THERE, json_answer())
    aws.says("CreateTable", refusal("ResourceInUseException", "Table is being created"))
    aws.says("DescribeTable", json_answer(Table={"TableStatus": "ACTIVE"}))

    assert table.write(PUT) is True


def test_table_that_cannot_be_created_is_an_error(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", NOT_THERE)
    aws.says("CreateTable", refusal("LimitExceededException", "Too many tables"))

    with pytest.raises(AwsError, match="Too many tables"):
        table.write(PUT)
    assert aws.calls == ["TransactWriteItems", "CreateTable"]


def test_new_table_that_cannot_be_described_is_an_error(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", NOT_THERE)
    aws.says("CreateTable", json_answer())
    aws.says("DescribeTable", BROKEN)

    with pytest.raises(AwsError, match="does not match the schema"):
        table.write(PUT)


def test_new_table_that_never_gets_ready_is_an_error(
    aws: ScriptedAws, table: Table, clock: StillClock
) -> None:
    aws.says("TransactWriteItems", NOT_THERE)
    aws.says("CreateTable", json_answer())
    aws.says("DescribeTable", json_answer(Table={"TableStatus": "CREATING"}))

    with pytest.raises(AwsError, match=f"releases was not ready within {SECONDS_UNTIL_ACTIVE} seconds"):
        table.write(PUT)
    assert sum(clock.waited) == SECONDS_UNTIL_ACTIVE


def test_refused_transaction_without_a_condition_is_an_error(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", BROKEN)

    with pytest.raises(AwsError, match="does not match the schema"):
        table.write(PUT)


def test_throttled_transaction_is_sent_again_after_growing_pauses(
    aws: ScriptedAws, table: Table, clock: StillClock
) -> None:
    throttled = refusal("ThrottlingException", "Rate exceeded")
    aws.says("TransactWriteItems", throttled, throttled, json_answer())

    assert table.write(PUT) is True
    first, second = clock.waited
    assert 0.125 <= first <= 0.25 <= second <= 0.5


def test_transaction_that_stays_throttled_is_given_up(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", refusal("ThrottlingException", "Rate exceeded"))

    with pytest.raises(Throttled, match="too busy, also after 3 attempts"):
        table.write(PUT, attempts=3)
    assert aws.calls == ["TransactWriteItems"] * 3


def test_transaction_is_sent_again_with_the_same_token_when_its_answer_is_lost(
    aws: ScriptedAws, table: Table
) -> None:
    aws.says("TransactWriteItems", LOST, json_answer())

    assert table.write(PUT) is True
    first, second = (body.split('"ClientRequestToken"')[1] for body in aws.bodies)
    assert first == second


def test_transaction_whose_answers_stay_lost_is_unreachable(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactWriteItems", LOST)

    with pytest.raises(Unreachable):
        table.write(PUT)
    assert len(aws.calls) == 2


def test_refused_update_raises_what_dynamodb_says(aws: ScriptedAws, table: Table) -> None:
    aws.says("UpdateItem", BROKEN)

    with pytest.raises(AwsError, match="does not match the schema"):
        table.update(Update("a", "SET #size = :size", "", {":size": 1}))
