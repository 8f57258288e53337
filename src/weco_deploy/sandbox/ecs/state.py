"""Clusters, task definitions and tasks: plain state. `service_state.py` has services and their deployments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from weco_deploy.sandbox.ecs.behaviour import GOOD, Behaviour

if TYPE_CHECKING:
    from weco_deploy.sandbox.ecs.service_state import Deployment, Service

Json = dict[str, Any]
"""AWS's JSON, with aware datetimes."""
GOOD_FOR_ECS = frozenset({"healthy", "unused"})
"""States of a target with which a task counts as healthy. Nobody checks an unused one; that ECS does not wait for it is chosen."""


@dataclass(frozen=True, slots=True)
class Place:
    """An account (12 digits) and a region."""

    account: str
    region: str

    def arn(self, kind: str, *path: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{kind}/{'/'.join(path)}"


@dataclass(slots=True, kw_only=True, eq=False)
class TaskDefinition:
    """A revision of a family; `registered` is what was registered, as DescribeTaskDefinition answers it."""

    arn: str
    family: str
    revision: int
    registered: Json
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def containers(self) -> list[Json]:
        found: list[Json] = self.registered["containerDefinitions"]
        return found


@dataclass(slots=True, kw_only=True, eq=False)
class Container:
    """A container of a task. `digest` is what it reports: empty until it is pulled, or for ever. `command` is RunTask's own."""

    definition: Json
    command: list[str] | None = None
    behaviour: Behaviour = GOOD
    digest: str = ""
    pulled: str = ""
    status: str = "PENDING"
    health: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str = ""
    bindings: list[Json] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def image(self) -> str:
        return str(self.definition["image"])

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def checked(self) -> bool:
        """Whether ECS checks its health: only checks of the task definition count, never those of the image."""
        return bool(self.definition.get("healthCheck")) and self.essential


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """A task, of a service or run alone. `target` is its state in the target groups: empty, or elbv2's word."""

    arn: str
    cluster: Cluster
    definition: TaskDefinition
    created_at: datetime
    launch_type: str
    started_by: str
    group: str
    containers: list[Container]
    service: Service | None = None
    deployment: Deployment | None = None
    status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    counted: bool = False
    target: str = ""
    address: str = ""
    instance: ContainerInstance | None = None
    protected_until: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    past: list[tuple[datetime, Json | None]] = field(default_factory=list)
    view: Json | None = None

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def wanted(self) -> bool:
        return self.desired_status == "RUNNING"

    @property
    def stopped(self) -> bool:
        return self.status == "STOPPED"

    @property
    def pending(self) -> bool:
        return self.status in {"PROVISIONING", "PENDING", "ACTIVATING"}

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def checked(self) -> bool:
        return any(container.checked for container in self.containers)

    @property
    def health(self) -> str:
        """HEALTHY if all checked containers are; UNKNOWN where nothing is checked."""
        states = {container.health for container in self.containers if container.checked}
        for state in ("UNHEALTHY", "UNKNOWN", "HEALTHY"):
            if state in states:
                return state
        return "UNKNOWN"

    @property
    def healthy(self) -> bool:
        """Whether it runs and passes what checks there are: those of its containers and of its target groups."""
        if not self.running or not self.wanted or (self.checked and self.health != "HEALTHY"):
            return False
        balanced = self.service is not None and bool(self.service.target_groups)
        return self.target in GOOD_FOR_ECS if balanced else True

    def protected(self, now: datetime) -> bool:
        return self.protected_until is not None and self.protected_until > now


@dataclass(frozen=True, slots=True)
class ContainerInstance:
    """An EC2 instance that runs tasks: its ARN as a container instance, and its own id."""

    arn: str
    id: str


@dataclass(slots=True, kw_only=True, eq=False)
class Cluster:
    """A cluster. `instances` is how many container instances it has; `tasks` has those that stopped within the last hour, too."""

    arn: str
    name: str
    instances: int = 1
    services: dict[str, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def container_instances(self) -> list[ContainerInstance]:
        prefix = self.arn.replace(":cluster/", ":container-instance/")
        return [
            ContainerInstance(f"{prefix}/{number:032x}", f"i-{number:017x}")
            for number in range(self.instances)
        ]
