"""Holding an environment: claim, resume, renew, note, settle; by hand: lock and unlock.

Each one reads what it builds on, then writes in one transaction on condition that this still stands.
A transaction that is refused is looked into: ours already (an answer got lost), somebody else's, or
merely changed meanwhile, and then it goes round again. `fence` only grows, with each claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from weco_deploy.aws.records.attributes import Item, Value, stored_time
from weco_deploy.aws.records.deployments import deployment_item, deployment_key
from weco_deploy.aws.records.environments import environment_item, environment_key, read_environment
from weco_deploy.aws.records.history import History
from weco_deploy.aws.records.recording import IN_PROGRESS, IS_NEW, ROUNDS, Recording, never_still
from weco_deploy.aws.records.table import Table
from weco_deploy.aws.records.writes import Check, Put, Update, Write
from weco_deploy.errors import LeaseLost
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord, Held, Lock
from weco_deploy.model.merging import merged
from weco_deploy.ports import Claim, Clock, StaleFence

OURS = "#lock.#owner = :owner"
NOTE_ATTEMPTS = 2
"""How often a note is tried on a busy table: the next one makes up for it, also for one without an answer."""


class Holding:
    """The half of the store that changes an environment."""

    def __init__(
        self, table: Table, history: History, recording: Recording, project_id: str, clock: Clock
    ) -> None:
        self._table = table
        self._history = history
        self._recording = recording
        self._project_id = project_id
        self._clock = clock

    def claim(self, claim: Claim) -> Held:
        return self._take(claim, _claimed, self._recording.claimed)

    def resume(self, deployment: Deployment, fence: int, owner: str, lease_seconds: int) -> Held:
        claim = Claim(deployment=deployment, fence=fence, owner=owner, lease_seconds=lease_seconds)
        return self._take(claim, _resumed, self._recording.resumed)

    def _take(
        self,
        claim: Claim,
        becomes: Callable[[EnvironmentRecord, Claim], EnvironmentRecord],
        recorded: Callable[[Claim, Mapping[str, Item]], Sequence[Write]],
    ) -> Held:
        """Take the lock; `becomes` is what else changes in the environment, `recorded` what else is written."""
        environment_id = claim.deployment.environment
        key = environment_key(environment_id)
        for _ in range(ROUNDS):
            now = self._clock.utc()
            items = self._table.together((key, *self._recording.keys(claim)))
            found = read_environment(items[key]) if key in items else None
            seen = found or EnvironmentRecord(environment=environment_id)
            if held := _held_already(seen, claim):
                return held
            if lock := _standing(seen, claim.owner, now):
                raise lock.refusal(environment_id)
            if seen.fence != claim.fence:
                raise StaleFence
            lease_ends = now + timedelta(seconds=claim.lease_seconds)
            taken = replace(becomes(seen, claim), fence=seen.fence + 1, lock=_lock(claim, now, lease_ends))
            if self._table.write([self._environment(taken, found), *recorded(claim, items)]):
                return Held(
                    environment=environment_id, owner=claim.owner, fence=taken.fence, lease_ends=lease_ends
                )
        raise never_still(f"environment {environment_id}")

    def renew(self, held: Held, lease_seconds: int) -> Held:
        lease_ends = self._clock.utc() + timedelta(seconds=lease_seconds)
        prolonged = Update(
            environment_key(held.environment),
            "SET #lock.#lease_ends = :lease_ends, #lock.#lease_seconds = :lease_seconds",
            OURS,
            {
                ":owner": held.owner,
                ":lease_ends": stored_time(lease_ends),
                ":lease_seconds": lease_seconds,
            },
        )
        if not self._table.update(prolonged):
            raise self._lost(held)
        return replace(held, lease_ends=lease_ends)

    def note(self, held: Held, deployment: Deployment) -> None:
        still_ours = Check(
            environment_key(held.environment),
            f"{OURS} AND #fence = :fence",
            {":owner": held.owner, ":fence": held.fence},
        )
        noted: list[Write] = [still_ours, Put(deployment_item(deployment))]
        if not self._table.write(noted, NOTE_ATTEMPTS, lost_answers=0):
            raise self._lost(held)

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None) -> None:
        closed = [Put(deployment_item(one)) for one in (deployment, undone) if one is not None]
        for _ in range(ROUNDS):
            seen = self._history.own_environment(held.environment)
            ours = seen is not None and seen.lock is not None and seen.lock.owner == held.owner
            if not ours and self._table.get(deployment_key(deployment.deployment_id)) == closed[0].item:
                return  # settled by us: the answer got lost
            if seen is None or seen.fence != held.fence:
                # Whoever took over may have given a verdict: that one stays, and the write is refused.
                self._table.write(
                    [Put(closed[0].item, "#status = :in_progress", {":in_progress": IN_PROGRESS})]
                )
                raise self._lost(held)
            # Released by force, but claimed by nobody since: what became of it is still ours to say. The fence keeps
            # those who looked before from writing what they saw then.
            settled = merged(seen, deployment)
            freed = (
                replace(settled, lock=seen.next_lock, next_lock=None)
                if ours
                else replace(settled, fence=seen.fence + 1)
            )
            if self._table.write([self._environment(freed, seen), *closed]):
                return
        raise never_still(f"environment {held.environment}")

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        for _ in range(ROUNDS):
            found = self._history.own_environment(environment_id)
            seen = found or EnvironmentRecord(environment=environment_id)
            locked = seen.locked(lock, self._clock.utc())
            if locked == seen or self._table.write([self._environment(locked, found)]):
                return locked.lock if locked.next_lock is not None else None
        raise never_still(f"environment {environment_id}")

    def unlock(self, environment_id: str, lock: Lock) -> None:
        for _ in range(ROUNDS):
            seen = self._history.own_environment(environment_id)
            if seen is None:
                return
            freed = seen.unlocked(lock)
            if freed == seen or self._table.write([self._environment(freed, seen)]):
                return
        raise never_still(f"environment {environment_id}")

    def _environment(self, record: EnvironmentRecord, seen: EnvironmentRecord | None) -> Update:
        """Make the environment's item what `record` says, if it is still what was seen."""
        fields = environment_item(self._project_id, record)
        kept = [name for name in fields if name != "release_id"]
        dropped = [name for name in ("lock", "next_lock") if name not in fields]
        change = "SET " + ", ".join(f"#{name} = :new_{name}" for name in kept)
        if dropped:
            change += " REMOVE " + ", ".join(f"#{name}" for name in dropped)
        condition, given = _unchanged(seen)
        new = {f":new_{name}": fields[name] for name in kept}
        return Update(environment_key(record.environment), change, condition, {**given, **new})

    def _lost(self, held: Held) -> LeaseLost:
        record = self._history.own_environment(held.environment)
        why = _why_lost(held, record or EnvironmentRecord(environment=held.environment), self._clock.utc())
        return LeaseLost(
            f"environment {held.environment} of project {self._project_id} is not ours any more: {why}",
            "nothing more was changed; run the same command again when the environment is free",
        )


