"""`ports.ReleaseStore` in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from weco_deploy.aws.records.history import History
from weco_deploy.aws.records.holding import Holding
from weco_deploy.aws.records.recording import Recording
from weco_deploy.aws.records.table import Table
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepRun
from weco_deploy.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoReleaseStore:
    """The records of one project. The table belongs to this project alone, so keys don't name the project.

    Args:
        client: a DynamoDB client for the project's account and region.
        project: names the table (`release_table`). The first write creates it if it doesn't exist.
        clock: gives the times of locks and leases, and waits while the table is busy.

    """

    def __init__(self, client: DynamoDBClient, project: Project, clock: Clock) -> None:
        table = Table(client, project.release_table, clock)
        self._history = History(table, project.id)
        self._recording = Recording(table, self._history)
        self._holding = Holding(table, self._history, self._recording, project.id, clock)

    def release(self, release_id: str) -> Release | None:
        return self._history.release(release_id)

    def latest(self) -> Release | None:
        return self._history.latest()

    def releases(self, limit: int) -> tuple[Release, ...]:
        return self._history.releases(limit)

    def save(self, release: Release) -> None:
        self._recording.save(release)

    def environment(self, environment_id: str) -> EnvironmentRecord:
        return self._history.environment(environment_id)

    def deployment(self, deployment_id: str) -> Deployment | None:
        return self._history.deployment(deployment_id)

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None = None
    ) -> tuple[Deployment, ...]:
        return self._history.deployments(environment_ids, limit, release_id)

    def claim(self, claim: Claim) -> Held:
        return self._holding.claim(claim)

    def resume(self, claim: Claim) -> Held:
        return self._holding.resume(claim)

    def renew(self, held: Held, lease_seconds: int) -> Held:
        return self._holding.renew(held, lease_seconds)

    def note(self, held: Held, deployment: Deployment) -> None:
        self._holding.note(held, deployment)

    def step_runs(self, environment_id: str, step_ids: Sequence[str]) -> Mapping[str, tuple[StepRun, ...]]:
        return self._history.step_runs(environment_id, step_ids)

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:
        self._holding.note_step_runs(held, step_id, runs)

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        self._holding.settle(held, deployment, undone)

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        return self._holding.lock(environment_id, lock)

    def unlock(self, environment_id: str, lock: Lock) -> None:
        self._holding.unlock(environment_id, lock)
