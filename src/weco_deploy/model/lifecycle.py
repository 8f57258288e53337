"""What ECS does in a deployment that shifts traffic (BLUE_GREEN, LINEAR, CANARY), as it was observed, not judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from weco_deploy.model.arn import resource_name

PAUSE = "PAUSE"
AWAITING_ACTION = "AWAITING_ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleHook:
    """A lifecycle hook that a service deployment has come to.

    `id` is ECS's, which ContinueServiceDeployment needs. `kind` is AWS_LAMBDA or PAUSE; `target` is the ARN of the Lambda function. `status` is AWAITING_ACTION, IN_PROGRESS, SUCCEEDED,
    FAILED or TIMED_OUT. If it is not done at `expires_at`, ECS takes the action `at_timeout`: ROLLBACK or CONTINUE.
    """

    kind: str
    status: str
    id: str = ""
    target: str = ""
    expires_at: datetime | None = None
    at_timeout: str = ""

    @property
    def pauses(self) -> bool:
        """Whether the deployment is paused at this hook, until somebody continues it or rolls it back."""
        return self.kind == PAUSE and self.status == "AWAITING_ACTION"

    @property
    def name(self) -> str:
        """The name of the Lambda function; empty for a PAUSE."""
        return resource_name(self.target).rpartition(":")[2] if self.target else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShift:
    """How a service's deployments shift traffic, by its deployment configuration.

    Production traffic shifts in `steps`; `step_bake` passes after each step but the last, `bake` after the last. `pauses` has for
    each PAUSE hook that a deployment comes to how long it lasts at most.
    """

    steps: int = 1
    step_bake: timedelta = timedelta(0)
    bake: timedelta = timedelta(0)
    pauses: tuple[timedelta, ...] = ()

    @property
    def longest(self) -> timedelta:
        """How long the steps, the bake time and the pauses take together at most."""
        return self.bake + (self.steps - 1) * self.step_bake + sum(self.pauses, timedelta(0))


ALL_AT_ONCE = TrafficShift()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Where a service deployment is: its stage, the percentages of traffic that its new tasks get, and its hooks so far."""

    stage: str = ""
    test: float = 0.0
    production: float = 0.0
    hooks: tuple[LifecycleHook, ...] = field(default=())

    @property
    def paused(self) -> bool:
        """Whether a PAUSE hook waits for somebody to continue the deployment, or to roll it back."""
        return any(hook.kind == PAUSE and hook.status == AWAITING_ACTION for hook in self.hooks)


NO_LIFECYCLE = Lifecycle()
