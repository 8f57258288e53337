"""Keeps the record of a deployment while it goes on, and with it the hold on the environment.

Only the main thread writes. Workers ask `ours` before each change: a lease that ran out means that
somebody else may have taken over, so nothing more is changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from weco_deploy.errors import Command, Interrupted, LeaseLost, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.environment import Held
from weco_deploy.ports import Clock, Ports
from weco_deploy.rules.lock import renewal_interval


class Keeper(Protocol):
    """Where the record is kept: a ReleaseStore, or nowhere."""

    def renew(self, held: Held, lease_seconds: int) -> Held: ...
    def note(self, held: Held, deployment: Deployment) -> None: ...
    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None: ...


class Nowhere:
    """For a look at a deployment that somebody else keeps the record of, or that is closed."""

    def renew(self, held: Held, lease_seconds: int) -> Held:
        return replace(held, lease_ends=held.lease_ends + timedelta(seconds=lease_seconds))

    def note(self, held: Held, deployment: Deployment) -> None:
        """Nothing is kept."""

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        """Nothing is kept."""


class Ledger:
    """A deployment as it is recorded: `deployment` is always what is known so far."""

    def __init__(
        self, deployment: Deployment, held: Held, lease_seconds: int, store: Keeper, clock: Clock
    ) -> None:
        self.deployment = deployment
        self._held = held
        self._lease_seconds = lease_seconds
        self._store = store
        self._clock = clock
        self._renewed = self._spared_until = clock.utc()
        self._noted = deployment

    def ours(self) -> None:
        """LeaseLost if the lease has run out by our own clock. Safe to call from any thread."""
        if self._clock.utc() >= self._held.lease_ends:
            raise LeaseLost(
                f"our lock on {self._held.environment} ran out at {self._held.lease_ends:%H:%M:%S}Z: nothing more is changed",
                (
                    "run the same command again, or look at it with: ",
                    Command("confirm-deploy", "--environment-id", self._held.environment),
                ),
            )

    def renew_if_due(self) -> None:
        """Prolong the lease if a quarter of it has gone by.

        Where that fails in passing it is tried again, as long as the lease holds. LeaseLost if it has run
        out, or if somebody else has the lock.
        """
        slice_ = timedelta(seconds=renewal_interval(self._lease_seconds))
        if self._clock.utc() < self._renewed + slice_:
            return
        try:
            self._held = self._store.renew(self._held, self._lease_seconds)
        except (Throttled, Unreachable):
            self.ours()
        else:
            self._renewed = self._clock.utc()

    def holding(self, ports: Ports) -> Ports:
        """The ports for reads while we hold the environment: waiting for them renews the lease if that is due.

        Raises Interrupted there if a signal asks to stop, and what `renew_if_due` raises.
        """

        def stop_or_renew() -> None:
            if ports.interrupts.requested():
                raise Interrupted("interrupted while waiting for AWS's answers")
            self.renew_if_due()

        return replace(ports, calls=ports.calls.meanwhile(stop_or_renew))

    def wait(self, seconds: float) -> None:
        """Let time pass and keep the lease meanwhile."""
        end = self._clock.utc() + timedelta(seconds=seconds)
        while (left := (end - self._clock.utc()).total_seconds()) > 0:
            self.renew_if_due()
            self._clock.wait(min(left, renewal_interval(self._lease_seconds)))

    def tag_moved(self, image_id: str, *, moved: bool) -> None:
        change = replace(self.deployment.images[image_id], tag_moved=moved)
        self.deployment = replace(self.deployment, images={**self.deployment.images, image_id: change})

    def service(self, outcome: ServiceOutcome) -> None:
        """How a service fares, in place of what was known of it."""
        services = tuple(
            outcome if known.service_id == outcome.service_id else known for known in self.deployment.services
        )
        self.deployment = replace(self.deployment, services=services)

    def outcome(self, service_id: str) -> ServiceOutcome:
        return next(known for known in self.deployment.services if known.service_id == service_id)

    def redeployed(self, service_id: str, ecs_deployment_id: str) -> None:
        known = self.outcome(service_id)
        self.service(replace(known, ecs_deployment_id=ecs_deployment_id, status=ServiceStatus.IN_PROGRESS))

    def note(self) -> None:
        """Record how far it got, if that changed since the last time. LeaseLost if somebody took over.

        The intent is on record already, and each note and the verdict have all of it: one that AWS does
        not take is made up for by the next. A table that is too busy is spared for a quarter of the lease:
        renewing that is what it must have room for.
        """
        if self.deployment == self._noted or self._clock.utc() < self._spared_until:
            return
        try:
            self._store.note(self._held, self.deployment)
        except Throttled:
            self._spared_until = self._clock.utc() + timedelta(seconds=renewal_interval(self._lease_seconds))
            self.ours()
        except Unreachable:
            self.ours()
        else:
            self._noted = self.deployment

    @property
    def held(self) -> Held:
        """Our hold on the environment, for a deployment that takes over from this one."""
        return self._held

    def verdict(self, status: DeploymentStatus, at: datetime, reason: str = "") -> Deployment:
        """The deployment with its verdict, which is not recorded yet."""
        self.deployment = replace(self.deployment, status=status, date_finished=at, reason=reason)
        return self.deployment

    def settle(self, undone: Deployment | None = None) -> None:
        """Close the record and let the environment go. LeaseLost if it was not ours any more.

        `undone` is a failed deployment that this one put right, with the status that it has now.
        """
        self._store.settle(self._held, self.deployment, undone)
