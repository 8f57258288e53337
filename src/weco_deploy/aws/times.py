"""AWS's times, which botocore gives in the machine's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: datetime | None) -> datetime | None:
    """The same moment in UTC; None for None."""
    return None if at is None else at.astimezone(UTC)
