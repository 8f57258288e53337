"""Converts AWS's times, which botocore returns in the machine's time zone."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: datetime | None) -> datetime | None:
    """The same time in UTC; None for None."""
    return None if at is None else at.astimezone(UTC)
