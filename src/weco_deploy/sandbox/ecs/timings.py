"""How long ECS takes for what it does, and how far the simulation departs from a quick and exact service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_BACKOFF = 27 * 60.0
"""Starts that fail are repeated after delays that grow to this many seconds."""
STOPPED_TASKS_VISIBLE = 3600.0
"""Seconds for which stopped tasks can be read."""


@dataclass(slots=True, kw_only=True)
class Timings:
    """Durations in seconds.

    Attributes:
        begin: from opening a deployment to the scheduler's first look at it.
        placement: from wanting tasks to having placed them.
        provisioning: from a task's placement to the beginning of its pull.
        pull: how long a pull takes until it fails (a pull that succeeds is part of an image's `start`).
        counted: how long a task without any health check must run before it counts as healthy.
        health_check: until a container health check passes.
        health_check_failure: until a container health check has failed for good.
        target: until a target group finds a target healthy.
        target_failure: until a target group finds a target unhealthy.
        deregistration: how long a target drains.
        stop: how long containers take to end after they were told to.
        steady: how long a deployment must fulfil its criteria until ECS calls it COMPLETED.
        bake: how much longer that takes where alarms watch the deployment.
        superseded: how long a superseded service deployment is STOP_REQUESTED.
        stage: how long a stage of a native strategy takes, besides its hooks, its tasks and its bake time.
        hook: until a Lambda function of a lifecycle hook has answered.
        hook_again: until one that answered IN_PROGRESS is asked again.

    """

    begin: float = 1.0
    placement: float = 2.0
    provisioning: float = 3.0
    pull: float = 2.0
    counted: float = 40.0
    health_check: float = 10.0
    health_check_failure: float = 30.0
    target: float = 10.0
    target_failure: float = 20.0
    deregistration: float = 15.0
    stop: float = 5.0
    steady: float = 5.0
    bake: float = 120.0
    superseded: float = 2.0
    stage: float = 5.0
    hook: float = 5.0
    hook_again: float = 30.0

    def until_placed(self, failures: int) -> float:
        """How long new tasks wait for their placement after so many failed starts in a row."""
        return self.placement + (min(LONGEST_BACKOFF, 2.0 ** min(failures, 12)) if failures else 0.0)


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """A token bucket that operations of one account and region share: `burst` tokens, `refill` a second."""

    operations: frozenset[str]
    burst: float
    refill: float


AWS_LIMITS = (
    RequestLimit(frozenset({"ecs:UpdateService", "ecs:CreateService", "ecs:DeleteService"}), 50, 5),
    RequestLimit(frozenset({"ecs:DescribeServices", "ecs:ListServices"}), 100, 20),
    RequestLimit(frozenset({"ecs:DescribeTasks", "ecs:ListTasks"}), 100, 20),
    RequestLimit(frozenset({"ecs:ListClusters", "ecs:DescribeClusters"}), 50, 20),
    RequestLimit(frozenset({"ecs:DescribeTaskDefinition"}), 50, 20),
    RequestLimit(frozenset({"ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments"}), 50, 20),
    RequestLimit(frozenset({"ecs:DescribeServiceRevisions"}), 50, 20),
    RequestLimit(frozenset({"tag:GetResources"}), 15, 15),
)
"""AWS's published rates, from the service quotas pages."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """What holds for a whole simulation, and may be changed while it runs.

    Attributes:
        timings: durations.
        speed: a factor that divides durations when something is scheduled.
        lag: asked at each read of services and tasks: how many seconds old its answer is. None: up to date.
        tagging_lag: how many seconds old the tagging API's index is.
        limits: request rates that are enforced.
        rollback_has_new_id: whether ECS's rollback is a deployment of its own. ECS is documented to make the
            earlier deployment PRIMARY again, and seen to do either.

    """

    timings: Timings = field(default_factory=Timings)
    speed: float = 1.0
    lag: Callable[[], float] | None = None
    tagging_lag: float = 0.0
    limits: tuple[RequestLimit, ...] = ()
    rollback_has_new_id: bool = False
