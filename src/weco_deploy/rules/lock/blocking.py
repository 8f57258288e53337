"""Decides which lock blocks an environment, and makes the error for those it blocks."""

from __future__ import annotations

from datetime import datetime

from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.arn import person_of
from weco_deploy.model.deployment import HOW_IT_ENDED, DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord, Lock
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


def refused(environment_id: str, lock: Lock, current: DeployedRelease | None = None) -> EnvironmentLocked:
    """The error for a claim or a lock that this lock blocks. It says what was deployed there last if `current` is known."""
    what = f"for deployment {lock.deployment_id}" if lock.deployment_id else "by hand"
    build = f", build {lock.build_url}," if lock.build_url else ""
    until = f", lease until {lock.lease_ends:%H:%M:%S}Z" if lock.lease_ends else ""
    status = Command("status", "--environment-id", environment_id)
    return EnvironmentLocked(
        f"{environment_id} is locked by {person_of(lock.holder)} {what}{build} since {lock.since:%Y-%m-%d %H:%M:%S}Z{until}"
        f"{_why(lock)}{_deployed_last(environment_id, lock, current)}",
        ("wait for it with --wait-for-lock SECONDS, and see what runs there with: ", status)
        if lock.deployment_id
        else (
            "ask its holder, or release it with: ",
            Command("unlock", "--environment-id", environment_id),
            " (--force if it is not yours), and see what runs there with: ",
            status,
        ),
    )


def _deployed_last(environment_id: str, lock: Lock, current: DeployedRelease | None) -> str:
    if current is None:
        return ""
    release = f"release {current.release_id[:8]}"
    match current.status:
        case DeploymentStatus.SUCCEEDED:
            return f"; {environment_id} has {release}"
        case DeploymentStatus.IN_PROGRESS if current.deployment_id == lock.deployment_id:
            return f"; it deploys {release}"
        case status:
            return f"; {release} was deployed there last, and {HOW_IT_ENDED[status]}"


def _why(lock: Lock) -> str:
    """Why the environment is locked. A deployment needs no reason; a person who gave none should be asked."""
    if lock.why:
        return f": {lock.why}"
    return "" if lock.deployment_id else ": no reason given"
