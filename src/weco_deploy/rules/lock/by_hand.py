"""How an environment's record changes when people lock and unlock it by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from weco_deploy.model.environment import EnvironmentRecord, Lock
from weco_deploy.rules.lock.blocking import refused
from weco_deploy.rules.lock.lease import is_over


def locked(record: EnvironmentRecord, lock: Lock, now: datetime) -> EnvironmentRecord:
    """The record with a lock by hand, which begins at once, or when the deployment that holds the environment ends.

    Raises EnvironmentLocked if there is another lock by hand already, in force or requested.
    """
    holder = record.lock if record.lock is not None and not is_over(record.lock, now) else None
    if holder is not None and holder.owner == lock.owner:
        return record
    by_hand = holder if holder is not None and holder.deployment_id is None else record.next_lock
    if by_hand is not None and by_hand.owner != lock.owner:
        raise refused(record.environment, by_hand)
    if holder is None:
        return replace(record, lock=lock, next_lock=None)
    return replace(record, next_lock=lock)


def unlocked(record: EnvironmentRecord, lock: Lock) -> EnvironmentRecord:
    """The record without `lock`, whether it is in force or only requested; unchanged if the record doesn't have it.

    If `lock` was in force, the requested lock takes effect.
    """
    if record.lock is not None and record.lock.owner == lock.owner:
        return replace(record, lock=record.next_lock, next_lock=None)
    if record.next_lock is not None and record.next_lock.owner == lock.owner:
        return replace(record, next_lock=None)
    return record
