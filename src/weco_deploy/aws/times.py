"""AWS's times: botocore answers them in the machine's own zone."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: datetime | None) -> datetime | None:
    """The same moment, aware, in UTC."""
    return None if at is None else at.astimezone(UTC)
