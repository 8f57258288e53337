"""The events of a small deployment, for the tests of progress."""

from __future__ import annotations

from datetime import datetime

from tests.report.samples import CRASH, deployment, key, later, outcome, plan, planned_image, planned_service
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Progress, ServiceRedeployed, ServiceSettled, Settled, TagMoved
from weco_deploy.model.plan import Action

IMAGE = planned_image("search", "a", "b")

CLAIMED = Claimed(
    deployment(
        DeploymentStatus.IN_PROGRESS,
        (
            outcome("search", ServiceStatus.PENDING),
            outcome("worker", ServiceStatus.PENDING),
            outcome("items", ServiceStatus.UNCHANGED),
        ),
    ),
    plan(
        (IMAGE,),
        (
            planned_service("search", Action.REDEPLOY, "other images run"),
            planned_service("worker", Action.ADOPT, "a rollout goes on"),
            planned_service("items", Action.LEAVE, "it runs this release"),
        ),
    ),
)
MOVED = TagMoved(IMAGE)
REDEPLOYED = ServiceRedeployed("search", key("search-prod"), "ecs-svc/7")


def looked_at(service_id: str, at: float, running: int = 0, state: str = "tasks start") -> Progress:
    return Progress(
        outcome(service_id, ServiceStatus.IN_PROGRESS, state), running, 2, state, later(at), later(3)
    )


def succeeded(service_id: str, at: float) -> ServiceSettled:
    return ServiceSettled(outcome(service_id, ServiceStatus.SUCCEEDED), 2, 2, later(at), later(3))


def crashed(service_id: str, at: float) -> ServiceSettled:
    return ServiceSettled(
        outcome(service_id, ServiceStatus.FAILED, "tasks failed to start", (CRASH,)),
        0,
        2,
        later(at),
        later(3),
    )


SETTLED = Settled(
    deployment(
        DeploymentStatus.FAILED,
        (
            outcome("search", ServiceStatus.FAILED, "tasks failed to start", (CRASH,)),
            outcome("worker", ServiceStatus.SUCCEEDED),
            outcome("items", ServiceStatus.UNCHANGED),
        ),
    )
)


class Watch:
    """A clock that shows the time that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return later(self.seconds)