def _why_lost(held: Held, now: EnvironmentRecord, at: datetime) -> str:
    """What became of our hold on an environment, which is recorded like that by now.

    The fence grows with each claim: where it has, somebody has claimed the environment, and may be done with it.
    """
    lock = now.lock
    if lock is not None and lock.owner == held.owner:
        return "this run has claimed it again since"
    holds = (
        f"{lock.holder} holds it since {lock.since:%Y-%m-%d %H:%M:%S}Z: {lock.reason}"
        if lock is not None
        else "nobody holds it"
    )
    if now.fence > held.fence:
        last = f" (its last deployment is {now.current.deployment_id})" if now.current is not None else ""
        return f"somebody took it over{last}, because {_no_hindrance(held, at)}; now {holds}"
    return holds if lock is not None else f"it was unlocked, and {holds}"


def _no_hindrance(held: Held, at: datetime) -> str:
    """Why our lock did not keep somebody from claiming, as far as our own clock can tell."""
    if at >= held.lease_ends:
        return f"our lease had run out at {held.lease_ends:%H:%M:%S}Z"
    return f"our lock was released by force, or their clock is ahead: our lease lasts until {held.lease_ends:%H:%M:%S}Z"


def _held_already(seen: EnvironmentRecord, claim: Claim) -> Held | None:
    """What is held, if an answer got lost and this very claim was recorded before."""
    lock = seen.lock
    if lock is None or lock.lease_ends is None:
        return None
    if (lock.owner, lock.deployment_id) != (claim.owner, claim.deployment.deployment_id):
        return None
    return Held(environment=seen.environment, owner=lock.owner, fence=seen.fence, lease_ends=lock.lease_ends)


def _standing(seen: EnvironmentRecord, owner: str, now: datetime) -> Lock | None:
    """The lock that keeps `owner` out.

    Our own does not: a rollback follows a failed deployment under the same lock. Where a holder died,
    the lock that somebody asked for during its deployment begins.
    """
    lock = seen.lock
    if lock is None or lock.owner == owner:
        return None
    return seen.next_lock if lock.over(now) else lock


def _claimed(seen: EnvironmentRecord, claim: Claim) -> EnvironmentRecord:
    base = merged(seen, claim.settles) if claim.settles is not None else seen
    current = DeployedRelease(
        release_id=claim.deployment.release_id,
        deployment_id=claim.deployment.deployment_id,
        status=DeploymentStatus.IN_PROGRESS,
    )
    return replace(base, current=current)


def _resumed(seen: EnvironmentRecord, _: Claim) -> EnvironmentRecord:
    return seen


def _lock(claim: Claim, now: datetime, lease_ends: datetime) -> Lock:
    deployment = claim.deployment
    return Lock(
        owner=claim.owner,
        holder=deployment.requested_by,
        reason=deployment.description or f"deploying release {deployment.release_id}",
        since=now,
        deployment_id=deployment.deployment_id,
        lease_ends=lease_ends,
        lease_seconds=claim.lease_seconds,
    )


def _unchanged(seen: EnvironmentRecord | None) -> tuple[str, Item]:
    """The condition that an environment's item is what was seen, and the values it names.

    Nobody but the lock's owner touches the rest, so fence and locks tell it all.
    """
    if seen is None:
        return IS_NEW, {}
    conditions = ["#fence = :fence"]
    given: dict[str, Value] = {":fence": seen.fence}
    if seen.lock is None:
        conditions.append("attribute_not_exists(#lock)")
    else:
        conditions.append(OURS)
        given[":owner"] = seen.lock.owner
    if seen.lock is not None and seen.lock.lease_ends is not None:
        conditions.append("#lock.#lease_ends = :lease_ends")
        given[":lease_ends"] = stored_time(seen.lock.lease_ends)
    if seen.next_lock is None:
        conditions.append("attribute_not_exists(#next_lock)")
    else:
        conditions.append("#next_lock.#owner = :next_owner")
        given[":next_owner"] = seen.next_lock.owner
    return " AND ".join(conditions), given
