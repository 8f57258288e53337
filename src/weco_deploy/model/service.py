"""ECS services and tasks, as they were observed: AWS's answers in our types, not judged.

AWS's statuses stay strings, because AWS adds new ones, which must not break anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from weco_deploy.model.arn import resource_name
from weco_deploy.model.launch import Launch
from weco_deploy.model.lifecycle import ALL_AT_ONCE, NO_LIFECYCLE, Lifecycle, TrafficShift
from weco_deploy.model.targets import Target, TargetGroup

SERVICE_TAG = "deployment:service"
"""The AWS tag of an ECS service that has its service id."""
ENVIRONMENT_TAG = "deployment:env"
"""The AWS tag of an ECS service that has its environment's id."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """An ECS service: the ARN of its cluster and its name there."""

    cluster: str
    name: str

    @property
    def cluster_name(self) -> str:
        return resource_name(self.cluster)

    def __str__(self) -> str:
        return f"{self.cluster_name}/{self.name}"


@dataclass(frozen=True, slots=True)
class FoundService:
    """A service that discovery found, and the service id in its tag."""

    key: ServiceKey
    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsDeployment:
    """A deployment of a service, as DescribeServices returns it: in `deployments`, or by CodeDeploy as a task set.

    `status` is PRIMARY, ACTIVE or INACTIVE. `rollout_state` is IN_PROGRESS, COMPLETED or FAILED, or None where ECS
    returns none (with a Classic Load Balancer). `failed_tasks` counts consecutive failures. A deployment by CodeDeploy has its id,
    and a `task_set`.
    """

    id: str
    status: str
    rollout_state: str | None
    rollout_reason: str = ""
    desired: int = 0
    running: int = 0
    pending: int = 0
    failed_tasks: int = 0
    created_at: datetime
    task_definition: str = ""
    task_set: str = ""

    @property
    def started_by(self) -> str:
        """The `startedBy` of its tasks."""
        return self.task_set or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a task.

    `image` is the image in the task definition, or only `<repository>@<digest>`, as some versions of the ECS agent report it;
    `defined` is True if it was read from the task definition. `digest` is that of the pulled image, or None if ECS doesn't
    report it. `health` is HEALTHY, UNHEALTHY or UNKNOWN, or empty if ECS doesn't report it. Load balancers reach the container
    at its own `addresses`, or at `host_ports` of its EC2 instance.
    """

    name: str
    image: str
    defined: bool = False
    digest: str | None = None
    status: str = ""
    exit_code: int | None = None
    reason: str = ""
    health: str = ""
    addresses: tuple[str, ...] = ()
    host_ports: tuple[int, ...] = ()

    @property
    def named_by_digest(self) -> bool:
        """Whether ECS names the image by its digest only, so that the image in the task definition is not known."""
        repository, by_digest, _ = self.image.partition("@")
        return bool(by_digest) and ":" not in repository.rpartition("/")[2] and not self.defined


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a service.

    `deployment_id` is the ECS deployment that started it (`startedBy`), or None if that is unknown. `health` is HEALTHY,
    UNHEALTHY or UNKNOWN; it is UNKNOWN, too, if the task definition has no health check. `container_instance` is the ARN of the
    container instance that it was placed on; empty on Fargate.
    """

    arn: str
    service_name: str
    deployment_id: str | None
    task_definition: str
    status: str
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    health: str = ""
    stop_code: str = ""
    stopped_reason: str = ""
    container_instance: str = ""
    containers: tuple[Container, ...] = ()

    @property
    def id(self) -> str:
        return resource_name(self.arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """An entry in a service's event log."""

    id: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as DescribeServices returns it, with its tags.

    `controller` is ECS, CODE_DEPLOY or EXTERNAL. `strategy` is ROLLING, BLUE_GREEN, LINEAR or CANARY. `scheduling` is
    REPLICA or DAEMON. `status` is ACTIVE, DRAINING or INACTIVE. The percentages are those of its deployment
    configuration, None if ECS names none. `service_deployment_arn` names the current service
    deployment; it is empty where ECS doesn't name one. `target_groups` are those of its load balancers. `alarms` are the
    CloudWatch alarms that watch its deployments. `removes_old_tasks_later`: with early success, ECS removes old tasks after it
    has called the rollout complete. `traffic_to` is the container that gets the traffic, where CodeDeploy shifts it. `traffic_shift` counts unless the strategy is ROLLING. `launch_type` is EC2, FARGATE or
    EXTERNAL; it is empty if the service has `capacity_providers` instead. `launch` says where its tasks run, and how.
    `health_check_grace`: for so long after a task started, ECS ignores that it is unhealthy. `as_of` is the time of the
    answer by AWS's clock, to the second, or None if the answer doesn't tell it.
    """

    key: ServiceKey
    arn: str
    status: str
    desired: int
    running: int
    pending: int = 0
    task_definition: str = ""
    controller: str = "ECS"
    strategy: str = "ROLLING"
    scheduling: str = "REPLICA"
    breaker: bool = False
    maximum_percent: int | None = None
    minimum_healthy_percent: int | None = None
    deployments: tuple[EcsDeployment, ...] = ()
    events: tuple[ServiceEvent, ...] = ()
    service_deployment_arn: str = ""
    target_groups: tuple[TargetGroup, ...] = ()
    alarms: tuple[str, ...] = ()
    traffic_to: TargetGroup | None = None
    removes_old_tasks_later: bool = False
    traffic_shift: TrafficShift = ALL_AT_ONCE
    health_check_grace: timedelta = timedelta(0)
    launch_type: str = ""
    capacity_providers: tuple[str, ...] = ()
    launch: Launch | None = None
    as_of: datetime | None = None
    service_id: str | None = None
    environment: str | None = None

    @property
    def primary(self) -> EcsDeployment | None:
        return next((deployment for deployment in self.deployments if deployment.status == "PRIMARY"), None)

    def deployment(self, deployment_id: str) -> EcsDeployment | None:
        return next((deployment for deployment in self.deployments if deployment.id == deployment_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDeployment:
    """A service deployment: ECS's own verdict on a deployment of a service, as DescribeServiceDeployments returns it.

    `status` is PENDING, IN_PROGRESS, SUCCESSFUL, STOP_REQUESTED, STOPPED or one of ROLLBACK_*; of a deployment `by` CodeDeploy also FAILED. `breaker` is the status of
    its circuit breaker: MONITORING while it counts failures, MONITORING_COMPLETE, TRIGGERED or DISABLED. `source_revisions` are the
    ARNs of the service revisions that ran when it began: a rollback returns to one of them.
    """

    arn: str
    status: str
    target_revision: str
    source_revisions: tuple[str, ...] = ()
    reason: str = ""
    breaker: str = ""
    failures: int = 0
    threshold: int = 0
    alarms: str = ""
    triggered_alarms: tuple[str, ...] = ()
    lifecycle: Lifecycle = NO_LIFECYCLE
    by: str = "ECS"

    def deploys(self, deployment_id: str) -> bool:
        """Whether this is the verdict on the deployment `ecs-svc/<number>`: its target revision has the same number."""
        return resource_name(self.target_revision) == resource_name(deployment_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyService:
    """An ECS service that was found while another one was searched for in vain.

    `service_id` and `environment` are the values of its two tags, None for a tag that it lacks. `images` are those of its
    task definition, empty if it was not read.
    """

    key: ServiceKey
    service_id: str | None
    environment: str | None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DefinedContainer:
    """A container in a task definition, with its awslogs options, if any.

    `health_checked` says whether ECS checks its health and a task's health depends on it: only essential containers count.
    `pinned` says whether all tasks of a deployment run the digest that its tag was first resolved to (`versionConsistency`).
    An `essential` container ends its task when it ends.
    """

    name: str
    image: str
    log_driver: str | None = None
    log_group: str | None = None
    log_region: str | None = None
    log_stream_prefix: str | None = None
    health_checked: bool = False
    pinned: bool = True
    essential: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """A revision of a task definition.

    `own_network` says whether its tasks have network interfaces of their own (`awsvpc`). `roles` are the ARNs of the roles that
    its tasks get: their own and that of ECS's agent.
    """

    arn: str
    family: str
    containers: tuple[DefinedContainer, ...]
    own_network: bool = False
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """The digest that a service revision resolved a container's image to; None if it is not resolved yet."""

    container: str
    image: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """A service and its tasks at one time.

    `tasks` are the tasks that should run, `stopped` those that have stopped, `resolved` the images of the PRIMARY
    deployment's revision, `service_deployment` is the current service deployment; None if they were not or can't be read.
    `defined` has the containers of the task definitions that were read.

    `health_checked` has the containers of the running tasks whose health ECS checks, by task definition, and `targets` the
    targets in the service's target groups, by ARN. What this poll did not read is missing there; None: it can't be read at all.
    `hosts` are the ids of the EC2 instances of container instances, by ARN, in the same way.
    `protected` are the tasks that are known to be protected from scale-in, by ARN, each with the time when that ends, if known.
    """

    service: Service
    tasks: tuple[Task, ...] | None = None
    stopped: tuple[Task, ...] | None = None
    resolved: tuple[ResolvedImage, ...] | None = None
    service_deployment: ServiceDeployment | None = None
    defined: Mapping[str, tuple[DefinedContainer, ...]] = field(default_factory=dict)
    health_checked: Mapping[str, frozenset[str]] | None = None
    targets: Mapping[str, tuple[Target, ...]] | None = None
    hosts: Mapping[str, str] | None = None
    protected: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Task ARNs of a service or a cluster. `next_token` reads on, and is None if these are all."""

    arns: tuple[str, ...]
    next_token: str | None = None

    @property
    def complete(self) -> bool:
        return self.next_token is None
