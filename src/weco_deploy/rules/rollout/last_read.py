"""What the last poll that read a rollout's tasks found, and whether another poll reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from weco_deploy.model.service import EcsDeployment, Service

LONGEST_UNREAD = timedelta(seconds=30)
"""Where we count failed tasks, stopped tasks are read so often although nothing seems to have changed."""
LONGEST_UNREAD_BESIDE_OLD_TASKS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRead:
    """A poll that read the tasks of a rollout: the service in it, and what the tasks told.

    `stable_at` is when the service is stable, by AWS's clock, if nothing changes and only that is waited for. `blames_image` says
    whether anything spoke against the image.
    """

    deployment_id: str
    service: Service
    stable_at: datetime | None
    blames_image: bool

    def waits_until(self, service: Service, ours: EcsDeployment) -> float:
        """How many more seconds the service has to run as it did then to be stable; 0 if something else is waited for, too."""
        if (
            self.deployment_id != ours.id
            or self.stable_at is None
            or service.as_of is None
            or _shows(service) != _shows(self.service)
        ):
            return 0.0
        return max(0.0, (self.stable_at - service.as_of).total_seconds())


def are_tasks_due(
    last: LastRead | None, service: Service, ours: EcsDeployment, *, steady: bool, counts_stops: bool
) -> bool:
    """Whether a poll reads tasks, of a service whose PRIMARY deployment is ours.

    Args:
        last: the last poll that read them.
        service: as this poll describes it.
        ours: our deployment in it.
        steady: whether no rollout is in progress and all desired tasks run.
        counts_stops: whether we count failed tasks.

    """
    before = last.service.deployment(ours.id) if last and last.deployment_id == ours.id else None
    if last is None or before is None or service.as_of is None or last.service.as_of is None:
        return True
    if steady:
        return not last.waits_until(service, ours)
    unread = service.as_of - last.service.as_of
    if counts_stops and (_shows(service) != _shows(last.service) or unread >= LONGEST_UNREAD):
        return True
    if ours.failed_tasks or ours.running < before.running or (ours.running and not before.running):
        return True
    if ours.running < service.desired:
        return False
    return before.running < service.desired or unread >= LONGEST_UNREAD_BESIDE_OLD_TASKS


def _shows(service: Service) -> tuple[object, ...]:
    """What changes in DescribeServices' answer when something happens to a task."""
    return (
        service.desired,
        service.running,
        service.pending,
        service.deployments,
        service.events[:1],
    )
