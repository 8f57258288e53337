"""What the polls have shown of a service's rollout so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from weco_deploy.model.deployment import SETTLED, ServiceStatus
from weco_deploy.model.plan import PlannedService
from weco_deploy.model.service import EcsDeployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A service's rollout, as the polls have shown it so far.

    `deployment_id` is the ECS deployment that is watched: ours or, if `superseded_id` names ours, a later one that brings the
    same release. `made` is the watched deployment as ECS described it last, None until then. `previous_id` is the PRIMARY
    deployment before it, `since` the time when watching began.

    `state` says in a few words what the rollout waits for. `running` counts the running tasks of the watched deployment,
    `desired` the desired tasks of the service. `ours_listed` is True once a poll has listed the watched deployment.
    `blames_image` is False while nothing that was observed speaks against the image, such as while a later deployment is
    watched.

    `polls` counts all polls. `polls_not_primary`, `polls_missing` and `polls_steady` count the latest consecutive polls
    in which another deployment was primary, the service was not found, or the service was steady.

    `failed_tasks` are the ARNs of our failed tasks; `newest_failure` is the stopped reason of the newest of them. Only
    tasks that stopped at `failures_since` or later count (None: no limit). `failed_earlier` counts the tasks that failed
    before the track was reopened.
    """

    service: PlannedService
    deployment_id: str
    previous_id: str | None
    since: datetime
    made: EcsDeployment | None = None
    superseded_id: str | None = None
    status: ServiceStatus = ServiceStatus.IN_PROGRESS
    state: str = "waiting for ECS"
    reason: str = ""
    running: int = 0
    desired: int = 0
    ours_listed: bool = False
    blames_image: bool = True
    polls: int = 0
    polls_not_primary: int = 0
    polls_missing: int = 0
    polls_steady: int = 0
    failed_tasks: frozenset[str] = frozenset()
    failed_earlier: int = 0
    newest_failure: str = ""
    failures_since: datetime | None = None

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

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
        """The track with status failed, for this reason. If a later deployment failed, ours was superseded."""
        if self.superseded_id is not None:
            return self.as_superseded(
                f"a later deployment, {self.deployment_id}, took over from ours, {self.superseded_id}, and failed: {reason}"
            )
        return replace(self, status=ServiceStatus.FAILED, state="failed", reason=reason)

    def as_superseded(self, reason: str) -> Track:
        return replace(self, status=ServiceStatus.SUPERSEDED, state="superseded", reason=reason)

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
            failed_tasks=frozenset(),
            failed_earlier=self.failed_earlier + len(self.failed_tasks),
        )

    def reopened(self) -> Track:
        """The track of a settled service, to be judged again: tasks may have crashed, or somebody may have deployed."""
        return replace(
            self,
            status=ServiceStatus.IN_PROGRESS,
            state="not looked at since it did well",
            failed_tasks=frozenset(),
            failed_earlier=self.failed_earlier + len(self.failed_tasks),
        )
