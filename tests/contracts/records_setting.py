"""What the contract tests of the records need: a store, a clock to set, and a door for what 5.x wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from weco_deploy.aws.records import DynamoReleaseStore
from weco_deploy.aws.records.attributes import Value, encoded
from weco_deploy.model.project import Project
from weco_deploy.ports import Clock, ReleaseStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class SettableClock(Clock, Protocol):
    """Time stands still but for `wait`, which returns at once."""


class StoreSetting(Protocol):
    """Where the records are kept. Every test has a project of its own."""

    @property
    def clock(self) -> SettableClock:
        """The clock of every store; waiting on it lets time pass."""

    def store(self, project: Project) -> ReleaseStore:
        """A run's store. Several stores of a project see the same records."""

    def seed(self, project: Project, item: Mapping[str, Value]) -> None:
        """Have a release in the table as 5.x wrote it."""


class FrozenClock:
    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def utc(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class DynamoSetting:
    """Tables in an emulator of DynamoDB."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client = client
        self.clock = FrozenClock()

    def store(self, project: Project) -> ReleaseStore:
        return DynamoReleaseStore(self.client, project, self.clock)

    def seed(self, project: Project, item: Mapping[str, Value]) -> None:
        self._make_as_5x_did(project.release_table)
        self.client.put_item(TableName=project.release_table, Item=encoded(item))

    def _make_as_5x_did(self, name: str) -> None:
        try:
            self.client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "release_id", "KeyType": "HASH"}],
                AttributeDefinitions=[
                    {"AttributeName": "release_id", "AttributeType": "S"},
                    {"AttributeName": "project_id", "AttributeType": "S"},
                    {"AttributeName": "date_created", "AttributeType": "S"},
                    {"AttributeName": "last_date_deployed", "AttributeType": "S"},
                ],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": index,
                        "KeySchema": [
                            {"AttributeName": "project_id", "KeyType": "HASH"},
                            {"AttributeName": sorted_by, "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                    }
                    for index, sorted_by in (
                        ("project_gsi", "date_created"),
                        ("deployment_gsi", "last_date_deployed"),
                    )
                ],
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
