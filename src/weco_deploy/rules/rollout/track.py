"""What the polls have shown of a service's rollout so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from weco_deploy.model.deployment import SETTLED, ServiceStatus
from weco_deploy.model.plan import PlannedService


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A service's rollout, as the polls have shown it so far.

    `deployment_id` is our ECS deployment, `previous_id` the PRIMARY deployment before it, `since` the time when watching
    began. `state` says in a few words what the rollout waits for. `running` counts the running tasks of our deployment,
    `desired` the desired tasks of the service. `ours_listed` is True once ECS has listed our deployment, and
    `created_at` is when ECS created it, by AWS's clock.

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
    status: ServiceStatus = ServiceStatus.IN_PROGRESS
    state: str = "waiting for ECS"
    reason: str = ""
    running: int = 0
    desired: int = 0
    ours_listed: bool = False
    created_at: datetime | None = None
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

    def as_failed(self, reason: str) -> Track:
        """The track with status failed, for this reason."""
        return replace(self, status=ServiceStatus.FAILED, state="failed", reason=reason)

    def reopened(self) -> Track:
        """The track of a settled service, to be judged again: tasks may have crashed, or somebody may have deployed."""
        return replace(
            self,
            status=ServiceStatus.IN_PROGRESS,
            state="not looked at since it did well",
            failed_tasks=frozenset(),
            failed_earlier=self.failed_earlier + len(self.failed_tasks),
        )
