"""The DynamoDB table: reads and lists items, writes transactions, and creates the table before the first write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import islice
from random import SystemRandom
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import ClientError

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import THROTTLING_CODES, code_of, translate_errors
from weco_deploy.aws.records.attributes import Item, decoded, encoded
from weco_deploy.aws.records.writes import Update, Write, update_request, write_request
from weco_deploy.errors import AwsError, Throttled, Unreachable
from weco_deploy.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, TransactWriteItemTypeDef

RELEASES = "project_gsi"
"""Lists a project's releases by `date_created`."""
DEPLOYMENTS = "deployment_gsi"
"""Lists releases (5.x) and an environment's deployments by `last_date_deployed`."""
SORTED_BY = {RELEASES: "date_created", DEPLOYMENTS: "last_date_deployed"}

PAGE = 100
ITEMS_AT_ONCE = 25
"""How many large items one transaction reads or writes. DynamoDB allows 100 items and 4 MB."""
ATTEMPTS = 8
"""How often a busy table is tried, besides botocore's retries. Tables that 5.x made have one write a second."""
LOST_ANSWERS = 1
"""How many lost answers are tried again, besides botocore's retries."""
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
SECONDS_UNTIL_ACTIVE = 120
"""How long to wait until a new table and its indexes accept writes."""

_MISSING = "ResourceNotFoundException"
_CONFLICT = "TransactionConflictException"
_BUSY = THROTTLING_CODES | {
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
    "TransactionConflict",
    "TransactionInProgressException",
}


class _Outcome(Enum):
    DONE = auto()
    REFUSED = auto()
    BUSY = auto()
    MISSING = auto()
    UNKNOWN = auto()


