"""Which lock keeps others out of an environment, and what they are told."""

from __future__ import annotations

from datetime import datetime

from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.environment import EnvironmentRecord, Lock
from weco_deploy.rules.lock.lease import is_over


def blocking_lock(record: EnvironmentRecord, now: datetime, owner: str | None = None) -> Lock | None:
    """The lock that keeps `owner` out of the environment, or everybody if there is no `owner`; None if it is free.

    The lock of `owner` itself doesn't: a rollback follows the failed deployment under the same lock. If the holder
    died, the lock that somebody asked for during its deployment is in force.
    """
    lock = record.lock
    if lock is None or lock.owner == owner:
        return None
    return record.next_lock if is_over(lock, now) else lock


def refused(environment_id: str, lock: Lock) -> EnvironmentLocked:
    """The error for somebody who wants the environment while this lock is in force."""
    what = f"deployment {lock.deployment_id}" if lock.deployment_id else "by hand"
    until = f", lease until {lock.lease_ends:%H:%M:%S}Z" if lock.lease_ends else ""
    return EnvironmentLocked(
        f"{environment_id} is locked by {lock.holder} ({what}) since {lock.since:%Y-%m-%d %H:%M:%S}Z{until}: "
        f"{lock.reason or 'no reason given'}",
        "wait for it with --wait-for-lock SECONDS"
        if lock.deployment_id
        else (
            "ask its holder, or release it with: ",
            Command("unlock", "--environment-id", environment_id),
            " (--force if it is not yours)",
        ),
    )
