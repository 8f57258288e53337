"""Locks that people take and release by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from weco_deploy.model.environment import EnvironmentRecord, Lock
from weco_deploy.rules.lock.blocking import refused
from weco_deploy.rules.lock.lease import is_over


def locked(record: EnvironmentRecord, lock: Lock, now: datetime) -> EnvironmentRecord:
    """The record once `lock` is taken by hand: at once, or from the end of the deployment that holds the environment.

    Raises EnvironmentLocked if another lock by hand is in force, or is to follow the deployment.
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
    """The record without `lock`, whether it is in force or to follow; unchanged if it is neither.

    The lock that was to follow the one released begins.
    """
    if record.lock is not None and record.lock.owner == lock.owner:
        return replace(record, lock=record.next_lock, next_lock=None)
    if record.next_lock is not None and record.next_lock.owner == lock.owner:
        return replace(record, next_lock=None)
    return record
