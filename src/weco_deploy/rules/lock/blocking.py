"""Decides which lock blocks an environment, and makes the error for those it blocks."""

from __future__ import annotations

from datetime import datetime

from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.arn import person_of
from weco_deploy.model.environment import EnvironmentRecord, Lock
from weco_deploy.rules.lock.lease import is_over


def blocking_lock(record: EnvironmentRecord, now: datetime, owner: str | None = None) -> Lock | None:
    """The lock that blocks `owner` (or everybody, if there is no `owner`); None if the environment is free.

    The owner's own lock doesn't block it: a rollback runs under the lock of the failed deployment. If the holder's lease
    is over, a lock that somebody requested during its deployment takes effect.
    """
    lock = record.lock
    if lock is None or lock.owner == owner:
        return None
    return record.next_lock if is_over(lock, now) else lock


def refused(environment_id: str, lock: Lock) -> EnvironmentLocked:
    """The error for a claim or a lock that this lock blocks."""
    what = f"for deployment {lock.deployment_id}" if lock.deployment_id else "by hand"
    build = f", build {lock.build_url}," if lock.build_url else ""
    until = f", lease until {lock.lease_ends:%H:%M:%S}Z" if lock.lease_ends else ""
    status = Command("status", "--environment-id", environment_id)
    return EnvironmentLocked(
        f"{environment_id} is locked by {person_of(lock.holder)} {what}{build} since {lock.since:%Y-%m-%d %H:%M:%S}Z{until}"
        f"{_why(lock)}",
        ("wait for it with --wait-for-lock SECONDS, and see what runs there with: ", status)
        if lock.deployment_id
        else (
            "ask its holder, or release it with: ",
            Command("unlock", "--environment-id", environment_id),
            " (--force if it is not yours), and see what runs there with: ",
            status,
        ),
    )


def _why(lock: Lock) -> str:
    """Why the environment is locked. A deployment needs no reason; a person who gave none should be asked."""
    if lock.why:
        return f": {lock.why}"
    return "" if lock.deployment_id else ": no reason given"
