"""Several items are read in one call; where others write at that moment, one by one."""

from __future__ import annotations

import pytest

from tests.aws.scripted import ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.records.table import Table
from weco_deploy.aws.session import Login

ITEM = {"release_id": {"S": "one"}}


@pytest.fixture
def table(aws: ScriptedAws) -> Table:  # noqa: ARG001 - it sets the endpoint
    clock = StillClock()
    return Table(Login(clock).account("eu-west-1").client("dynamodb"), "releases", clock)


def test_the_items_that_are_there_are_answered_by_key(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactGetItems", json_answer(Responses=[{"Item": ITEM}, {}]))

    assert table.together(["one", "two"]) == {"one": {"release_id": "one"}}
    assert aws.calls == ["TransactGetItems"]


def test_a_read_that_meets_a_write_is_made_one_by_one(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactGetItems", refusal("TransactionCanceledException"))
    aws.says("GetItem", json_answer(Item=ITEM), json_answer())

    assert table.together(["one", "two"]) == {"one": {"release_id": "one"}}
    assert aws.calls == ["TransactGetItems", "GetItem", "GetItem"]


def test_a_missing_table_holds_nothing(aws: ScriptedAws, table: Table) -> None:
    aws.says("TransactGetItems", refusal("ResourceNotFoundException"))

    assert table.together(["one"]) == {}
