"""Reads that lag: ECS may answer what was true some seconds ago.

While reads may lag, each change of a service or a task is kept as ECS would have told it. Answers of changes are up to
date, as ECS's are.
"""

from __future__ import annotations

from datetime import timedelta

from weco_deploy.sandbox.ecs.region import LONG_AGO, Region
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Json, Task
from weco_deploy.sandbox.ecs.views import service_view, task_view

KEPT = timedelta(seconds=60)
"""No read is older than this."""


def record_changes(region: Region) -> None:
    """Keep how what has changed looks now."""
    changed = region.take_changed()
    if region.settings.lag is None:
        return
    for item in changed.values():
        if not item.past:
            item.past.append((LONG_AGO, None))  # it is new: reads from before do not know it
        item.past.append((region.now, _view(item)))
        while len(item.past) > 1 and item.past[1][0] < region.now - KEPT:
            del item.past[0]


def begin(region: Region) -> None:
    """From now on reads may lag, but nothing that was true before now is told."""
    for cluster in region.clusters.values():
        items: list[Service | Task] = [*cluster.services.values(), *cluster.tasks.values()]
        for item in items:
            item.past = [(region.now, _view(item))]


class Reader:
    """One read, which tells everything as of the same moment."""

    def __init__(self, region: Region) -> None:
        lag = region.settings.lag
        self._as_of = None if lag is None else region.now - timedelta(seconds=lag())

    def service(self, service: Service) -> Json | None:
        """How the read tells the service; None if it does not know it yet."""
        return service_view(service) if self._as_of is None else self._before(service)

    def task(self, task: Task) -> Json | None:
        """How the read tells the task; None if it does not know it yet."""
        return task_view(task) if self._as_of is None else self._before(task)

    def knows(self, task: Task) -> bool:
        return self._as_of is None or self._before(task) is not None

    def task_wanted(self, task: Task) -> bool | None:
        """Whether the task's desired status is RUNNING; None if the read does not know it yet."""
        if self._as_of is None:
            return task.wanted
        view = self._before(task)
        return None if view is None else view["desiredStatus"] == "RUNNING"

    def _before(self, item: Service | Task) -> Json | None:
        if self._as_of is None or not item.past:
            return _view(item)
        known = [view for at, view in item.past if at <= self._as_of]
        return known[-1] if known else item.past[0][1]


def _view(item: Service | Task) -> Json:
    return service_view(item) if isinstance(item, Service) else task_view(item)
