"""What is known of a service's rollout after some polls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from weco_deploy.model.deployment import SETTLED, ServiceStatus
from weco_deploy.model.plan import PlannedService


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A service's rollout, as far as it has been watched.

    `deployment_id` is our ECS deployment, `previous_id` the PRIMARY one before it, `since` when the watch began.
    `state` says in a few words what is waited for; `running` counts the tasks of our deployment, `desired` those of
    the service. `ours_listed` is True once ECS has listed our deployment.

    `polls` counts all polls; `polls_not_primary`, `polls_missing` and `polls_steady` count the latest polls in a row in
    which another deployment was primary, the service was not found, or all was as it should be.

    `failed_tasks` are the ARNs of our failed tasks, `newest_failure` the stopped reason of the newest of them.
    `failures_since` limits them to tasks that stopped at that time or later (None: no limit). `failed_earlier` counts
    those of a watch before this one.
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
        """The track of a rollout that has failed for this reason."""
        return replace(self, status=ServiceStatus.FAILED, state="failed", reason=reason)

    def reopened(self) -> Track:
        """The track of a service that did well, to be judged again: its tasks may have crashed, or somebody deployed."""
        return replace(
            self,
            status=ServiceStatus.IN_PROGRESS,
            state="not looked at since it did well",
            failed_tasks=frozenset(),
            failed_earlier=self.failed_earlier + len(self.failed_tasks),
        )
