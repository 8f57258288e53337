"""A deployment holds an environment: it claims it, renews its lease, and settles."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from weco_deploy.errors import LeaseLost, StaleFence
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, DeployedRelease, EnvironmentRecord, Held, Lock
from weco_deploy.rules.lock.blocking import blocking_lock, refused
from weco_deploy.rules.lock.lease import lease_end
from weco_deploy.rules.lock.merging import merged


def claimed(record: EnvironmentRecord, claim: Claim, now: datetime) -> EnvironmentRecord:
    """The record once the claim's deployment holds the environment, and is the current one there.

    If the claim settles another deployment, the record keeps what that one applied.

    Raises EnvironmentLocked if a lock keeps the claim out, StaleFence if somebody else claimed the environment
    since it was observed.
    """
    taken = _taken(record, claim, now)
    if claim.settles is not None:
        taken = merged(taken, claim.settles)
    return replace(taken, current=DeployedRelease.of(claim.deployment))


def resumed(record: EnvironmentRecord, claim: Claim, now: datetime) -> EnvironmentRecord:
    """The record once a deployment that is recorded already holds the environment. Raises the same as `claimed`."""
    return _taken(record, claim, now)


def _taken(record: EnvironmentRecord, claim: Claim, now: datetime) -> EnvironmentRecord:
    deployment = claim.deployment
    blocking = blocking_lock(record, now, claim.owner)
    if blocking is not None:
        raise refused(record.environment, blocking)
    if record.fence != claim.observed.fence:
        raise StaleFence
    lock = Lock(
        owner=claim.owner,
        holder=deployment.requested_by,
        reason=deployment.description or f"deploying release {deployment.release_id}",
        since=now,
        deployment_id=deployment.deployment_id,
        lease_ends=lease_end(now, claim.lease_seconds),
        lease_seconds=claim.lease_seconds,
    )
    return replace(record, fence=record.fence + 1, lock=lock)


def hold(record: EnvironmentRecord, claim: Claim) -> Held | None:
    """What the claim holds by this record; None if it is not recorded there.

    A store asks before it decides anew: the claim may have been recorded although its answer got lost.
    """
    lock = record.lock
    if lock is None or lock.lease_ends is None:
        return None
    if (lock.owner, lock.deployment_id) != (claim.owner, claim.deployment.deployment_id):
        return None
    return Held(
        environment=record.environment, owner=lock.owner, fence=record.fence, lease_ends=lock.lease_ends
    )


def check_can_settle(recorded: Deployment | None, settles: Deployment) -> None:
    """Raise StaleFence if the deployment that a claim settles has got another result since it was read."""
    if recorded is None or (recorded.finished and recorded.status is not settles.status):
        raise StaleFence


def check_can_resume(recorded: Deployment | None, deployment: Deployment) -> None:
    """Raise StaleFence if the deployment has another status in the record than when it was read."""
    if recorded is None or recorded.status is not deployment.status:
        raise StaleFence


def is_held(record: EnvironmentRecord, held: Held) -> bool:
    """Whether the lock is still that of the holder."""
    return record.lock is not None and record.lock.owner == held.owner


def renewed_lock(
    record: EnvironmentRecord, held: Held, lease_seconds: int, now: datetime, project_id: str
) -> EnvironmentRecord:
    """The record once the holder's lease is extended, also if it had run out. LeaseLost if the lock is another one."""
    if record.lock is None or not is_held(record, held):
        raise lost(record, held, now, project_id)
    lock = replace(record.lock, lease_ends=lease_end(now, lease_seconds), lease_seconds=lease_seconds)
    return replace(record, lock=lock)


def settled(
    record: EnvironmentRecord, held: Held, deployment: Deployment, now: datetime
) -> EnvironmentRecord:
    """The record once a deployment has its result: what it applied is kept, the lock released.

    A lock that somebody asked for during the deployment begins.

    If the lock was released by force but nobody has claimed the environment since, the result is still recorded.
    The fence then grows: whoever observed the environment before must not claim it on what was there then.

    Raises LeaseLost if somebody else claimed the environment.
    """
    if record.fence != held.fence:
        raise lost(record, held, now, deployment.project_id)
    after = merged(record, deployment)
    if is_held(record, held):
        return replace(after, lock=record.next_lock, next_lock=None)
    return replace(after, fence=record.fence + 1)


def lost(record: EnvironmentRecord, held: Held, now: datetime, project_id: str) -> LeaseLost:
    """The error for a holder that finds this record, which says that the environment is not its own any more."""
    why = _why_lost(record, held, now)
    return LeaseLost(
        f"environment {held.environment} of project {project_id} is not ours any more: {why}",
        "nothing more was changed; run the same command again when the environment is free",
    )


def _why_lost(record: EnvironmentRecord, held: Held, now: datetime) -> str:
    if is_held(record, held):
        return "this run has claimed it again since"
    lock = record.lock
    holder = (
        f"{lock.holder} holds it since {lock.since:%Y-%m-%d %H:%M:%S}Z: {lock.reason}"
        if lock is not None
        else "nobody holds it"
    )
    if record.fence > held.fence:  # each claim adds one: somebody took it over, and may be done with it
        last = (
            f" (its last deployment is {record.current.deployment_id})" if record.current is not None else ""
        )
        return f"somebody took it over{last}, because {_why_unprotected(held, now)}; now {holder}"
    return holder if lock is not None else f"it was unlocked, and {holder}"


def _why_unprotected(held: Held, now: datetime) -> str:
    """Why our lock did not keep somebody from claiming, as far as our own clock can tell."""
    if now >= held.lease_ends:
        return f"our lease had run out at {held.lease_ends:%H:%M:%S}Z"
    return f"our lock was released by force, or their clock is ahead: our lease lasts until {held.lease_ends:%H:%M:%S}Z"
