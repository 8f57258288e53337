"""Changes an environment's record: claim, resume, renew, note and settle; lock and unlock by hand.

`rules.lock` decides what the record becomes. The new record is written in one transaction, on condition that the stored
record is still the one that was read. If the condition fails, the record is read again, and the rule decides again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from weco_deploy.aws.records.attributes import Item, Value, stored_time
from weco_deploy.aws.records.deployments import deployment_item
from weco_deploy.aws.records.environment_items import environment_items
from weco_deploy.aws.records.environments import environment_key
from weco_deploy.aws.records.history import History
from weco_deploy.aws.records.legacy import without_5x
from weco_deploy.aws.records.recording import IN_PROGRESS, ROUNDS, Recording, changed_by_others
from weco_deploy.aws.records.service_items import noted_items, verdict_items
from weco_deploy.aws.records.step_runs import step_runs_item
from weco_deploy.aws.records.table import ATTEMPTS, ITEMS_AT_ONCE, LOST_ANSWERS, Table
from weco_deploy.aws.records.writes import Check, Put, Update, Write
from weco_deploy.errors import LeaseLost
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.steps import StepRun
from weco_deploy.ports import Clock
from weco_deploy.rules.lock import (
    blocking_lock,
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

Decide: TypeAlias = Callable[[EnvironmentRecord, Claim, datetime], EnvironmentRecord]
"""`rules.lock.claimed` or `rules.lock.resumed`."""
OtherWrites: TypeAlias = Callable[[Claim, Mapping[str, Item]], Sequence[Write]]
"""Returns the writes of a claim besides the environment's, given the items that they depend on."""

APPLIED = ("images", "services", "applied_items")
"""The fields of an environment's item that say what was applied to it, or how many other items do."""
OPTIONAL = ("lock", "next_lock", "applied_items")
"""The fields that an environment's item may lack although it had them before."""
OURS = "#lock.#owner = :owner"
NOTE_ATTEMPTS = 2
"""How often a note is tried on a busy table. A failed note loses nothing, because the next note replaces it."""


