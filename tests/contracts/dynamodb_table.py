"""A project's table in an emulator of DynamoDB, and calls to it that fail or are overtaken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionClosedError

from tests.contracts.records_samples import minutes
from tests.contracts.records_setting import DynamoSetting
from weco_deploy.aws.records.attributes import Value, decoded, encoded
from weco_deploy.model.deployment import Deployment, DeploymentStatus
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


def ended(deployment: Deployment) -> Deployment:
    return replace(deployment, status=DeploymentStatus.SUCCEEDED, date_finished=minutes(5))


@contextmanager
def written_keys(client: DynamoDBClient) -> Iterator[list[list[str]]]:
    """The keys of the items that each transaction puts or changes."""
    transactions: list[list[str]] = []

    def handle(params: dict[str, bytes], **_: object) -> None:
        keys = []
        for write in json.loads(params["body"])["TransactItems"]:
            if "Put" in write:
                keys.append(write["Put"]["Item"]["release_id"]["S"])
            elif "Update" in write:
                keys.append(write["Update"]["Key"]["release_id"]["S"])
        transactions.append(keys)

    event = "before-call.dynamodb.TransactWriteItems"
    client.meta.events.register_first(event, handle)
    try:
        yield transactions
    finally:
        client.meta.events.unregister(event, handle)


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
