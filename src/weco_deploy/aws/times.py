"""Converts AWS's times, which botocore returns in the machine's time zone, and reads AWS's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ResponseMetadataTypeDef


def utc(at: datetime | None) -> datetime | None:
    """The same time in UTC; None for None."""
    return None if at is None else at.astimezone(UTC)


def answered_at(metadata: ResponseMetadataTypeDef) -> datetime | None:
    """The time of an answer by AWS's clock, to the second, from its Date header; None if it has no valid one."""
    try:
        return utc(parsedate_to_datetime(metadata["HTTPHeaders"].get("date", "")))
    except ValueError:
        return None
