"""A deployment is a release applied to an environment. This is how it is recorded and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from weco_deploy.model.direction import Direction
from weco_deploy.model.draining import DrainingTask
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import BY_DECLARATION, LeftOut
from weco_deploy.model.rollout_check import CHECKS
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome
from weco_deploy.model.tags import commit_in


class DeploymentStatus(StrEnum):
    """The status of a deployment. `unverified`: 5.x made it, and recorded no verdict."""

    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    ROLLED_BACK = "rolled_back"
    UNVERIFIED = "unverified"


HOW_IT_ENDED: Mapping[DeploymentStatus, str] = {
    DeploymentStatus.IN_PROGRESS: "has not ended",
    DeploymentStatus.SUCCEEDED: "succeeded",
    DeploymentStatus.FAILED: "failed",
    DeploymentStatus.TIMED_OUT: "timed out",
    DeploymentStatus.INTERRUPTED: "was interrupted",
    DeploymentStatus.ROLLED_BACK: "failed and was rolled back",
    DeploymentStatus.UNVERIFIED: "was recorded without a verdict",
}
"""What sentences say of a deployment with this status: `the last deployment to stage timed out`."""


class ServiceStatus(StrEnum):
    """The status of a service in a deployment.

    `unverified`: nothing told what the service runs until the waiting time ended. A later look may tell, so it is not settled.
    `unchanged`: the service ran the release already. `superseded`: somebody else deployed it later.
    `not_started`: an earlier wave did not succeed, so the service was not redeployed.
    """

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    UNCHANGED = "unchanged"
    NOTHING_RUNNING = "nothing_running"
    UNVERIFIED = "unverified"
    NOT_STARTED = "not_started"


SETTLED = frozenset(
    {
        ServiceStatus.SUCCEEDED,
        ServiceStatus.FAILED,
        ServiceStatus.SUPERSEDED,
        ServiceStatus.UNCHANGED,
        ServiceStatus.NOTHING_RUNNING,
        ServiceStatus.NOT_STARTED,
    }
)
OBSERVED = frozenset({ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED})
"""The statuses of services that were seen running the release."""
GOOD = frozenset({ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED, ServiceStatus.NOTHING_RUNNING})
PRESUMED_GOOD = frozenset({DeploymentStatus.SUCCEEDED, DeploymentStatus.UNVERIFIED})
"""The statuses of deployments that a rollback may go back to."""


def reasons(*texts: str) -> str:
    """The reasons that are not empty, as one text."""
    return "; ".join(text for text in texts if text)


ALIKE = " (so did "
"""In a failure's message, what follows says how many other tasks ended alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that went wrong in a service.

    `kind` is `task`, `event` or `ecs`. `log_lines` are the container's last log lines. The terminal and JSON show
    them, but the record never contains them: it has only `log_location`, the place of the log.
    """

    kind: str
    message: str
    task: str | None = None
    container: str | None = None
    stop_code: str | None = None
    exit_code: int | None = None
    log_location: str | None = None
    log_lines: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """The message without the number of tasks that ended alike."""
        return self.message.partition(ALIKE)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """How a deployment changes an image's environment tag.

    `from_digest` is None if the tag did not exist. `tag_moved` is True once this deployment has moved the tag.
    `from_name` and `to_name` are the commits or versions in `from_ref` and `to_ref`, as `ImageVersion.name`.
    `direction` and `commits` are as in `ImageDirection`; None if it didn't matter.
    """

    image_id: str
    from_digest: str | None
    to_digest: str
    tag_moved: bool = False
    from_ref: str | None = None
    to_ref: str | None = None
    from_name: str | None = None
    to_name: str | None = None
    direction: Direction | None = None
    commits: int | None = None

    @property
    def from_commit(self) -> str | None:
        """The commit or version before; None if it is unknown."""
        return commit_in(self.from_ref, self.from_name) if self.from_ref else None

    @property
    def to_commit(self) -> str | None:
        """The commit or version after; None if it is unknown."""
        return commit_in(self.to_ref, self.to_name) if self.to_ref else None

    @property
    def applied(self) -> bool:
        """Whether the deployment left the tag at `to_digest`: it moved the tag there, or it was there before."""
        return self.tag_moved or self.unchanged

    @property
    def unchanged(self) -> bool:
        """Whether the tag was at `to_digest` before the deployment."""
        return self.from_digest == self.to_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOutcome:
    """The result of a deployment for one service.

    `images` are the ids of the images that the service runs, `draining` the old tasks that keep running although it succeeded.
    `ecs_rollback` is the ARN of the service deployment that ECS rolls back for this deployment, instead of beginning a new one.
    `tasks` are its running tasks when it was last polled, or planned; None if that is not known. They change with nearly every
    poll, so they don't count in comparisons: a change of them alone is neither recorded at once nor reported.
    """

    service_id: str
    key: ServiceKey
    images: tuple[str, ...]
    status: ServiceStatus
    ecs_deployment_id: str | None = None
    ecs_rollback: str | None = None
    reason: str = ""
    failures: tuple[Failure, ...] = ()
    draining: tuple[DrainingTask, ...] = ()
    tasks: RunningTasks | None = field(default=None, compare=False)

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

    @property
    def begun(self) -> bool:
        """Whether ECS has begun to bring the service where the deployment wants it: by a new deployment, or by a rollback."""
        return bool(self.ecs_deployment_id or self.ecs_rollback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment, finished or in progress.

    `gate_override` is the reason that somebody gave to pass a closed gate. `rollback` is the deployment that rolled
    this one back after it failed. `reason` explains the status where no single service's reason does. `left_out` is what the
    deployment did without. `can_roll_back` says whether `rollback` would find something to go back to if this deployment
    did not succeed; it is not recorded. `steps` are what it does besides moving tags and redeploying services.
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
    left_out: tuple[LeftOut, ...] = ()
    steps: tuple[StepOutcome, ...] = ()
    reason: str = ""
    rollback: Deployment | None = None
    can_roll_back: bool = field(default=True, compare=False)

    def worked(self, image_id: str) -> bool:
        """Whether the version of an image that the deployment applied worked.

        It worked if the deployment succeeded, or if all of its services that run the image did and no check failed. An image
        that no service runs counts as worked.
        """
        running = [service for service in self.services if image_id in service.images]
        return self.status in PRESUMED_GOOD or (
            all(service.status in GOOD for service in running) and not self.failed_checks
        )

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The ids of the checks that did not succeed although they had to. A check that never began is not among them."""
        return tuple(step.id for step in self.steps if step.kind == CHECKS and step.bad and not step.advisory)

    def ran(self, image_id: str) -> bool:
        """Whether the version of an image that the deployment applied was seen running, in at least one service.

        An image that no service of the environment runs counts as having run once its tag has moved. A service that is missing
        by mistake, or that uses other images, shows nothing about its images.
        """
        change = self.images.get(image_id)
        if change is None or not change.applied:
            return False
        running = [service.status for service in self.services if image_id in service.images]
        unseen = any(image_id in left.images for left in self.left_out if left.why not in BY_DECLARATION)
        return any(status in OBSERVED for status in running) or not (running or unseen)

    @property
    def superseded(self) -> bool:
        """Whether it failed only because later deployments took over."""
        bad = {service.status for service in self.services_to_blame}
        return self.status is DeploymentStatus.FAILED and bad == {ServiceStatus.SUPERSEDED}

    @property
    def bad_services(self) -> tuple[ServiceOutcome, ...]:
        """The services that did not succeed, or have not yet."""
        return tuple(service for service in self.services if service.status not in GOOD)

    @property
    def services_to_blame(self) -> tuple[ServiceOutcome, ...]:
        """The services that did not succeed, without those that were not started: these say nothing of why."""
        return tuple(
            service for service in self.bad_services if service.status is not ServiceStatus.NOT_STARTED
        )

    @property
    def took(self) -> timedelta | None:
        """How long it took; None if it has not ended."""
        return None if self.date_finished is None else self.date_finished - self.date_created

    @property
    def finished(self) -> bool:
        return self.status is not DeploymentStatus.IN_PROGRESS
