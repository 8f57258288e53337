"""Holding an environment: claim, resume, renew, note, settle; by hand: lock and unlock.

Each one reads what it builds on, then writes in one transaction on condition that this still stands.
A transaction that is refused is looked into: ours already (an answer got lost), somebody else's, or
merely changed meanwhile, and then it goes round again. `fence` only grows, with each claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from weco_deploy.aws.records.attributes import Item, Value, stored_time
from weco_deploy.aws.records.deployments import deployment_item
from weco_deploy.aws.records.environments import environment_item, environment_key, read_environment
from weco_deploy.aws.records.history import History
from weco_deploy.aws.records.recording import IN_PROGRESS, IS_NEW, ROUNDS, Recording, never_still
from weco_deploy.aws.records.table import Table
from weco_deploy.aws.records.writes import Check, Put, Update, Write
from weco_deploy.errors import LeaseLost
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.ports import Clock
from weco_deploy.rules.lock import (
    claimed,
    hold,
    is_held,
    lease_end,
    locked,
    lost,
    resumed,
    settled,
    unlocked,
)

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
        return self._take(claim, claimed, self._recording.claimed)

    def resume(self, claim: Claim) -> Held:
        return self._take(claim, resumed, self._recording.resumed)

    def _take(
        self,
        claim: Claim,
        becomes: Callable[[EnvironmentRecord, Claim, datetime], EnvironmentRecord],
        other_writes: Callable[[Claim, Mapping[str, Item]], Sequence[Write]],
    ) -> Held:
        """Take the lock. `becomes` gives the environment's new record, `other_writes` what else is written."""
        key = environment_key(claim.deployment.environment)
        for _ in range(ROUNDS):
            now = self._clock.utc()
            items = self._table.together((key, *self._recording.keys(claim)))
            found = read_environment(items[key]) if key in items else None
            record = found or EnvironmentRecord(environment=claim.deployment.environment)
            if held := hold(record, claim):
                return held
            taken = becomes(record, claim, now)
            if self._table.write([self._environment(taken, found), *other_writes(claim, items)]):
                return Held(
                    environment=record.environment,
                    owner=claim.owner,
                    fence=taken.fence,
                    lease_ends=lease_end(now, claim.lease_seconds),
                )
        raise never_still(f"environment {claim.deployment.environment}")

    def renew(self, held: Held, lease_seconds: int) -> Held:
        lease_ends = lease_end(self._clock.utc(), lease_seconds)
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
        closed = [Put(deployment_item(each)) for each in (deployment, undone) if each is not None]
        for _ in range(ROUNDS):
            found = self._history.own_environment(held.environment)
            record = found or EnvironmentRecord(environment=held.environment)
            if not is_held(record, held) and self._is_recorded(closed[0]):
                return  # our own write of before, whose answer got lost
            try:
                after = settled(record, held, deployment, self._clock.utc())
            except LeaseLost:
                # Whoever took over may have given the deployment a result. It stays: then this write is refused.
                self._table.write(
                    [Put(closed[0].item, "#status = :in_progress", {":in_progress": IN_PROGRESS})]
                )
                raise
            if self._table.write([self._environment(after, found), *closed]):
                return
        raise never_still(f"environment {held.environment}")

    def _is_recorded(self, put: Put) -> bool:
        return self._table.get(str(put.item["release_id"])) == put.item

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        for _ in range(ROUNDS):
            found = self._history.own_environment(environment_id)
            record = found or EnvironmentRecord(environment=environment_id)
            after = locked(record, lock, self._clock.utc())
            if after == record or self._table.write([self._environment(after, found)]):
                return after.lock if after.next_lock is not None else None
        raise never_still(f"environment {environment_id}")

    def unlock(self, environment_id: str, lock: Lock) -> None:
        for _ in range(ROUNDS):
            record = self._history.own_environment(environment_id)
            if record is None:
                return
            after = unlocked(record, lock)
            if after == record or self._table.write([self._environment(after, record)]):
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
        found = self._history.own_environment(held.environment)
        record = found or EnvironmentRecord(environment=held.environment)
        return lost(record, held, self._clock.utc(), self._project_id)


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
