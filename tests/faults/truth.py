"""What is true of a service, from the simulated ECS's own state and not by the tool's rules.

Reads may lag, and a verdict is about what was read. So a state counts as true if it was at some moment shortly before:
while reads lag, the simulation keeps how each service and task looked at each moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from tests.faults.random_worlds import LONGEST_LAG
from tests.world import World
from weco_deploy.model.deployment import Deployment
from weco_deploy.sandbox.ecs.service_state import Deployment as EcsDeployment
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Json, Task

LAG = timedelta(seconds=LONGEST_LAG)
OF_ITS_OWN = frozenset({"EssentialContainerExited", "TaskFailedToStart"})
"""Stop codes of tasks that nobody stopped."""
FAILED = frozenset(
    {"STOPPED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
)
"""Statuses of service deployments that failed, or that a later one replaced."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A service and what a deployment wants it to run: a digest for each container, by name."""

    world: World
    service: Service
    wanted: dict[str, str]

    @classmethod
    def of(cls, world: World, deployment: Deployment, service_id: str) -> Truth:
        images = world.project.services[service_id]
        digests = {image_id: deployment.images[image_id].to_digest for image_id in images}
        return cls(world, world.declared(service_id, "stage"), digests)

    def ran(self, since: timedelta = LAG) -> bool:
        """Whether the service ran the release at some moment since then."""
        return any(self.runs(at) for at in self._moments(since))

    def ran_all_the_time(self, since: timedelta) -> bool:
        return all(self.runs(at) for at in self._moments(since))

    def nothing_ran(self) -> bool:
        """Whether nothing was desired and nothing ran at some moment that a read may have shown."""
        for at in self._moments(LAG):
            view = _as_of(self.service, at)
            if view and not (view["desiredCount"] or view["runningCount"] or view["pendingCount"]):
                return True
        return False

    def runs(self, at: datetime) -> bool:
        """Whether as many tasks as desired ran the release then, healthy, and ECS's own deployment was complete.

        Tasks of other deployments may be left if they were protected, or if ECS removes them after an early success. Then the
        deployment need not be complete.
        """
        view = _as_of(self.service, at)
        if view is None or view["status"] != "ACTIVE" or not view["deployments"]:
            return False
        running = [task for task in self._tasks() if _runs(task, at)]
        primary = view["deployments"][0]
        new = [task for task in running if task.started_by == primary["id"]]
        left = [task for task in running if task not in new]
        complete = primary.get("rolloutState", "COMPLETED") == "COMPLETED"
        early = bool(self.service.configuration.get("earlySuccessCriteria", {}).get("enable"))
        return (
            0 < view["desiredCount"] <= sum(_healthy(task, at) for task in new)
            and all(self.is_right(task) for task in new)
            and all(task.protected(at) or early for task in left)
            and (complete or (bool(left) and primary["rolloutState"] != "FAILED"))
        )

    def all_new_tasks_run(self) -> bool:
        """Whether as many healthy tasks of the release as desired run now, whatever else runs."""
        now = self.world.now()
        right = [task for task in self._tasks() if _runs(task, now) and self.is_right(task)]
        return sum(_healthy(task, now) for task in right) >= self.service.desired

    def is_right(self, task: Task) -> bool:
        return all(
            container.pulled == self.wanted[container.name]
            for container in task.containers
            if container.name in self.wanted
        )

    def evidence_against(self, ecs_id: str | None, stable_for: timedelta) -> str:
        """Why the deployment with that id may be called failed; empty if nothing speaks against it."""
        ours = [task for task in self._tasks() if task.started_by == ecs_id]
        if self.service.status != "ACTIVE" or self.service.created_at > self._created_at(ecs_id):
            return "deleted"
        if any(
            not self.is_right(task) for task in ours if any(container.digest for container in task.containers)
        ):
            return "runs another digest"
        for record in self.service.service_deployments:
            if record.deployment.id == ecs_id and record.status in FAILED:
                return f"ECS: {record.status}"
        found = [deployment for deployment in self._deployments() if deployment.id == ecs_id]
        if any(deployment.state == "FAILED" for deployment in found):
            return "ECS: FAILED"
        failures = self._longest_row(ours, stable_for)
        limit = min(200, max(3, -(-self.service.desired // 2)))
        return f"{failures} failures in a row" if failures >= limit else ""

    def _created_at(self, ecs_id: str | None) -> datetime:
        times = [task.created_at for task in self._tasks() if task.started_by == ecs_id]
        times += [deployment.created_at for deployment in self._deployments() if deployment.id == ecs_id]
        return min(times, default=datetime.min.replace(tzinfo=self.world.now().tzinfo))

    def _longest_row(self, ours: list[Task], stable_for: timedelta) -> int:
        """How many tasks failed in a row, before one ran for so long and did not fail."""
        now = self.world.now()
        proven = [
            task.started_at + stable_for
            for task in ours
            if task.started_at
            and not _failed(task)
            and task.started_at + stable_for <= (task.stopped_at or now)
        ]
        failed = sorted(task.stopped_at or task.stopping_at or now for task in ours if _failed(task))
        longest = row = 0
        last: datetime | None = None
        for at in failed:
            healthy_between = any((last is None or last < moment) and moment < at for moment in proven)
            row = 1 if healthy_between else row + 1
            longest, last = max(longest, row), at
        return longest

    def _tasks(self) -> Iterator[Task]:
        return chain(self.service.tasks.values(), self.service.stopped.values())

    def _deployments(self) -> Iterator[EcsDeployment]:
        records = (record.deployment for record in self.service.service_deployments)
        return chain(self.service.deployments, self.service.completed, records)

    def _moments(self, since: timedelta) -> list[datetime]:
        """Now, and the moments since then at which the service or one of its tasks changed."""
        now = self.world.now()
        items: list[Service | Task] = [self.service, *self._tasks()]
        changes = (at for item in items for at, _ in item.past)
        return sorted({now, now - since, *(at for at in changes if now - since <= at <= now)})


def _as_of(item: Service | Task, at: datetime) -> Json | None:
    known = [view for time, view in item.past if time <= at]
    return known[-1] if known else item.past[0][1] if item.past else None


def _runs(task: Task, at: datetime) -> bool:
    view = _as_of(task, at)
    return view is not None and view["lastStatus"] == view["desiredStatus"] == "RUNNING"


def _healthy(task: Task, at: datetime) -> bool:
    """Whether the health checks that there are pass.

    Only the present state of targets is known. One that drains now, or is gone, was healthy while its task ran.
    """
    view = _as_of(task, at)
    balanced = task.service is not None and bool(task.service.target_groups)
    return (
        view is not None
        and (not task.checked or view["healthStatus"] == "HEALTHY")
        and (not balanced or task.target in {"healthy", "draining", ""})
    )


def _failed(task: Task) -> bool:
    by_itself = task.stopped and task.stop_code in OF_ITS_OWN
    return by_itself or "health check" in task.stopped_reason
