"""How an environment's record changes while a deployment holds it: claim, renew and settle."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from weco_deploy.errors import LeaseLost, StaleFence
from weco_deploy.model.arn import person_of
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, DeployedRelease, EnvironmentRecord, Held, Lock
from weco_deploy.rules.lock.blocking import blocking_lock, refused
from weco_deploy.rules.lock.lease import lease_end
from weco_deploy.rules.lock.merging import merged


def claimed(record: EnvironmentRecord, claim: Claim, now: datetime) -> EnvironmentRecord:
    """The record with the claim's deployment as the holder and the current deployment.

    If the claim settles another deployment, the record keeps what that deployment applied. A lock that the claim requests
    for afterwards does not replace one that somebody else has requested.

    Raises EnvironmentLocked if a lock keeps the claim out, StaleFence if somebody else claimed the environment
    since it was observed.
    """
    taken = _taken(record, claim, now)
    if claim.settles is not None:
        taken = merged(taken, claim.settles)
    return replace(
        taken,
        current=DeployedRelease.of(claim.deployment),
        next_lock=taken.next_lock or claim.next_lock,
    )


def resumed(record: EnvironmentRecord, claim: Claim, now: datetime) -> EnvironmentRecord:
    """The record with a deployment that is already recorded as the holder. Raises the same errors as `claimed`."""
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
        build_url=deployment.build_url,
    )
    return replace(record, fence=record.fence + 1, lock=lock)


def hold(record: EnvironmentRecord, claim: Claim) -> Held | None:
    """What the claim holds, if the record shows that it was recorded; otherwise None.

    A store checks this before it tries again, because a write whose answer was lost may have succeeded.
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
    """Raise StaleFence if the deployment that a claim settles has had another result recorded since it was read."""
    if recorded is None or (recorded.finished and recorded.status is not settles.status):
        raise StaleFence


def check_can_resume(recorded: Deployment | None, deployment: Deployment) -> None:
    """Raise StaleFence if the deployment's recorded status has changed since it was read."""
    if recorded is None or recorded.status is not deployment.status:
        raise StaleFence


def is_held(record: EnvironmentRecord, held: Held) -> bool:
    """Whether the holder still has the lock."""
    return record.lock is not None and record.lock.owner == held.owner


def renewed_lock(
    record: EnvironmentRecord, held: Held, lease_seconds: int, now: datetime, project_id: str
) -> EnvironmentRecord:
    """The record with the holder's lease extended, even if it had run out. Raises LeaseLost if the lock is not ours."""
    if record.lock is None or not is_held(record, held):
        raise lost(record, held, now, project_id)
    lock = replace(record.lock, lease_ends=lease_end(now, lease_seconds), lease_seconds=lease_seconds)
    return replace(record, lock=lock)


def settled(
    record: EnvironmentRecord, held: Held, deployment: Deployment, now: datetime
) -> EnvironmentRecord:
    """The record with the result of a deployment, what it applied, and the lock released.

    A lock that somebody requested during the deployment takes effect.

    If the lock was released by force but nobody has claimed the environment since, the result is still recorded. The
    fence then grows, so that a plan made before that can't be claimed.

    Raises LeaseLost if somebody else claimed the environment.
    """
    if record.fence != held.fence:
        raise lost(record, held, now, deployment.project_id)
    after = merged(record, deployment)
    if is_held(record, held):
        return replace(after, lock=record.next_lock, next_lock=None)
    return replace(after, fence=record.fence + 1)


def lost(record: EnvironmentRecord, held: Held, now: datetime, project_id: str) -> LeaseLost:
    """The error for a holder that has lost the environment. `record` shows why."""
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
        f"{person_of(lock.holder)} holds it since {lock.since:%Y-%m-%d %H:%M:%S}Z{f': {lock.why}' if lock.why else ''}"
        if lock is not None
        else "nobody holds it"
    )
    if record.fence > held.fence:  # somebody claimed it, which raises the fence, and may have finished
        last = (
            f" (its last deployment is {record.current.deployment_id})" if record.current is not None else ""
        )
        return f"somebody took it over{last}, because {_why_unprotected(held, now)}; now {holder}"
    return holder if lock is not None else f"it was unlocked, and {holder}"


def _why_unprotected(held: Held, now: datetime) -> str:
    """Why our lock did not prevent somebody's claim, according to our own clock."""
    if now >= held.lease_ends:
        return f"our lease had run out at {held.lease_ends:%H:%M:%S}Z"
    return f"our lock was released by force, or their clock is ahead: our lease lasts until {held.lease_ends:%H:%M:%S}Z"
