"""Converts between Python values and DynamoDB's attribute values, and reads the fields of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from weco_deploy.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"
Item: TypeAlias = Mapping[str, Value]
Attributes: TypeAlias = "dict[str, AttributeValueTypeDef]"

Member = TypeVar("Member", bound=StrEnum)

CUT = " … (cut)"
"""The end of a text that was shortened for the record."""


def encoded(item: Item) -> Attributes:
    """The item as DynamoDB's attribute values."""
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}


def decoded(attributes: Mapping[str, AttributeValueTypeDef]) -> dict[str, Value]:
    """The item as Python values. Numbers become ints, because the records contain no others."""
    deserializer = TypeDeserializer()
    return {name: _plain(deserializer.deserialize(value)) for name, value in attributes.items()}


def _plain(value: object) -> Value:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, set, frozenset)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    return str(value)


def without_nones(item: Item) -> dict[str, Value]:
    """The item without the fields that are None, which would take space."""
    return {name: value for name, value in item.items() if value is not None}


def size(value: Value) -> int:
    """The bytes that a value counts towards an item's 400 KB (developer guide, "Item sizes and formats")."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return 3 + sum(1 + size(name) + size(inner) for name, inner in value.items())
    if isinstance(value, Sequence):
        return 3 + sum(1 + size(inner) for inner in value)
    return 1 if value is None or isinstance(value, bool) else 21


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` bytes of UTF-8; a shortened text ends with `CUT`."""
    encoded_text = text.encode()
    if len(encoded_text) <= limit:
        return text
    return encoded_text[: limit - len(CUT.encode())].decode(errors="ignore") + CUT


def stored_time(at: datetime) -> str:
    """The time as records store it: UTC without an offset, always with microseconds, so that texts sort by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """A stored time, with its zone. 5.x left out microseconds that are zero."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a record, or of a map inside a record. `record` is the record's key, for errors.

    Every method raises AwsError if a field is missing or has another type: somebody edited the table, or a newer
    version wrote the record.
    """

    item: Item
    record: str

    def text(self, name: str) -> str:
        value = self.item.get(name)
        if isinstance(value, str):
            return value
        raise self.unreadable(name)

    def optional_text(self, name: str) -> str | None:
        return None if self.item.get(name) is None else self.text(name)

    def name(self, name: str) -> str:
        """A text; the oldest records have `{id, name}` instead, or nothing."""
        value = self.item.get(name)
        if isinstance(value, Mapping):
            return Fields(value, self.record).text("id")
        return self.optional_text(name) or ""

    def number(self, name: str) -> int:
        value = self.item.get(name)
        if isinstance(value, int):
            return value
        raise self.unreadable(name)

    def optional_number(self, name: str) -> int | None:
        return None if self.item.get(name) is None else self.number(name)

    def time(self, name: str) -> datetime:
        text = self.text(name)
        try:
            return read_time(text)
        except ValueError as error:
            raise self.unreadable(name) from error

    def optional_time(self, name: str) -> datetime | None:
        return None if self.item.get(name) is None else self.time(name)

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """A boolean; `otherwise` if there is none."""
        return bool(self.item.get(name, otherwise))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty if there is none."""
        return tuple(text for text in self._rows(name) if isinstance(text, str))

    def rows(self, name: str) -> tuple[Fields, ...]:
        """A list of maps; empty if there is none."""
        return tuple(Fields(row, self.record) for row in self._rows(name) if isinstance(row, Mapping))

    def map(self, name: str) -> Fields:
        """A map; an empty map if there is none."""
        value = self.item.get(name)
        if value is None:
            return Fields({}, self.record)
        if isinstance(value, Mapping):
            return Fields(value, self.record)
        raise self.unreadable(name)

    def entries(self, name: str) -> Mapping[str, Fields]:
        """A map of maps, by key; empty if there is none."""
        inner = self.map(name)
        return {key: inner.map(key) for key in inner.item}

    def unreadable(self, name: str) -> AwsError:
        return AwsError(
            "",
            f"the record {self.record} can't be read: its {name!r} is missing or not what it should be",
            "a newer weco-deploy may have written it: upgrade, or look at the item in DynamoDB",
        )

    def _rows(self, name: str) -> Sequence[Value]:
        value = self.item.get(name)
        if value is None:
            return ()
        if isinstance(value, Sequence) and not isinstance(value, str):
            return value
        raise self.unreadable(name)


def enum_field(fields: Fields, name: str, enum: type[Member]) -> Member:
    """A field whose value is one of the enumeration's."""
    text = fields.text(name)
    try:
        return enum(text)
    except ValueError as error:
        raise fields.unreadable(name) from error