class Holding:
    """The part of the store that changes an environment."""

    def __init__(
        self, table: Table, history: History, recording: Recording, project_id: str, clock: Clock
    ) -> None:
        self._table = table
        self._history = history
        self._recording = recording
        self._project_id = project_id
        self._clock = clock
        # The deployments that this process holds, as they were recorded last.
        self._recorded: dict[str, Deployment] = {}

    def claim(self, claim: Claim) -> Held:
        held = self._take(claim, claimed, self._recording.claimed)
        self._recorded[claim.deployment.deployment_id] = claim.deployment
        return held

    def resume(self, claim: Claim) -> Held:
        return self._take(claim, resumed, self._recording.resumed)

    def _take(self, claim: Claim, decide: Decide, other_writes: OtherWrites) -> Held:
        """Take the lock. Read the record only if writing on the observed record is refused."""
        held = self._take_as_observed(claim, decide, other_writes)
        if held is not None:
            return held
        environment_id = claim.deployment.environment
        key = environment_key(environment_id)
        for _ in range(ROUNDS):
            items = self._table.get_all((key, *self._recording.keys(claim)))
            record = self._history.environment_in(environment_id, items.get(key))
            # The lock may be ours already: if the answer to our write was lost, the repeated write was refused.
            held = hold(record, claim) or self._write_claim(claim, record, items, decide, other_writes)
            if held is not None:
                return held
        raise changed_by_others(f"environment {environment_id}")

    def _take_as_observed(self, claim: Claim, decide: Decide, other_writes: OtherWrites) -> Held | None:
        """Take the lock on condition that the record is still as observed; None if it isn't, or may not be."""
        observed, items = without_5x(claim.observed), self._recording.expected(claim)
        # An observed lock may have been released since.
        if items is None or blocking_lock(observed, self._clock.utc(), claim.owner) is not None:
            return None
        return self._write_claim(claim, observed, items, decide, other_writes)

    def _write_claim(
        self,
        claim: Claim,
        record: EnvironmentRecord,
        items: Mapping[str, Item],
        decide: Decide,
        other_writes: OtherWrites,
    ) -> Held | None:
        """Take the lock if the environment's record is still `record`; the other writes depend on `items`."""
        now = self._clock.utc()
        taken = decide(record, claim, now)
        writes = [*self._change(record, taken, claim.owner), *other_writes(claim, items)]
        if not self._table.write(writes):
            return None
        return Held(
            environment=taken.environment,
            owner=claim.owner,
            fence=taken.fence,
            lease_ends=lease_end(now, claim.lease_seconds),
        )

    def renew(self, held: Held, lease_seconds: int) -> Held:
        lease_ends = lease_end(self._clock.utc(), lease_seconds)
        extended = Update(
            environment_key(held.environment),
            "SET #lock.#lease_ends = :lease_ends, #lock.#lease_seconds = :lease_seconds",
            OURS,
            {
                ":owner": held.owner,
                ":lease_ends": stored_time(lease_ends),
                ":lease_seconds": lease_seconds,
            },
        )
        if not self._table.update(extended):
            raise self._lost(held)
        return replace(held, lease_ends=lease_ends)

    def note(self, held: Held, deployment: Deployment) -> None:
        # If a write fails, it is unknown what is recorded. Then the next note writes everything.
        before = self._recorded.pop(deployment.deployment_id, None)
        items = noted_items(before, deployment, held.fence)
        if not self._put(items, _still_ours(held), NOTE_ATTEMPTS, lost_answers=0):
            raise self._lost(held)
        self._recorded[deployment.deployment_id] = deployment

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:
        item = step_runs_item(held.environment, step_id, runs)
        if not self._table.write([_still_ours(held), Put(item)]):
            raise self._lost(held)

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None) -> None:
        self._recorded.pop(deployment.deployment_id, None)
        verdicts = [verdict_items(ended, held.fence) for ended in (deployment, undone) if ended is not None]
        closed = [Put(item) for _, item in verdicts]
        for _ in range(ROUNDS):
            record = self._history.stored_environment(held.environment)
            if not is_held(record, held) and self._is_recorded(closed[0]):
                return  # an earlier attempt wrote it, and its answer was lost
            try:
                after = settled(record, held, deployment, self._clock.utc())
            except LeaseLost:
                # This write is refused if the new holder has recorded a result already.
                self._table.write(
                    [
                        Put(
                            deployment_item(deployment),
                            "#status = :in_progress",
                            {":in_progress": IN_PROGRESS},
                        )
                    ]
                )
                raise
            if self._put_services(held, verdicts) and self._table.write(
                [*self._change(record, after), *closed]
            ):
                return
        raise changed_by_others(f"environment {held.environment}")

    def _put_services(self, held: Held, verdicts: Sequence[tuple[Sequence[Item], Item]]) -> bool:
        """Write the service items of finished deployments; False if somebody else has claimed the environment."""
        unclaimed = Check(environment_key(held.environment), "#fence = :fence", {":fence": held.fence})
        return self._put([item for items, _ in verdicts for item in items], unclaimed)

    def _put(
        self,
        items: Sequence[Item],
        check: Check,
        attempts: int = ATTEMPTS,
        lost_answers: int = LOST_ANSWERS,
    ) -> bool:
        """Write items in their order, so many at once that they fit a transaction, as long as the check holds."""
        return all(
            self._table.write(
                [check, *map(Put, items[start : start + ITEMS_AT_ONCE])], attempts, lost_answers
            )
            for start in range(0, len(items), ITEMS_AT_ONCE)
        )

    def _is_recorded(self, put: Put) -> bool:
        return self._table.get(str(put.item["release_id"])) == put.item

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        after = self._rewrite(environment_id, lambda record: locked(record, lock, self._clock.utc()))
        return after.lock if after.next_lock is not None else None

    def unlock(self, environment_id: str, lock: Lock) -> None:
        self._rewrite(environment_id, lambda record: unlocked(record, lock))

    def _rewrite(
        self, environment_id: str, decide: Callable[[EnvironmentRecord], EnvironmentRecord]
    ) -> EnvironmentRecord:
        """Replace the environment's record by the one that `decide` returns, if they differ; return the new record."""
        for _ in range(ROUNDS):
            record = self._history.stored_environment(environment_id)
            after = decide(record)
            if after == record or self._table.write(self._change(record, after)):
                return after
        raise changed_by_others(f"environment {environment_id}")

    def _change(
        self, before: EnvironmentRecord, after: EnvironmentRecord, holder: str = ""
    ) -> Sequence[Write]:
        """The writes of the record `after`, on condition that the stored record is `before`; `holder` writes it.

        Images and services that stay the same are not written, so that they stay in the items that they are in.
        """
        item, applied = environment_items(self._project_id, after)
        same = (before.images, before.services) == (after.images, after.services)
        kept = {"release_id", *(APPLIED if same else ())}
        written = [name for name in item if name not in kept]
        removed = [name for name in OPTIONAL if name not in item and name not in kept]
        change = "SET " + ", ".join(f"#{name} = :new_{name}" for name in written)
        if removed:
            change += " REMOVE " + ", ".join(f"#{name}" for name in removed)
        condition, given = _unchanged(before, holder)
        new = {f":new_{name}": item[name] for name in written}
        update = Update(environment_key(after.environment), change, condition, {**given, **new})
        return [update] if same else [update, *map(Put, applied)]

    def _lost(self, held: Held) -> LeaseLost:
        record = self._history.stored_environment(held.environment)
        return lost(record, held, self._clock.utc(), self._project_id)


def _still_ours(held: Held) -> Check:
    return Check(
        environment_key(held.environment),
        f"{OURS} AND #fence = :fence",
        {":owner": held.owner, ":fence": held.fence},
    )


def _unchanged(record: EnvironmentRecord, holder: str) -> tuple[str, Item]:
    """The condition that an environment's item still equals `record`, and the condition's values.

    Comparing the fence and the locks is enough: the other fields change only together with the fence, or under the
    lock. A missing item equals a record that was never claimed.
    """
    conditions = ["#fence = :fence" if record.fence else "(attribute_not_exists(#fence) OR #fence = :fence)"]
    given: dict[str, Value] = {":fence": record.fence}
    if record.lock is None:
        conditions.append("attribute_not_exists(#lock)")
    else:
        conditions.append(OURS)
        given[":owner"] = record.lock.owner
    # Somebody else may have renewed their lease; only `holder` renews its own.
    if record.lock is not None and record.lock.lease_ends is not None and record.lock.owner != holder:
        conditions.append("#lock.#lease_ends = :lease_ends")
        given[":lease_ends"] = stored_time(record.lock.lease_ends)
    if record.next_lock is None:
        conditions.append("attribute_not_exists(#next_lock)")
    else:
        conditions.append("#next_lock.#owner = :next_owner")
        given[":next_owner"] = record.next_lock.owner
    return " AND ".join(conditions), given
