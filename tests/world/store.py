"""The port ReleaseStore, for one run of the tool. The table is made by the first write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from tests.world.gate import Call, Gate
from tests.world.run import Run
from tests.world.table import Table, kept, newest
from weco_deploy.errors import LeaseLost, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord, Held, Lock
from weco_deploy.model.merging import merged
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import Claim, StaleFence


class WorldStore:
    def __init__(
        self,
        tables: dict[str, Table],
        project: Project,
        now: Callable[[], datetime],
        gate: Gate,
        run: Run,
    ) -> None:
        self._tables = tables
        self._name = project.release_table
        self._now = now
        self._gate = gate
        self._run = run

    def release(self, release_id: str) -> Release | None:
        with self._pass("release", release_id):
            return self._read.releases.get(release_id)

    def latest(self) -> Release | None:
        """The newer of what the pointer says and of what 5.x made since."""
        with self._pass("latest"):
            made = self._newest_releases(1)
            pointed = self._read.latest
            if pointed is None or (made and made[0].date_created > pointed.date_created):
                return made[0] if made else None
            return self._read.releases[pointed.release_id]

    def releases(self, limit: int) -> tuple[Release, ...]:
        with self._pass("releases", str(limit)):
            return self._newest_releases(limit)

    def save(self, release: Release) -> None:
        with self._pass("save", release.release_id):
            self._written.add(release)

    def environment(self, environment_id: str) -> EnvironmentRecord:
        with self._pass("environment", environment_id):
            return self._read.known(environment_id)

    def deployment(self, deployment_id: str) -> Deployment | None:
        with self._pass("deployment", deployment_id):
            return self._read.told(deployment_id)

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None = None
    ) -> tuple[Deployment, ...]:
        with self._pass("deployments", *(environment_ids or ()), release_id or ""):
            table = self._read
            every = [table.told(one) for one in (*table.deployments, *table.legacy)]
            return newest(
                (
                    one
                    for one in every
                    if one is not None
                    and (environment_ids is None or one.environment in environment_ids)
                    and release_id in (None, one.release_id)
                ),
                limit,
            )

    def claim(self, claim: Claim) -> Held:
        deployment = claim.deployment
        with self._pass("claim", deployment.environment, deployment.release_id):
            record = self._read.record(deployment.environment)
            if held := _already(record, claim.owner, deployment):
                return held
            self._refuse(record, claim.owner, claim.fence)
            if self._settled_otherwise(claim.settles) or deployment.deployment_id in self._read.deployments:
                raise StaleFence
            if claim.new_release is None and deployment.release_id not in self._read.releases:
                raise NotFound(f"release {deployment.release_id} is not recorded")
            return self._claimed(record, claim)

    def _claimed(self, record: EnvironmentRecord, claim: Claim) -> Held:
        deployment, table = claim.deployment, self._written
        if claim.settles is not None:
            record = merged(record, claim.settles)
            table.keep(claim.settles)
        if claim.new_release is not None:
            table.add(claim.new_release)
        table.list_in_release(deployment)
        table.keep(deployment)
        current = DeployedRelease(
            release_id=deployment.release_id,
            deployment_id=deployment.deployment_id,
            status=DeploymentStatus.IN_PROGRESS,
        )
        return self._locked(replace(record, current=current), deployment, claim.owner, claim.lease_seconds)

    def resume(self, deployment: Deployment, fence: int, owner: str, lease_seconds: int) -> Held:
        with self._pass("resume", deployment.environment, deployment.deployment_id):
            record = self._read.record(deployment.environment)
            if held := _already(record, owner, deployment):
                return held
            self._refuse(record, owner, fence)
            stored = self._read.deployments.get(deployment.deployment_id)
            if stored is None or stored.status is not deployment.status:
                raise StaleFence
            return self._locked(record, deployment, owner, lease_seconds)

    def renew(self, held: Held, lease_seconds: int) -> Held:
        with self._pass("renew", held.environment):
            record, lock = self._ours(held)
            ends = self._now() + timedelta(seconds=lease_seconds)
            lock = replace(lock, lease_ends=ends, lease_seconds=lease_seconds)
            self._written.environments[held.environment] = replace(record, lock=lock)
            return replace(held, lease_ends=ends)

    def note(self, held: Held, deployment: Deployment) -> None:
        with self._pass("note", held.environment, deployment.deployment_id):
            record, _ = self._ours(held)
            if record.fence != held.fence:
                raise LeaseLost(f"environment {held.environment} was claimed again since")
            self._written.keep(deployment)

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        with self._pass("settle", held.environment, deployment.deployment_id, deployment.status):
            table = self._written
            record = table.record(held.environment)
            stored = table.deployments.get(deployment.deployment_id)
            ours = record.lock is not None and record.lock.owner == held.owner
            if not ours and stored == kept(deployment):
                return  # settled by us: the answer got lost
            if record.fence != held.fence:
                if stored is not None and not stored.finished:
                    table.keep(deployment)
                raise _lost(record)
            table.keep(deployment)
            if undone is not None:
                table.keep(undone)
            settled = merged(record, deployment)
            table.environments[held.environment] = (
                replace(settled, lock=record.next_lock, next_lock=None)
                if ours
                else replace(settled, fence=record.fence + 1)
            )

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        with self._pass("lock", environment_id):
            record = self._read.known(environment_id)
            locked = record.locked(lock, self._now())
            self._written.environments[environment_id] = locked
            return None if locked.lock == lock else locked.lock

    def unlock(self, environment_id: str, lock: Lock) -> None:
        with self._pass("unlock", environment_id):
            record = self._read.record(environment_id)
            if record.unlocked(lock) != record:
                self._written.environments[environment_id] = record.unlocked(lock)

    @property
    def _read(self) -> Table:
        return self._tables.get(self._name, Table())

    @property
    def _written(self) -> Table:
        return self._tables.setdefault(self._name, Table())

    def _pass(self, name: str, *about: str) -> AbstractContextManager[Call]:
        return self._gate.passing(self._run, f"store.{name}", *about)

    def _newest_releases(self, limit: int) -> tuple[Release, ...]:
        made = sorted(self._read.releases.values(), key=lambda one: one.date_created, reverse=True)
        return tuple(made[:limit])

    def _refuse(self, record: EnvironmentRecord, owner: str, fence: int) -> None:
        """Raise EnvironmentLocked if a lock keeps `owner` out, StaleFence if the fence is another one."""
        lock = record.lock
        if lock is not None and lock.owner != owner:
            # Where a holder died, the lock that was asked for during its deployment begins.
            standing = record.next_lock if lock.over(self._now()) else lock
            if standing is not None:
                raise standing.refusal(record.environment)
        if record.fence != fence:
            raise StaleFence

    def _settled_otherwise(self, deployment: Deployment | None) -> bool:
        if deployment is None:
            return False
        stored = self._read.deployments.get(deployment.deployment_id)
        return stored is None or (stored.finished and stored.status is not deployment.status)

    def _locked(
        self, record: EnvironmentRecord, deployment: Deployment, owner: str, lease_seconds: int
    ) -> Held:
        ends = self._now() + timedelta(seconds=lease_seconds)
        lock = Lock(
            owner=owner,
            holder=deployment.requested_by,
            reason=deployment.description,
            since=self._now(),
            deployment_id=deployment.deployment_id,
            lease_ends=ends,
            lease_seconds=lease_seconds,
        )
        fence = record.fence + 1
        self._written.environments[record.environment] = replace(record, fence=fence, lock=lock)
        return Held(environment=record.environment, owner=owner, fence=fence, lease_ends=ends)

    def _ours(self, held: Held) -> tuple[EnvironmentRecord, Lock]:
        record = self._read.record(held.environment)
        if record.lock is None or record.lock.owner != held.owner:
            raise _lost(record)
        return record, record.lock


def _lost(record: EnvironmentRecord) -> LeaseLost:
    holder = record.lock.holder if record.lock else "nobody"
    return LeaseLost(f"environment {record.environment} is not ours any more: {holder} holds it now")


def _already(record: EnvironmentRecord, owner: str, deployment: Deployment) -> Held | None:
    """What is held, if an answer got lost and this very claim was recorded before."""
    lock = record.lock
    if lock is None or lock.lease_ends is None or lock.owner != owner:
        return None
    if lock.deployment_id != deployment.deployment_id:
        return None
    return Held(environment=record.environment, owner=owner, fence=record.fence, lease_ends=lock.lease_ends)
