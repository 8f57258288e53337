"""Decides when a lease is renewed, and when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from weco_deploy.model.environment import Lock

RENEWALS_A_LEASE = 4
"""How often a holder renews its lease while the lease lasts. One or two renewals may fail before the lease is lost."""
CLOCK_GRACE = timedelta(seconds=15)
"""How long after its end somebody else's lease counts as over. Clocks differ."""


def lease_end(now: datetime, lease_seconds: int) -> datetime:
    """The end of a lease that is taken or renewed now."""
    return now + timedelta(seconds=lease_seconds)


def renewal_interval(lease_seconds: int) -> float:
    """Seconds between two renewals. The holder never waits longer than this at a time."""
    return lease_seconds / RENEWALS_A_LEASE


def is_over(lock: Lock, now: datetime) -> bool:
    """Whether somebody else may treat the lease as over. A lock taken by hand has no lease, and is never over."""
    return lock.lease_ends is not None and now >= lock.lease_ends + CLOCK_GRACE


def dead_holder_wait_end(lock: Lock, now: datetime) -> datetime | None:
    """Until when to wait for a dead holder's lock, even without --wait-for-lock; None if the holder seems alive.

    A holder that has missed two renewals has probably died. Then it is worth waiting for the end of its lease.
    """
    if lock.lease_ends is None:
        return None
    two_renewals_missed = lock.lease_ends - timedelta(seconds=2 * renewal_interval(lock.lease_seconds))
    return lock.lease_ends + CLOCK_GRACE if now >= two_renewals_missed else None
