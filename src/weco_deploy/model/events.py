"""The events of an operation.

Operations pass each event to one callable. `local/event_sinks.py` gives it to the terminal first, then in an envelope
to the other sinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from weco_deploy.model.deployment import Deployment, ServiceOutcome
from weco_deploy.model.plan import Plan, PlannedImage
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome


@dataclass(frozen=True, slots=True)
class Claimed:
    """The deployment is recorded and holds the environment's lock. It has not changed anything yet.

    `plan` is None if this is the record of an earlier deployment, which `confirm-deploy` resumes in order to close it.
    """

    deployment: Deployment
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Settling:
    """The record of an earlier deployment, which was cut off, is closed. `deployment` has its new status."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class TagMoved:
    image: PlannedImage


@dataclass(frozen=True, slots=True)
class TagPutBack:
    """A tag was moved back, because another tag or the first service failed. If moving it back failed, `error` says why."""

    image: PlannedImage
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the deployment began. `resumed` says that an earlier deployment began it."""

    step: StepOutcome
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class StepOutput:
    """Lines that a step has logged since the last such event; none if it only goes on."""

    step_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step of the deployment has its result."""

    step: StepOutcome


@dataclass(frozen=True, slots=True)
class ServiceRedeployed:
    """ECS has accepted the redeployment of a service. `ecs_deployment_id` is the ECS deployment that it made."""

    service_id: str
    key: ServiceKey
    ecs_deployment_id: str


@dataclass(frozen=True, slots=True)
class EcsRollbackRequested:
    """ECS has accepted to roll back the deployment of a service that is in progress, in place of a redeployment."""

    service_id: str
    key: ServiceKey


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a service at a poll: one event for each service that is not settled, at each poll."""

    outcome: ServiceOutcome
    running: int
    desired: int
    state: str
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class ServiceSettled:
    """A service has its final status. `running` and `desired` are its tasks then, counted as in `Progress`."""

    outcome: ServiceOutcome
    running: int
    desired: int
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A poll of the services failed. Polling goes on."""

    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """The operation waits for somebody else's lock."""

    message: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Other information for the reader."""

    message: str


@dataclass(frozen=True, slots=True)
class RollingBack:
    """A deployment did not succeed, and its automatic rollback to `release_id` begins: `Claimed` follows.

    `failed` has its status, but is not closed yet.
    """

    failed: Deployment
    release_id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The deployment's record is closed, with the final status.

    A failed deployment that is rolled back at once is closed together with its rollback. The rollback's event comes first.
    """

    deployment: Deployment


Event = (
    Claimed
    | Settling
    | TagMoved
    | TagPutBack
    | StepStarted
    | StepOutput
    | StepFinished
    | ServiceRedeployed
    | EcsRollbackRequested
    | Progress
    | ServiceSettled
    | PollFailed
    | Waiting
    | Notice
    | RollingBack
    | Settled
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its context.

    Args:
        deployment_id: the event's deployment; None before a deployment is recorded. A run that rolls back automatically
            has two deployments.
        environment: the environment's id; None if the operation has no environment, as `publish`.
        time: the time of the event, in UTC.
        event: the event.

    """

    deployment_id: str | None
    environment: str | None
    time: datetime
    event: Event
