"""The record of releases, environments and deployments.

Each method is one call of the store, or one listing with its pages, and may raise AwsError. Other errors are named
in the method's docstring. `rules/lock/` decides what becomes of an environment's record; a store only asks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepRun


class ReleaseStore(Protocol):
    """The project's table. A missing table reads as an empty history; only a write creates it."""

    def release(self, release_id: str) -> Release | None: ...

    def latest(self) -> Release | None:
        """The release made last, read consistently."""

    def releases(self, limit: int) -> tuple[Release, ...]:
        """The newest ones first."""

    def save(self, release: Release) -> None:
        """Record a release that is new, and that it is the latest."""

    def environment(self, environment_id: str) -> EnvironmentRecord:
        """What is recorded of an environment, read consistently; empty if nothing is.

        Where only 5.x deployed so far, `current` and `good` come from its history.
        """

    def deployment(self, deployment_id: str) -> Deployment | None: ...

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None = None
    ) -> tuple[Deployment, ...]:
        """The newest ones first, of these environments (None: of all that there ever were), of 5.x's too."""

    def claim(self, claim: Claim) -> Held:
        """Take the lock and record the deployment in one transaction (`rules.lock.claimed`).

        The same transaction makes the release `current`, records it if it is new, lists the deployment
        in it, and closes the deployment that the claim settles.

        Raises EnvironmentLocked if somebody holds the environment, StaleFence if it, or the deployment to settle,
        has changed since it was observed. A claim that is recorded already (its answer got lost) succeeds.
        """

    def resume(self, claim: Claim) -> Held:
        """Take the lock for a deployment that is recorded already, to close its record (`rules.lock.resumed`).

        On the same conditions, with the same errors, as `claim`, and StaleFence if the deployment's status in the
        record is another one; nothing else of the record changes.
        """

    def renew(self, held: Held, lease_seconds: int) -> Held:
        """Extend the lease (`rules.lock.renewed_lock`). LeaseLost if the lock is no longer ours."""

    def note(self, held: Held, deployment: Deployment) -> None:
        """Record how far the deployment got. LeaseLost if the environment is no longer ours."""

    def step_runs(self, environment_id: str, step_ids: Sequence[str]) -> Mapping[str, tuple[StepRun, ...]]:
        """The runs of these steps, by step id, the newest last; read consistently. Steps that never ran are left out."""

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:
        """Record the runs of a step, in place of those recorded so far. LeaseLost if the environment is no longer ours."""

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        """Close the deployment's record with its result, and release the lock (`rules.lock.settled`).

        `undone` is a failed deployment that this one put right: its record gets the status it has now.

        If somebody else has claimed the environment, only the deployment's own record is closed, and that only if
        it has no result yet; then LeaseLost is raised.
        """

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        """Hold an environment by hand (`rules.lock.locked`). If a deployment holds it, the lock begins when that
        ends, and the answer is the deployment's lock; else None.

        Raises EnvironmentLocked if another lock by hand is in force or to follow.
        """

    def unlock(self, environment_id: str, lock: Lock) -> None:
        """Release this lock, also if it is not in force yet (`rules.lock.unlocked`). Fine if it is gone already."""
