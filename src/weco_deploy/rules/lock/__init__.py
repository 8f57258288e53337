"""Who holds an environment, and what becomes of its record when that changes.

A store (`aws/records/`, the tests' in-memory one) reads the record, asks here for the record to write, and writes it
on condition that nobody has changed the one that it read:

    claimed        a deployment takes the environment
    resumed        a recorded deployment takes it again, to get its result or another one
    renewed_lock   the holder extends its lease
    settled        a deployment has its result: the record keeps what it applied, and the lock is released
    locked         somebody locks the environment by hand
    unlocked       somebody releases a lock

These functions are pure: they return the new record, or raise. `aws/records/` may import this module and nothing
else of `rules`, so this module imports nothing else of `rules` either.
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
    is_over,
    lease_end,
    renewal_interval,
    wait_without_being_asked,
)

__all__ = [
    "CLOCK_GRACE",
    "blocking_lock",
    "check_can_resume",
    "check_can_settle",
    "claimed",
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
    "wait_without_being_asked",
]
