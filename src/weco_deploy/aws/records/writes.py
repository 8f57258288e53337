"""The parts of a transaction, and their expressions.

In an expression, `#name` is the attribute `name`, and `:name` is the value in `given`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weco_deploy.aws.records.attributes import Item, encoded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item, if `only_if` is true for the stored item."""

    item: Item
    only_if: str = ""
    given: Item = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """Change fields of an item, if `only_if` is true for it. Creates the item if it doesn't exist."""

    key: str
    change: str
    only_if: str
    given: Item


@dataclass(frozen=True, slots=True)
class Check:
    """Refuse the transaction unless `only_if` is true for an item."""

    key: str
    only_if: str
    given: Item


Write = Put | Update | Check


def write_request(table: str, write: Write) -> TransactWriteItemTypeDef:
    """The write in the form of TransactWriteItems."""
    match write:
        case Put():
            return _put(table, write)
        case Update():
            return {"Update": update_request(table, write)}
        case Check():
            return {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": encoded({"release_id": write.key}),
                    "ConditionExpression": write.only_if,
                    "ExpressionAttributeNames": _names(write.only_if),
                    "ExpressionAttributeValues": encoded(write.given),
                }
            }


def update_request(table: str, write: Update) -> UpdateTypeDef:
    """The change in the form of UpdateItem, which is also that of `Update` in TransactWriteItems."""
    return {
        "TableName": table,
        "Key": encoded({"release_id": write.key}),
        "UpdateExpression": write.change,
        "ConditionExpression": write.only_if,
        "ExpressionAttributeNames": _names(f"{write.change} {write.only_if}"),
        "ExpressionAttributeValues": encoded(write.given),
    }


def _put(table: str, write: Put) -> TransactWriteItemTypeDef:
    if not write.only_if:
        return {"Put": {"TableName": table, "Item": encoded(write.item)}}
    names = _names(write.only_if)
    if not write.given:  # DynamoDB refuses an empty map of values
        return {
            "Put": {
                "TableName": table,
                "Item": encoded(write.item),
                "ConditionExpression": write.only_if,
                "ExpressionAttributeNames": names,
            }
        }
    return {
        "Put": {
            "TableName": table,
            "Item": encoded(write.item),
            "ConditionExpression": write.only_if,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": encoded(write.given),
        }
    }


def _names(expression: str) -> dict[str, str]:
    return {f"#{name}": name for name in _NAME.findall(expression)}
