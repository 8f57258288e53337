"""Keeps the record of a deployment up to date while it goes on, and renews its lock on the environment.

Only the main thread writes. Workers call `ours` before each change: if the lease ran out, somebody else may have taken over,
so nothing more may be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from weco_deploy.errors import Command, Interrupted, LeaseLost, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.environment import Held
from weco_deploy.model.service import EcsDeployment
from weco_deploy.model.steps import StepOutcome, StepRun
from weco_deploy.ports import Clock, Ports
from weco_deploy.rules.lock import renewal_interval

NOTE_INTERVAL = timedelta(seconds=1)
"""How long after a note progress is noted again. Each note costs the table a write for each item that changed."""


RECORD_AGAIN_AFTER = 1.0
"""Seconds."""


class Keeper(Protocol):
    """The part of a ReleaseStore that keeps a deployment's record."""

    def renew(self, held: Held, lease_seconds: int) -> Held: ...
    def note(self, held: Held, deployment: Deployment) -> None: ...
    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None: ...
    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None: ...


class Nowhere:
    """Keeps no record: of a deployment that is only watched."""

    def renew(self, held: Held, lease_seconds: int) -> Held:
        return replace(held, lease_ends=held.lease_ends + timedelta(seconds=lease_seconds))

    def note(self, held: Held, deployment: Deployment) -> None:
        """Write nothing."""

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:
        """Write nothing."""

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        """Write nothing."""