class Table:
    """A table with the hash key `release_id` and the indexes that 5.x made."""

    def __init__(self, client: DynamoDBClient, name: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._clock = clock
        self._random = SystemRandom()
        # Whether the last read of an item found no table. Then its indexes need not be queried.
        self._absent = False

    def get(self, key: str) -> Item | None:
        """The item, read consistently; None if there is no item or no table."""
        with translate_errors(api.GET_ITEM):
            try:
                answer = self._client.get_item(
                    TableName=self._name, Key=encoded({"release_id": key}), ConsistentRead=True
                )
            except ClientError as error:
                self._absent = code_of(error) == _MISSING
                if not self._absent:
                    raise
                return None
        self._absent = False
        return decoded(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Sequence[str]) -> Mapping[str, Item]:
        """The items that exist, by key, in one call; empty if there is no table.

        DynamoDB refuses the call during a write to any of the items: then they are read one by one.
        """
        with translate_errors(api.TRANSACT_GET_ITEMS):
            try:
                answers = self._client.transact_get_items(
                    TransactItems=[
                        {"Get": {"TableName": self._name, "Key": encoded({"release_id": key})}}
                        for key in keys
                    ]
                )["Responses"]
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return {}
                if code_of(error) != "TransactionCanceledException":
                    raise
                found = {key: self.get(key) for key in keys}
                return {key: item for key, item in found.items() if item is not None}
        return {
            key: decoded(answer["Item"])
            for key, answer in zip(keys, answers, strict=True)
            if answer.get("Item")
        }

    def newest(self, index: str, partition: str, limit: int, first_page: int = PAGE) -> Iterator[Item]:
        """Up to `limit` items of a partition of an index, newest first, read by pages. The index may lag.

        `first_page` is how many items the caller probably needs.
        """
        if self._absent:
            return iter(())
        return islice(self._listed(index, partition, min(limit, first_page, PAGE)), limit)

    def _listed(self, index: str, partition: str, first_page: int) -> Iterator[Item]:
        request: QueryInputTypeDef = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "project_id = :partition",
            "ExpressionAttributeValues": encoded({":partition": partition}),
            "ScanIndexForward": False,
            "Limit": first_page,
        }
        while True:
            with translate_errors(api.QUERY):
                try:
                    answer = self._client.query(**request)
                except ClientError as error:
                    if code_of(error) != _MISSING:
                        raise
                    return
            for item in answer.get("Items", []):
                yield decoded(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            request["Limit"] = PAGE

    def update(self, change: Update) -> bool:
        """Change one item; False if its condition does not hold. The change must be safe to repeat.

        It costs half as much as a transaction. Raises Throttled if the table is busy.
        """
        with translate_errors(api.UPDATE_ITEM):
            try:
                self._client.update_item(**update_request(self._name, change))
            except ClientError as error:
                if code_of(error) == _CONFLICT:
                    raise Throttled("dynamodb:UpdateItem", "another transaction was at it") from error
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def write(
        self, writes: Sequence[Write], attempts: int = ATTEMPTS, lost_answers: int = LOST_ANSWERS
    ) -> bool:
        """Do all writes or none; False if a condition does not hold.

        Conflicts with other transactions, throttling and lost answers are tried again with the same token, which is
        safe for ten minutes (API reference, TransactWriteItems). A missing table is created. After a lost answer, False
        may also mean that the writes were done: read the items to find out.

        Raises:
            Throttled: the table was busy in all attempts. Unreachable: more than `lost_answers` answers were lost.

        """
        self._absent = False
        requests = [write_request(self._name, write) for write in writes]
        token = str(uuid4())
        lost = 0
        for attempt in range(attempts):
            try:
                outcome = self._send(requests, token)
            except Throttled:
                outcome = _Outcome.BUSY
            except Unreachable:
                lost, outcome = lost + 1, _Outcome.UNKNOWN
                if lost > lost_answers:
                    raise
            if outcome in (_Outcome.DONE, _Outcome.REFUSED):
                return outcome is _Outcome.DONE
            if outcome is _Outcome.MISSING:
                self._create()
            else:
                self._pause(attempt)
        raise Throttled(
            "dynamodb:TransactWriteItems",
            f"the table {self._name} is too busy, also after {attempts} attempts",
            "run it again; a table that 5.x made has little capacity: switch it to on-demand",
        )

    def _send(self, requests: Sequence[TransactWriteItemTypeDef], token: str) -> _Outcome:
        with translate_errors(api.TRANSACT_WRITE_ITEMS):
            try:
                self._client.transact_write_items(TransactItems=requests, ClientRequestToken=token)
            except ClientError as error:
                outcome = _outcome(error)
                if outcome is None:
                    raise
                return outcome
        return _Outcome.DONE

    def _pause(self, attempt: int) -> None:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        self._clock.wait(longest * self._random.uniform(0.5, 1.0))

    def _create(self) -> None:
        """Create the table, or wait until somebody else has created it."""
        with translate_errors(api.CREATE_TABLE):
            try:
                self._client.create_table(
                    TableName=self._name,
                    KeySchema=[{"AttributeName": "release_id", "KeyType": "HASH"}],
                    AttributeDefinitions=[
                        {"AttributeName": name, "AttributeType": "S"}
                        for name in ("release_id", "project_id", *SORTED_BY.values())
                    ],
                    GlobalSecondaryIndexes=[
                        {
                            "IndexName": index,
                            "KeySchema": [
                                {"AttributeName": "project_id", "KeyType": "HASH"},
                                {"AttributeName": sorted_by, "KeyType": "RANGE"},
                            ],
                            "Projection": {"ProjectionType": "ALL"},
                        }
                        for index, sorted_by in SORTED_BY.items()
                    ],
                    BillingMode="PAY_PER_REQUEST",
                    DeletionProtectionEnabled=True,
                )
            except ClientError as error:
                if code_of(error) != "ResourceInUseException":
                    raise
        self._await_active()

    def _await_active(self) -> None:
        for _ in range(SECONDS_UNTIL_ACTIVE):
            if self._is_active():
                return
            self._clock.wait(1.0)
        raise AwsError(
            "dynamodb:DescribeTable",
            f"the new table {self._name} was not ready within {SECONDS_UNTIL_ACTIVE} seconds",
            "run the same command again",
        )

    def _is_active(self) -> bool:
        with translate_errors(api.DESCRIBE_TABLE):
            try:
                table = self._client.describe_table(TableName=self._name)["Table"]
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                return False
        indexes = table.get("GlobalSecondaryIndexes", [])
        states = [table.get("TableStatus"), *(index.get("IndexStatus") for index in indexes)]
        return all(state == "ACTIVE" for state in states)


def _outcome(error: ClientError) -> _Outcome | None:
    """The outcome that an error answer of TransactWriteItems stands for; None if it is an error to raise."""
    code = code_of(error)
    if code == _MISSING:
        return _Outcome.MISSING
    if code != "TransactionCanceledException":
        return _Outcome.BUSY if code in _BUSY else None
    reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
    if "ConditionalCheckFailed" in reasons:
        return _Outcome.REFUSED
    return _Outcome.BUSY if reasons & _BUSY else None
