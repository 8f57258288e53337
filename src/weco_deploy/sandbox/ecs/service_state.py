"""Services, their deployments and service revisions: plain state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.sandbox.ecs.breaker import Breaker, BreakerRules
from weco_deploy.sandbox.ecs.stages import ALL, SCALE_UP, Step
from weco_deploy.sandbox.ecs.state import Cluster, Json, Task, TaskDefinition


@dataclass(slots=True, kw_only=True, eq=False)
class Revision:
    """A service revision: what a deployment deploys. `pins` is container → digest, None before it is resolved."""

    arn: str
    definition: TaskDefinition
    created_at: datetime
    configuration: Json
    pins: dict[str, str] | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class HookRun:
    """A lifecycle hook that a deployment has come to. `kind` is AWS_LAMBDA or PAUSE, `target` the function's ARN."""

    id: str
    kind: str
    target: str
    status: str
    expires_at: datetime
    at_timeout: str

    @property
    def pending(self) -> bool:
        return self.status in {"AWAITING_ACTION", "IN_PROGRESS"}


@dataclass(slots=True, kw_only=True, eq=False)
class Progress:
    """How far a deployment by a native strategy has come.

    `test` and `production` are the weights of traffic that the new revision gets, `blue` is the revision that gets the
    rest. `over_at` is when the step is over; None while a hook or tasks are waited for. `runs` are all hooks so far.
    """

    steps: tuple[Step, ...]
    blue: Revision | None
    position: int = -1
    test: float = 0.0
    production: float = 0.0
    over_at: datetime | None = None
    runs: list[HookRun] = field(default_factory=list)

    @property
    def step(self) -> Step:
        return self.steps[max(0, self.position)]

    @property
    def scales_up(self) -> bool:
        """Whether it has come to where new tasks run."""
        return any(step.stage == SCALE_UP for step in self.steps[: self.position + 1])

    @property
    def pending(self) -> bool:
        """Whether it waits for a hook."""
        return any(run.pending for run in self.runs)

    def weights(self, revision: Revision, target: Revision) -> tuple[float, float]:
        """The weights of test traffic and of production traffic of a revision."""
        if revision is target:
            return self.test, self.production
        return (ALL - self.test, ALL - self.production) if revision is self.blue else (0.0, 0.0)


