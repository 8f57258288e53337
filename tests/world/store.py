"""The port ReleaseStore, for one run of the tool. The table is made by the first write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from tests.world.gate import Call, Gate
from tests.world.run import Run
from tests.world.table import Table, kept, newest
from weco_deploy.errors import LeaseLost, NotFound
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepRun
from weco_deploy.rules.lock import (
    check_can_resume,
    check_can_settle,
    claimed,
    hold,
    is_held,
    lease_end,
    locked,
    lost,
    renewed_lock,
    resumed,
    settled,
    unlocked,
)


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
        self._project_id = project.id
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
        with self._pass("deployments", *(environment_ids or ()), release_id or "", f"limit={limit}"):
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
            if held := hold(record, claim):
                return held
            after = claimed(record, claim, self._now())
            if claim.settles is not None:
                check_can_settle(self._read.deployments.get(claim.settles.deployment_id), claim.settles)
            if not claim.release_is_new and deployment.release_id not in self._read.releases:
                raise NotFound(f"release {deployment.release_id} is not recorded")
            self._record(claim)
            return self._taken(after, claim)

    def _record(self, claim: Claim) -> None:
        table = self._written
        if claim.settles is not None:
            table.keep(claim.settles)
        if claim.release_is_new:
            table.add(claim.release)
        table.list_in_release(claim.deployment)
        table.keep(claim.deployment)

    def resume(self, claim: Claim) -> Held:
        deployment = claim.deployment
        with self._pass("resume", deployment.environment, deployment.deployment_id):
            record = self._read.record(deployment.environment)
            if held := hold(record, claim):
                return held
            after = resumed(record, claim, self._now())
            check_can_resume(self._read.deployments.get(deployment.deployment_id), deployment)
            return self._taken(after, claim)

    def _taken(self, record: EnvironmentRecord, claim: Claim) -> Held:
        self._written.environments[record.environment] = record
        held = hold(record, claim)
        assert held is not None
        return held

    def renew(self, held: Held, lease_seconds: int) -> Held:
        with self._pass("renew", held.environment):
            now, record = self._now(), self._read.record(held.environment)
            after = renewed_lock(record, held, lease_seconds, now, self._project_id)
            self._written.environments[held.environment] = after
            return replace(held, lease_ends=lease_end(now, lease_seconds))

    def note(self, held: Held, deployment: Deployment) -> None:
        with self._pass("note", held.environment, deployment.deployment_id):
            record = self._read.record(held.environment)
            if not is_held(record, held) or record.fence != held.fence:
                raise lost(record, held, self._now(), self._project_id)
            self._written.keep(deployment)

    def step_runs(self, environment_id: str, step_ids: Sequence[str]) -> Mapping[str, tuple[StepRun, ...]]:
        with self._pass("step_runs", environment_id, *step_ids):
            runs = self._read.step_runs
            return {
                step_id: runs[environment_id, step_id]
                for step_id in step_ids
                if (environment_id, step_id) in runs
            }

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:
        with self._pass("note_step_runs", held.environment, step_id):
            record = self._read.record(held.environment)
            if not is_held(record, held) or record.fence != held.fence:
                raise lost(record, held, self._now(), self._project_id)
            self._written.step_runs[held.environment, step_id] = tuple(runs)

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        with self._pass("settle", held.environment, deployment.deployment_id, deployment.status):
            table = self._written
            record = table.record(held.environment)
            recorded = table.deployments.get(deployment.deployment_id)
            if not is_held(record, held) and recorded == kept(deployment):
                return  # settled before: the answer got lost
            try:
                after = settled(record, held, deployment, self._now())
            except LeaseLost:
                if recorded is not None and not recorded.finished:
                    table.keep(deployment)
                raise
            table.keep(deployment)
            if undone is not None:
                table.keep(undone)
            table.environments[held.environment] = after

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        with self._pass("lock", environment_id):
            after = locked(self._read.record(environment_id), lock, self._now())
            self._written.environments[environment_id] = after
            return after.lock if after.next_lock is not None else None

    def unlock(self, environment_id: str, lock: Lock) -> None:
        with self._pass("unlock", environment_id):
            record = self._read.record(environment_id)
            after = unlocked(record, lock)
            if after != record:
                self._written.environments[environment_id] = after

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
