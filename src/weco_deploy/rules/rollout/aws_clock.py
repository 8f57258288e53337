"""AWS's clock, which tells how long a task has been running. This machine's clock may be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from weco_deploy.model.service import ServiceView

CLOCK_RESOLUTION = 1.0
"""AWS's answers tell its time in whole seconds."""


def aws_now(view: ServiceView) -> datetime | None:
    """The time of a poll by AWS's clock: the time of the answer or, if that is newer or missing, the newest time in it."""
    return max(_times(view), default=None)


def _times(view: ServiceView) -> Iterator[datetime]:
    if view.service.as_of is not None:
        yield view.service.as_of
    yield from (event.at for event in view.service.events)
    yield from (deployment.created_at for deployment in view.service.deployments)
    for task in (*(view.tasks or ()), *(view.stopped or ())):
        yield from (at for at in (task.created_at, task.started_at, task.stopped_at) if at is not None)