@dataclass(slots=True, kw_only=True, eq=False)
class ServiceDeployment:
    """A service deployment, as DescribeServiceDeployments knows it; `progress` is that of a native strategy."""

    arn: str
    created_at: datetime
    updated_at: datetime
    deployment: Deployment
    sources: list[Revision]
    configuration: Json
    status: str = "PENDING"
    reason: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    rollback: Json | None = None
    rollback_deployment: Deployment | None = None
    triggered_alarms: tuple[str, ...] = ()
    progress: Progress | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Deployment:
    """An entry of a service's `deployments`.

    `starting` counts tasks that are about to be placed, `unresolved` failed resolutions of its tags, `starts`
    the starts of each image. `halted`: it starts no more tasks. `fulfilled_since`: when its criteria for
    completion were met, which must last. `external_id` is the CodeDeploy deployment that it belongs to. `ignored_alarms` were in ALARM when it began.
    """

    id: str
    revision: Revision
    created_at: datetime
    updated_at: datetime
    breaker: Breaker
    external_id: str = ""
    status: str = "PRIMARY"
    state: str = "IN_PROGRESS"
    reason: str = ""
    starting: int = 0
    unresolved: int = 0
    unpinned: bool = False
    halted: bool = False
    rolls_back: bool = False
    fulfilled_since: datetime | None = None
    ignored_alarms: frozenset[str] = frozenset()
    starts: dict[str, int] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The number in its id, which its revision's ARN carries too."""
        return self.id.rsplit("/", 1)[-1]

    @property
    def completed(self) -> bool:
        return self.state == "COMPLETED"


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What is wrong with a service, or odd about it, until somebody changes it.

    Attributes:
        no_capacity: no container instance can take another task.
        start_fails: why its tasks can't be started, though their images can run; empty if they can.
        hides_digests: its tasks never report one.
        hides_revisions: its service revisions never tell one.
        image_by_digest: its tasks name their images as `repository@sha256:…`.
        pulls_once: its instances keep the image they pulled first (ECS_IMAGE_PULL_BEHAVIOR=once).
        targets_fail: its target groups find every target unhealthy.
        targets_unused: no load balancer uses its target groups.
        target_group_missing: its target groups were deleted.
        hook_answers: the `hookStatus` that the Lambda functions of its lifecycle hooks answer.
        added_hooks: lifecycle hooks that it has because of the trouble.

    """

    no_capacity: bool = False
    start_fails: str = ""
    hides_digests: bool = False
    hides_revisions: bool = False
    image_by_digest: bool = False
    pulls_once: bool = False
    targets_fail: bool = False
    targets_unused: bool = False
    target_group_missing: bool = False
    hook_answers: str = "SUCCEEDED"
    added_hooks: list[Json] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class Service:
    """A service. `request` is what it was made and updated with, in CreateService's words; `deployments` has the
    PRIMARY first; `completed` the deployments that completed, the latest last; `tasks` those that have not stopped,
    `stopped` those that stopped within the last hour; `at_next_deployment` what waits for its next deployment;
    `express` whether it is an Express service.
    """

    arn: str
    name: str
    cluster: Cluster
    created_at: datetime
    request: Json
    definition: TaskDefinition
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    service_deployments: list[ServiceDeployment] = field(default_factory=list)
    completed: list[Deployment] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    stopped: dict[str, Task] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    express: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    tag_history: list[tuple[datetime, dict[str, str] | None]] = field(default_factory=list)
    trouble: Trouble = field(default_factory=Trouble)
    cached: dict[str, str] = field(default_factory=dict)
    at_next_deployment: list[Callable[[], None]] = field(default_factory=list)
    reconciling: bool = False
    past: list[tuple[datetime, Json | None]] = field(default_factory=list)
    view: Json | None = None

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def desired(self) -> int:
        if self.scheduling == "DAEMON":
            return self.cluster.instances if self.status == "ACTIVE" else 0
        return int(self.request.get("desiredCount", 0))

    @property
    def scheduling(self) -> str:
        return str(self.request.get("schedulingStrategy", "REPLICA"))

    @property
    def controller(self) -> str:
        return str(self.request.get("deploymentController", {}).get("type", "ECS"))

    @property
    def launch_type(self) -> str:
        return str(self.request.get("launchType", "EC2"))

    @property
    def configuration(self) -> Json:
        """Its deploymentConfiguration, complete."""
        found: Json = self.request["deploymentConfiguration"]
        return found

    @property
    def breaker_rules(self) -> BreakerRules:
        given = self.configuration.get("deploymentCircuitBreaker", {})
        threshold = given.get("thresholdConfiguration", {})
        return BreakerRules(
            enabled=bool(given.get("enable")),
            rolls_back=bool(given.get("enable") and given.get("rollback")),
            resets=given.get("resetOnHealthyTask", True),
            kind=threshold.get("type", "BOUNDED_PERCENT"),
            value=threshold.get("value", 50),
        )

    @property
    def alarms(self) -> frozenset[str]:
        given = self.configuration.get("alarms", {})
        return frozenset(given.get("alarmNames", ())) if given.get("enable") else frozenset()

    @property
    def target_groups(self) -> tuple[str, ...]:
        balancers = self.request.get("loadBalancers", ())
        return tuple(balancer["targetGroupArn"] for balancer in balancers if "targetGroupArn" in balancer)

    @property
    def classic(self) -> bool:
        """Whether it is behind a Classic Load Balancer, for which ECS tells no rolloutState."""
        return any("loadBalancerName" in balancer for balancer in self.request.get("loadBalancers", ()))

    def tasks_of(self, deployment: Deployment) -> list[Task]:
        """Its tasks that have not stopped."""
        return [task for task in self.tasks.values() if task.deployment is deployment]
