"""What is recorded of an environment: who holds it and what was applied to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.service import ServiceKey

CLOCK_GRACE = timedelta(seconds=15)
"""Another holder's lease counts as over only this much later: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who holds an environment and why.

    `owner` is a token that only the holder knows; `deployment_id` is None for a lock taken by hand,
    and so is `lease_ends`: such a lock holds until it is released.
    """

    owner: str
    holder: str
    reason: str
    since: datetime
    deployment_id: str | None = None
    lease_ends: datetime | None = None
    lease_seconds: int = 0

    def over(self, now: datetime) -> bool:
        """Whether its lease ran out, judged by somebody else at `now` (UTC)."""
        return self.lease_ends is not None and now >= self.lease_ends + CLOCK_GRACE

    def refusal(self, environment: str) -> EnvironmentLocked:
        """The error for somebody who wants the environment while this lock holds."""
        what = f"deployment {self.deployment_id}" if self.deployment_id else "by hand"
        until = f", lease until {self.lease_ends:%H:%M:%S}Z" if self.lease_ends else ""
        return EnvironmentLocked(
            f"{environment} is locked by {self.holder} ({what}) since {self.since:%Y-%m-%d %H:%M:%S}Z{until}: "
            f"{self.reason or 'no reason given'}",
            "wait for it with --wait-for-lock SECONDS"
            if self.deployment_id
            else (
                "ask its holder, or release it with: ",
                Command("unlock", "--environment-id", environment),
                " (--force if it is not yours)",
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedImage:
    """The version of an image that a deployment last applied to the environment.

    `worked`: it worked there, though the deployment as a whole may have failed (`Deployment.worked`).
    """

    release_id: str
    digest: str
    ref: str | None = None
    worked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownService:
    """A service that a deployment found, the ECS deployment it noted, and the digests that one was for.

    `failed`: it was judged to have failed, so that it needs another one, whatever it seems to run at a moment.
    """

    service_id: str
    key: ServiceKey
    ecs_deployment_id: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRelease:
    """A release and the deployment that applied it; `deployment_id` may be one derived for 5.x history."""

    release_id: str
    deployment_id: str
    status: DeploymentStatus

    @classmethod
    def of(cls, deployment: Deployment) -> DeployedRelease:
        """What is kept of that deployment, as it stands."""
        return cls(
            release_id=deployment.release_id,
            deployment_id=deployment.deployment_id,
            status=deployment.status,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecord:
    """The environment item.

    `fence` only grows: a claim succeeds if it is still the one that was seen. `current` is the release
    last claimed, `good` the last that succeeded. `next_lock` is a lock asked for during a deployment.
    """

    environment: str
    fence: int = 0
    lock: Lock | None = None
    next_lock: Lock | None = None
    images: Mapping[str, AppliedImage] = field(default_factory=dict)
    services: Mapping[str, KnownService] = field(default_factory=dict)
    current: DeployedRelease | None = None
    good: DeployedRelease | None = None

    def locked(self, lock: Lock, now: datetime) -> EnvironmentRecord:
        """The record once `lock` is taken by hand: at once, or from the end of the deployment that holds it.

        Raises EnvironmentLocked if another lock by hand stands or waits.
        """
        standing = self.lock
        if standing is None or standing.over(now):
            if self.next_lock is not None and self.next_lock.owner != lock.owner:
                raise self.next_lock.refusal(self.environment)
            return replace(self, lock=lock, next_lock=None)
        if standing.owner == lock.owner:
            return self
        if standing.deployment_id is None:
            raise standing.refusal(self.environment)
        if self.next_lock is not None and self.next_lock.owner != lock.owner:
            raise self.next_lock.refusal(self.environment)
        return replace(self, next_lock=lock)

    def unlocked(self, lock: Lock) -> EnvironmentRecord:
        """The record once `lock` is released; the one that waits for its turn takes over."""
        if self.lock is not None and self.lock.owner == lock.owner:
            return replace(self, lock=self.next_lock, next_lock=None)
        if self.next_lock is not None and self.next_lock.owner == lock.owner:
            return replace(self, next_lock=None)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """That we hold an environment: the token, the fence taken, and until when (UTC)."""

    environment: str
    owner: str
    fence: int
    lease_ends: datetime
