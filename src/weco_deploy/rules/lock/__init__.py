"""Decides who holds an environment, and how its record changes.

A store (`aws/records/`, or the tests' in-memory store) reads the record, calls one of these functions, and writes the
record that it returns, on condition that nobody has changed the record since it was read:

    claimed        a deployment takes the environment
    resumed        a recorded deployment takes the environment again, to get a result
    renewed_lock   the holder extends its lease
    settled        a deployment has its result: the record keeps what it applied, and the lock is released
    locked         somebody locks the environment by hand
    unlocked       somebody releases a lock

The functions are pure: they return the new record, or raise. `aws/records/` may import only this package of `rules`,
so this package imports nothing else of `rules`.
"""

from weco_deploy.rules.lock.blocking import blocking_lock, refused
from weco_deploy.rules.lock.by_hand import locked, unlocked
from weco_deploy.rules.lock.holding import (
    check_can_resume,
    check_can_settle,
    claimed,
    hold,
    is_held,
    lost,
    renewed_lock,
    resumed,
    settled,
)
from weco_deploy.rules.lock.lease import (
    CLOCK_GRACE,
    dead_holder_wait_end,
    is_over,
    lease_end,
    renewal_interval,
)

__all__ = [
    "CLOCK_GRACE",
    "blocking_lock",
    "check_can_resume",
    "check_can_settle",
    "claimed",
    "dead_holder_wait_end",
    "hold",
    "is_held",
    "is_over",
    "lease_end",
    "locked",
    "lost",
    "refused",
    "renewal_interval",
    "renewed_lock",
    "resumed",
    "settled",
    "unlocked",
]
