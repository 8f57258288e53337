"""What is recorded of an environment: who holds it and what was applied to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.model.service import ServiceKey


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is recorded in one transaction when a deployment takes an environment.

    Args:
        deployment: with all that it is going to do.
        observed: the environment's record that the deployment was planned on.
        owner: the token of the lock.
        lease_seconds: how long the lease lasts if it isn't renewed.
        release: the deployment's release as it was read, or as it is to be recorded.
        release_is_new: whether the release is not recorded yet.
        settles: a deployment that was cut off, or that this one is to undo, with its result.

    """

    deployment: Deployment
    observed: EnvironmentRecord
    owner: str
    lease_seconds: int
    release: Release
    release_is_new: bool = False
    settles: Deployment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """That we hold an environment: the token, the fence taken, and until when (UTC)."""

    environment: str
    owner: str
    fence: int
    lease_ends: datetime
