"""What somebody else's lock means for us."""

from __future__ import annotations

from datetime import datetime, timedelta

from weco_deploy.model.environment import CLOCK_GRACE, EnvironmentRecord, Lock


def standing(record: EnvironmentRecord, now: datetime) -> Lock | None:
    """The lock that keeps everybody else out at `now`; None if the environment is free.

    Where a holder died, the lock that was asked for during its deployment has begun.
    """
    if record.lock is not None and record.lock.over(now):
        return record.next_lock
    return record.lock


def waited_for(lock: Lock, now: datetime) -> datetime | None:
    """Until when to wait, without being asked, for a lock whose holder seems gone; None if it seems alive.

    A holder renews four times a lease. One that is two renewals late is waited for up to its lease.
    """
    if lock.lease_ends is None:
        return None
    late = lock.lease_ends - timedelta(seconds=lock.lease_seconds / 2)
    return lock.lease_ends + CLOCK_GRACE if now >= late else None


def renewal(lease_seconds: int) -> float:
    """How often a holder renews, in seconds: it waits in slices no longer than this."""
    return lease_seconds / 4