class Ledger:
    """A deployment and its record. `deployment` is what is known so far; `note` and `settle` record it."""

    def __init__(
        self, deployment: Deployment, held: Held, lease_seconds: int, store: Keeper, clock: Clock
    ) -> None:
        self.deployment = deployment
        self._held = held
        self._lease_seconds = lease_seconds
        self._store = store
        self._clock = clock
        self._renewed = self._no_notes_until = self._next_note = clock.utc()
        self._noted = deployment
        self._begun: dict[str, EcsDeployment] = {}

    def ours(self) -> None:
        """Raise LeaseLost if the lease has run out by our own clock. Any thread may call it."""
        if self._clock.utc() >= self._held.lease_ends:
            raise LeaseLost(
                f"our lock on {self._held.environment} ran out at {self._held.lease_ends:%H:%M:%S}Z: nothing more is changed",
                (
                    "run the same command again, or look at it with: ",
                    Command("confirm-deploy", "--environment-id", self._held.environment),
                ),
            )

    def renew_if_due(self) -> None:
        """Extend the lease if a quarter of it has passed.

        After a passing error the next call tries again, as long as the lease holds. Raises LeaseLost if the lease ran out or
        somebody else has the lock, and any other AwsError.
        """
        interval = timedelta(seconds=renewal_interval(self._lease_seconds))
        if self._clock.utc() < self._renewed + interval:
            return
        try:
            self._held = self._store.renew(self._held, self._lease_seconds)
        except (Throttled, Unreachable):
            self.ours()
        else:
            self._renewed = self._clock.utc()

    def note_and_renew_if_due(self) -> None:
        """Record the progress and extend the lease, each if it is due: what is done while many changes are waited for.

        Raises what `note_if_due` and `renew_if_due` raise.
        """
        self.note_if_due()
        self.renew_if_due()

    def holding(self, ports: Ports) -> Ports:
        """The ports, with calls that renew the lease while they are waited for, if that is due.

        Waiting raises Interrupted if a signal asks to stop, and what `renew_if_due` raises.
        """

        def stop_or_renew() -> None:
            if ports.interrupts.requested():
                raise Interrupted("interrupted while waiting for AWS's answers")
            self.renew_if_due()

        return replace(ports, calls=ports.calls.meanwhile(stop_or_renew))

    def wait(self, seconds: float) -> None:
        """Wait, and renew the lease before and meanwhile.

        It is renewed also where there is no time to wait: polls that take as long as their interval follow each other at once.
        """
        end = self._clock.utc() + timedelta(seconds=seconds)
        while True:
            self.renew_if_due()
            left = (end - self._clock.utc()).total_seconds()
            if left <= 0:
                return
            self._clock.wait(min(left, renewal_interval(self._lease_seconds)))

    def tag_moved(self, image_id: str, *, moved: bool) -> None:
        change = replace(self.deployment.images[image_id], tag_moved=moved)
        self.deployment = replace(self.deployment, images={**self.deployment.images, image_id: change})

    def service(self, outcome: ServiceOutcome) -> None:
        """Replace what is known of the service."""
        services = tuple(
            outcome if known.service_id == outcome.service_id else known for known in self.deployment.services
        )
        self.deployment = replace(self.deployment, services=services)

    def outcome(self, service_id: str) -> ServiceOutcome:
        return next(known for known in self.deployment.services if known.service_id == service_id)

    def step_outcome(self, step_id: str) -> StepOutcome:
        return next(known for known in self.deployment.steps if known.id == step_id)

    def step(self, outcome: StepOutcome) -> None:
        """Replace what is known of the step."""
        steps = tuple(outcome if known.id == outcome.id else known for known in self.deployment.steps)
        self.deployment = replace(self.deployment, steps=steps)

    def redeployed(self, service_id: str, begun: EcsDeployment) -> None:
        """Note that ECS began this deployment of the service. Its details are kept for the watch, not recorded."""
        self._begun[service_id] = begun
        known = self.outcome(service_id)
        self.service(
            replace(known, ecs_deployment_id=begun.id, ecs_rollback=None, status=ServiceStatus.IN_PROGRESS)
        )

    def ecs_rolls_back(self, service_id: str, service_deployment_arn: str) -> None:
        """Note that ECS rolls this service deployment back for us. Which ECS deployment that makes is not known yet."""
        known = self.outcome(service_id)
        self.service(replace(known, ecs_rollback=service_deployment_arn, status=ServiceStatus.IN_PROGRESS))

    def begun(self, service_id: str) -> EcsDeployment | None:
        """The ECS deployment of the service that this process began, as ECS answered it."""
        return self._begun.get(service_id)

    def note_if_due(self) -> None:
        """Record the progress, if the last note is more than a second ago. Raises LeaseLost if somebody took over."""
        if self._clock.utc() >= self._next_note:
            self.note()

    def note(self) -> None:
        """Record the progress, if there is any since the last note. Raises LeaseLost if somebody took over.

        The intent is recorded already, and every note and the verdict contain all progress. So a note that fails in passing
        is made up for by the next. If the table is too busy, nothing is noted for a quarter of the lease, because the table
        must have room for renewing the lease.
        """
        if self.deployment == self._noted or self._clock.utc() < self._no_notes_until:
            return
        self._next_note = self._clock.utc() + NOTE_INTERVAL
        try:
            self._store.note(self._held, self.deployment)
        except Throttled:
            self._no_notes_until = self._clock.utc() + timedelta(
                seconds=renewal_interval(self._lease_seconds)
            )
            self.ours()
        except Unreachable:
            self.ours()
        else:
            self._noted = self.deployment

    def record_step_runs(self, step_id: str, runs: Sequence[StepRun]) -> None:
        """Record the runs of a step, as often as it takes: what follows relies on the record. Raises LeaseLost."""
        while True:
            self.renew_if_due()
            self.ours()
            try:
                self._store.note_step_runs(self._held, step_id, runs)
            except (Throttled, Unreachable):
                self._clock.wait(RECORD_AGAIN_AFTER)
            else:
                return

    @property
    def held(self) -> Held:
        """Our hold on the environment, for the rollback that takes over from this deployment."""
        return self._held

    def verdict(self, status: DeploymentStatus, at: datetime, reason: str = "") -> Deployment:
        """Set the verdict, without recording it yet, and return the deployment."""
        self.deployment = replace(self.deployment, status=status, date_finished=at, reason=reason)
        return self.deployment

    def settle(self, undone: Deployment | None = None) -> None:
        """Close the record and release the lock. Raises LeaseLost if the lock was not ours any more.

        `undone` is a failed deployment that this one rolled back, with its new status.
        """
        self._store.settle(self._held, self.deployment, undone)
