"""What the polls have shown of a service's rollout so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from weco_deploy.model.deployment import GOOD, SETTLED, ServiceStatus
from weco_deploy.model.draining import DrainingTask
from weco_deploy.model.plan import PlannedService
from weco_deploy.model.requests import DEFAULT_STABLE_FOR
from weco_deploy.model.service import EcsDeployment, ServiceDeployment
from weco_deploy.rules.rollout.last_read import LastRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A failed task of ours: when and why it stopped, and how long it had been running.

    `by_breaker`: ECS's circuit breaker counted it, or may have.
    """

    at: datetime | None
    reason: str
    by_breaker: bool
    lived: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Healthy:
    """A healthy task of ours: when it started, and when a poll last found it healthy."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A service's rollout, as the polls have shown it so far.

    `deployment_id` is the ECS deployment that is watched: ours or, if `superseded_id` names ours, a later one that brings the
    same release. `made` is the watched deployment as ECS described it last, None until then. `previous_id` is the PRIMARY
    deployment before it, `since` the time when watching began.

    `state` says in a few words what the rollout waits for. `running` counts the running tasks of the watched deployment,
    `desired` the desired tasks of the service. `ours_listed` is True once a poll has listed the watched deployment.
    `blames_image` says whether the last poll found evidence against the image, which alone justifies a rollback when the
    waiting time ends: `new_tasks.py` lists what counts. It is False by default, and while a later deployment is watched.

    `polls` counts all polls. `polls_not_primary`, `polls_missing` and `polls_steady` count the latest consecutive polls
    in which another deployment was primary, the service was not found, or the service was steady.

    `ecs_rollback` is the ARN of the service deployment that ECS rolls back for us, empty if none. Then `deployment_id` is empty
    until the deployment that ECS makes PRIMARY for that is known. `not_rolled_back` says that the service failed only because ECS
    could not roll it back, so that it can be redeployed.

    `verdict` is ECS's own verdict on our deployment, as it was last read. `phase_since` is when a poll first showed its stage and its
    share of traffic. `polls_stopped` counts the latest consecutive
    polls in which ECS said that it stopped our deployment.

    `stops` are our failed tasks, by ARN; only tasks that stopped at `failures_since` or later count (None: no limit).
    `hindrance` is why a task of ours last could not start although its image was not at fault; empty if none did.
    `healthy` are the tasks of ours that were healthy, by ARN. `breaker_monitored` says whether a circuit breaker counted
    failures when stopped tasks were last read. `suspicion` is why the rollout may have failed by our own count of failures;
    empty if it may not. `unverified` says that the last poll found everything in order, and nothing that tells which digests
    run. `more_seconds` is how long only the passing of time is waited for, until the service is stable, the suspicion
    decided, or a steady service polled a second time; 0 if something else has to happen.

    `last_read` is the last poll that read tasks, None if none did.

    `leave_old_tasks` says whether the service may succeed while old tasks are protected or removed later. `draining` are these
    old tasks of a service that has succeeded.
    """

    service: PlannedService
    deployment_id: str
    previous_id: str | None
    since: datetime
    stable_for: float = DEFAULT_STABLE_FOR
    leave_old_tasks: bool = True
    made: EcsDeployment | None = None
    superseded_id: str | None = None
    ecs_rollback: str = ""
    not_rolled_back: bool = False
    status: ServiceStatus = ServiceStatus.IN_PROGRESS
    state: str = "waiting for ECS"
    reason: str = ""
    running: int = 0
    desired: int = 0
    ours_listed: bool = False
    blames_image: bool = False
    polls: int = 0
    polls_not_primary: int = 0
    polls_missing: int = 0
    polls_steady: int = 0
    polls_stopped: int = 0
    phase_since: datetime | None = None
    verdict: ServiceDeployment | None = None
    stops: Mapping[str, Stop] = field(default_factory=dict)
    hindrance: str = ""
    healthy: Mapping[str, Healthy] = field(default_factory=dict)
    breaker_monitored: bool = False
    suspicion: str = ""
    unverified: bool = False
    more_seconds: float = 0.0
    failures_since: datetime | None = None
    draining: tuple[DrainingTask, ...] = ()
    last_read: LastRead | None = None

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

    @property
    def paused(self) -> bool:
        """Whether a lifecycle hook pauses our deployment until somebody continues it."""
        return not self.settled and self.verdict is not None and self.verdict.lifecycle.paused

    @property
    def healthy_after(self) -> timedelta:
        """How long a task must have been healthy to end a row of failures. A crash loop would end it at once with zero."""
        return timedelta(seconds=self.stable_for or DEFAULT_STABLE_FOR)

    @property
    def looked_at_again(self) -> bool:
        """Whether the service is polled once more at the end: it was good, or only our own count says that it failed."""
        not_good = self.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
        return self.status in GOOD or (not_good and bool(self.suspicion))

    @property
    def created_at(self) -> datetime | None:
        """When the watched deployment was created, by AWS's clock; None if that is unknown yet."""
        return self.made.created_at if self.made else None

    @property
    def own_id(self) -> str:
        """The ECS deployment that we made, whichever is watched."""
        return self.superseded_id or self.deployment_id

    @property
    def follow_remark(self) -> str:
        """The remark that a later deployment brought the release; empty if ours did."""
        if self.superseded_id is None:
            return ""
        return f"by a later deployment, {self.deployment_id}, of the same images, which took over from ours, {self.superseded_id}"

    def as_failed(self, reason: str) -> Track:
        """The track with status failed, for a reason that is certain. If a later deployment failed, ours was superseded."""
        if self.superseded_id is not None:
            return self.as_superseded(
                f"a later deployment, {self.deployment_id}, took over from ours, {self.superseded_id}, and failed: {reason}"
            )
        return replace(self, status=ServiceStatus.FAILED, state="failed", reason=reason, suspicion="")

    def as_failed_by_our_count(self) -> Track:
        """The track with status failed, because the suspicion was not refuted."""
        return replace(self.as_failed(self.suspicion), suspicion=self.suspicion)

    def when_time_is_over(self) -> Track:
        """The track of a service that is not settled when the waiting time is over."""
        if self.suspicion:
            return self.as_failed_by_our_count()
        if self.unverified:
            return replace(self, status=ServiceStatus.UNVERIFIED, reason=self.state)
        return self

    def as_superseded(self, reason: str) -> Track:
        return replace(self, status=ServiceStatus.SUPERSEDED, state="superseded", reason=reason, suspicion="")

    def following(self, later: EcsDeployment) -> Track:
        """The track that watches a later deployment of the same release. The failures so far are not its own."""
        return replace(
            self,
            deployment_id=later.id,
            superseded_id=self.own_id,
            previous_id=self.deployment_id,
            made=later,
            ours_listed=True,
            blames_image=False,
            running=later.running,
            polls_not_primary=0,
            polls_stopped=0,
            verdict=None,
            phase_since=None,
            stops={},
            hindrance="",
            healthy={},
            breaker_monitored=False,
            suspicion="",
        )

    def reopened(self, settled_at: datetime) -> Track:
        """The track of a settled service, to be judged again: its tasks may have crashed or recovered since."""
        was = "good" if self.status in GOOD else self.state
        state = f"it was {was} at {settled_at:%H:%M:%S}Z, and could not be looked at since"
        return replace(self, status=ServiceStatus.IN_PROGRESS, state=state, last_read=None)
