"""What happens during an operation, as it happens.

Operations pass these, as they are, to one callable. `local/event_sinks.py` puts each in an envelope and hands it to
everybody who wants to know: the terminal first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from weco_deploy.model.deployment import Deployment, ServiceOutcome
from weco_deploy.model.plan import Plan, PlannedImage
from weco_deploy.model.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Claimed:
    """The deployment is recorded and holds the environment's lock. Nothing was changed before this."""

    deployment: Deployment
    plan: Plan


@dataclass(frozen=True, slots=True)
class Settling:
    """An earlier deployment was cut off, and its record is closed; `deployment` has its new status."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class TagMoved:
    image: PlannedImage


@dataclass(frozen=True, slots=True)
class TagPutBack:
    """A tag was moved back, because another tag or the first service failed. `error` says why that did not work."""

    image: PlannedImage
    error: str = ""


@dataclass(frozen=True, slots=True)
class ServiceRedeployed:
    """ECS accepted the redeployment; `ecs_deployment_id` is the ECS deployment that belongs to us."""

    service_id: str
    key: ServiceKey
    ecs_deployment_id: str


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
    """A service has its final status."""

    outcome: ServiceOutcome
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A poll of the services failed; the next poll comes all the same."""

    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """We are waiting for somebody else's lock."""

    message: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something else that a reader should know."""

    message: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The deployment's record is closed with its final status."""

    deployment: Deployment


Event = (
    Claimed
    | Settling
    | TagMoved
    | TagPutBack
    | ServiceRedeployed
    | Progress
    | ServiceSettled
    | PollFailed
    | Waiting
    | Notice
    | Settled
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event, and what its reader can't know from the event alone.

    Args:
        deployment_id: the deployment it belongs to, None before one is recorded. In a run that rolls back by itself
            there are two.
        environment: the id of the environment; None where the operation has none, as `publish`.
        time: when it happened, in UTC.
        event: what happened.

    """

    deployment_id: str | None
    environment: str | None
    time: datetime
    event: Event
