"""An environment's record: who holds the environment, and what was deployed to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.service import ServiceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who holds an environment, and why.

    `owner` is a token that only the holder knows. `deployment_id` and `lease_ends` are None for a lock taken by hand,
    which lasts until somebody releases it. `build_url` is the build that took the lock; None for a person.
    """

    owner: str
    holder: str
    reason: str
    since: datetime
    deployment_id: str | None = None
    lease_ends: datetime | None = None
    lease_seconds: int = 0
    build_url: str | None = None

    @property
    def why(self) -> str:
        """The reason; empty if nobody gave one, although 5.x's text for that was recorded."""
        return "" if self.reason == DEFAULT_DESCRIPTION else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedImage:
    """The version of an image that was last deployed to the environment.

    `worked` is about the image: the deployment as a whole may have failed (see `Deployment.worked`). `name` is the commit
    or version in `ref`, as `ImageVersion.name`.
    `ran` says whether this version was ever seen running there (see `Deployment.ran`).
    """

    release_id: str
    digest: str
    ref: str | None = None
    worked: bool = True
    name: str | None = None
    ran: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownService:
    """A service of an earlier deployment, with the ECS deployment that it made, and the digests which that deployed.

    `failed` means that this ECS deployment failed. The service then needs a new one, even if it seems to run now.
    """

    service_id: str
    key: ServiceKey
    ecs_deployment_id: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRelease:
    """A release and the deployment that applied it. The deployment may be one of 5.x, with a derived id."""

    release_id: str
    deployment_id: str
    status: DeploymentStatus

    @classmethod
    def of(cls, deployment: Deployment) -> DeployedRelease:
        """The release, id and current status of a deployment."""
        return cls(
            release_id=deployment.release_id,
            deployment_id=deployment.deployment_id,
            status=deployment.status,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRelease:
    """The release that was deployed last to an environment.

    `since` is when it began to run there or, if its deployment did not succeed, when that ended; None if no deployment that was
    read tells. `other_releases` is the number of other releases of which the environment has images.
    """

    release_id: str
    status: DeploymentStatus
    since: datetime | None = None
    other_releases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecord:
    """The record of an environment.

    `fence` grows with each claim, and a claim succeeds only if the fence is still the one that was observed. `current` is
    the release deployed last, with any result; `good` is the last release that succeeded and whose images all ran. `next_lock` is a lock that
    somebody requested during a deployment.
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
    """The request of a deployment to hold an environment. It is recorded in one transaction.

    Args:
        deployment: the deployment, with everything that it will do.
        observed: the environment's record on which the deployment was planned.
        owner: the token of the lock.
        lease_seconds: how long the lease lasts if it isn't renewed.
        release: the deployment's release, as it was read or will be recorded.
        release_is_new: whether the release is not recorded yet.
        settles: an earlier deployment, with its result: it was cut off, or this deployment rolls it back.
        next_lock: a lock by hand that holds from the end of the deployment.

    """

    deployment: Deployment
    observed: EnvironmentRecord
    owner: str
    lease_seconds: int
    release: Release
    release_is_new: bool = False
    settles: Deployment | None = None
    next_lock: Lock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An environment that we hold: the lock's token, the fence, and the end of the lease (UTC)."""

    environment: str
    owner: str
    fence: int
    lease_ends: datetime
