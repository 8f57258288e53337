"""A deployment: a release applied to an environment, as it is recorded and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from weco_deploy.model.service import ServiceKey


class DeploymentStatus(StrEnum):
    """`unverified` is what 5.x recorded: no verdict was kept."""

    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    ROLLED_BACK = "rolled_back"
    UNVERIFIED = "unverified"


class ServiceStatus(StrEnum):
    """`unchanged`: it ran the release already. `superseded`: a later deployment of somebody else's took over."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    UNCHANGED = "unchanged"
    NOTHING_RUNNING = "nothing_running"


SETTLED = frozenset(
    {
        ServiceStatus.SUCCEEDED,
        ServiceStatus.FAILED,
        ServiceStatus.SUPERSEDED,
        ServiceStatus.UNCHANGED,
        ServiceStatus.NOTHING_RUNNING,
    }
)
GOOD = frozenset({ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED, ServiceStatus.NOTHING_RUNNING})
PRESUMED_GOOD = frozenset({DeploymentStatus.SUCCEEDED, DeploymentStatus.UNVERIFIED})
"""Statuses of deployments that are good enough to go back to."""


class Kind(StrEnum):
    """How a deployment came about; `rollback` looks past those that were rollbacks."""

    DEPLOY = "deploy"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


def reasons(*said: str) -> str:
    """One text of those that say anything."""
    return "; ".join(each for each in said if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that went wrong in a service.

    `kind` is `task`, `event` or `ecs`; `log_lines` are the container's last lines, which go to the
    terminal and to JSON but never into the record, and `log_location` says where they are.
    """

    kind: str
    message: str
    task: str | None = None
    container: str | None = None
    stop_code: str | None = None
    exit_code: int | None = None
    log_location: str | None = None
    log_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """What a deployment does to an image's environment tag.

    `from_digest` is None if the tag did not exist; `tag_moved` says that it was moved, by this deployment.
    """

    image_id: str
    from_digest: str | None
    to_digest: str
    tag_moved: bool = False
    from_ref: str | None = None
    to_ref: str | None = None

    @property
    def applied(self) -> bool:
        """Whether the tag points at `to_digest` now, as far as this deployment had a part in it."""
        return self.tag_moved or self.from_digest == self.to_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOutcome:
    """How a service fared in a deployment. `images` are ids of the images it runs."""

    service_id: str
    key: ServiceKey
    images: tuple[str, ...]
    status: ServiceStatus
    ecs_deployment_id: str | None = None
    reason: str = ""
    failures: tuple[Failure, ...] = ()

    @property
    def settled(self) -> bool:
        return self.status in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment as far as it got.

    `gate_override` is the reason that was given to pass a closed gate. `rollback` is the deployment
    that put things back after this one failed. `reason` says why it ended as it did, where that is
    no single service's matter.
    """

    deployment_id: str
    release_id: str
    project_id: str
    environment: str
    status: DeploymentStatus
    date_created: datetime
    requested_by: str
    description: str
    date_finished: datetime | None = None
    build_url: str | None = None
    kind: Kind = Kind.DEPLOY
    gate_override: str | None = None
    images: Mapping[str, ImageChange] = field(default_factory=dict)
    services: tuple[ServiceOutcome, ...] = ()
    reason: str = ""
    rollback: Deployment | None = None

    def worked(self, image_id: str) -> bool:
        """Whether this version of an image, which the deployment applied, worked there.

        It did if the deployment succeeded, or at least every service of it that runs the image. An image
        that no service runs can do no more than have its tag moved.
        """
        running = [service for service in self.services if image_id in service.images]
        return self.status in PRESUMED_GOOD or all(service.status in GOOD for service in running)

    @property
    def finished(self) -> bool:
        return self.status is not DeploymentStatus.IN_PROGRESS
