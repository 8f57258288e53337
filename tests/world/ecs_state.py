"""The state of ECS: services, their deployments and their tasks, as they really are at the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tests.world.behaviour import Behaviour
from weco_deploy.model.service import DefinedContainer, ServiceEvent, ServiceKey

EVENTS_KEPT = 100
"""DescribeServices answers no more events than this."""


@dataclass(frozen=True, slots=True)
class Place:
    """An account and a region: what one ServiceRuntime sees."""

    account: str
    region: str

    def arn(self, kind: str, *path: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{kind}/{'/'.join(path)}"


@dataclass(slots=True, kw_only=True)
class RunningContainer:
    """A container of a task.

    `wanted` is the digest that it will run (None: its tag can't be resolved), `digest` what it reports,
    None until it was pulled.
    """

    defined: DefinedContainer
    wanted: str | None
    digest: str | None = None
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str = ""
    behaviour: Behaviour = field(default_factory=Behaviour)


@dataclass(slots=True, kw_only=True)
class RunningTask:
    """A task, running or stopped."""

    arn: str
    deployment_id: str
    task_definition: str
    created_at: datetime
    containers: list[RunningContainer]
    status: str = "PENDING"
    desired_status: str = "RUNNING"
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""

    @property
    def wanted(self) -> bool:
        return self.desired_status == "RUNNING"

    @property
    def runs(self) -> bool:
        """Whether it counts as running: also while it is told to stop."""
        return self.status == "RUNNING"


@dataclass(slots=True, kw_only=True)
class Rollout:
    """One deployment of a service.

    `pins` is container name → the digest that the first task resolved; None before that. `unpinned` is
    what a rollout becomes whose tags could not be resolved three times. `failed` counts failed starts in a
    row, `starting` tasks that are about to be placed; `halted`: it starts no more; `rolls_back`: it is a
    rollback. `attempt` changes with every change of its running tasks.
    """

    id: str
    task_definition: str
    created_at: datetime
    status: str = "PRIMARY"
    state: str = "IN_PROGRESS"
    reason: str = ""
    pins: dict[str, str] | None = None
    unpinned: bool = False
    unresolved: int = 0
    failed: int = 0
    starting: int = 0
    halted: bool = False
    rolls_back: bool = False
    attempt: int = 0

    @property
    def completed(self) -> bool:
        return self.state == "COMPLETED"


@dataclass(slots=True, kw_only=True)
class RunningService:
    """A service as it was declared, and all that goes on in it. `rollouts` has the newest first.

    `pins_tags` is containerDefinitions' versionConsistency; `classic` means a Classic Load Balancer, for
    which ECS tells no rolloutState; `indexed` whether the tagging API knows the service; `pulls_once` an
    instance that keeps to the image it pulled first (ECS_IMAGE_PULL_BEHAVIOR=once).
    """

    place: Place
    key: ServiceKey
    arn: str
    desired: int
    task_definition: str
    service_id: str | None
    environment: str | None
    breaker: bool = True
    rolls_back: bool = True
    scheduling: str = "REPLICA"
    controller: str = "ECS"
    strategy: str = "ROLLING"
    pins_tags: bool = True
    classic: bool = False
    indexed: bool = True
    pulls_once: bool = False
    status: str = "ACTIVE"
    rollouts: list[Rollout] = field(default_factory=list)
    tasks: list[RunningTask] = field(default_factory=list)
    events: list[ServiceEvent] = field(default_factory=list)
    cached: dict[str, str] = field(default_factory=dict)
    good: Rollout | None = None

    @property
    def primary(self) -> Rollout:
        return self.rollouts[0]

    @property
    def threshold(self) -> int:
        """Failures that trip the circuit breaker: half of the desired count, between 3 and 200."""
        return max(3, min(200, -(-self.desired // 2)))

    def tasks_of(self, rollout: Rollout) -> list[RunningTask]:
        """Its tasks that have not stopped."""
        return [task for task in self.tasks if task.deployment_id == rollout.id and task.status != "STOPPED"]

    def count(self, status: str, rollout: Rollout | None = None) -> int:
        return sum(
            1
            for task in self.tasks
            if task.status == status and (rollout is None or task.deployment_id == rollout.id)
        )

    @property
    def steady(self) -> bool:
        """Whether nothing moves any more: one completed rollout (or one that gave up), all tasks up."""
        primary = self.primary
        if self.status != "ACTIVE" or (primary.halted and not self.count("PENDING")):
            return True
        return (
            primary.completed
            and len(self.rollouts) == 1
            and self.count("RUNNING") == self.desired
            and not self.count("PENDING")
        )
