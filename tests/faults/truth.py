"""What is true of a service, from the simulated ECS's own state and not by the tool's rules.

Reads may lag, and a verdict is about what was read. So a state counts as true if it was at some moment shortly before:
while reads lag, the simulation keeps how each service and task looked at each moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from tests.faults.random_worlds import LONGEST_LAG
from tests.world import World
from weco_deploy.model.deployment import Deployment
from weco_deploy.sandbox.ecs.service_state import Deployment as EcsDeployment
from weco_deploy.sandbox.ecs.service_state import Service, ServiceDeployment
from weco_deploy.sandbox.ecs.state import Container, Json, Task
from weco_deploy.sandbox.ecs.trouble import START_FAILS

LAG = timedelta(seconds=LONGEST_LAG)
AWS_CLOCK = timedelta(seconds=1)
"""AWS tells its time in whole seconds."""
JUST_BEFORE = timedelta(milliseconds=1)
ROLLED_BACK = frozenset(
    {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
)


@dataclass(frozen=True, slots=True)
class Truth:
    """A service and what a deployment wants it to run: the digests that are right for each container, by its name.

    `ours` are the ids of the ECS deployments that the tool made or adopted for that. `leaves_old_tasks` says that old tasks may
    stay where ECS removes them later. `stable_for` is for how long tasks must run.
    """

    world: World
    service: Service
    wanted: Mapping[str, frozenset[str]]
    ours: frozenset[str]
    leaves_old_tasks: bool
    stable_for: timedelta

    @classmethod
    def of(
        cls, world: World, deployment: Deployment, service_id: str, ours: frozenset[str], stable_for: float
    ) -> Truth:
        digests = {
            image_id: deployment.images[image_id].to_digest
            for image_id in world.project.services[service_id]
            if image_id in deployment.images  # a rollback may leave images as they are
        }
        wanted = {
            image_id: world.stored(image_id).images[digest].manifest.accepted
            for image_id, digest in digests.items()
        }
        return cls(
            world=world,
            service=world.declared(service_id, "stage"),
            wanted=wanted,
            ours=ours,
            leaves_old_tasks=world.project.environment("stage").old_tasks == "leave",
            stable_for=timedelta(seconds=stable_for),
        )

    def ran(self) -> bool:
        """Whether the service ran the release at some moment that a read may have shown."""
        return any(self._runs(at) for at in self.moments(LAG))

    def could_be_left_alone(self) -> bool:
        """Whether the service ran the release when the plan read it. Behind a Classic Load Balancer ECS tells no more than tasks."""
        return any(self._runs(at, complete=self.service.classic) for at in self.moments(LAG))

    def ran_all_the_time(self, since: timedelta) -> bool:
        return all(self._runs(at) for at in self.moments(since))

    def nothing_ran(self) -> bool:
        """Whether nothing was desired and nothing ran at some moment that a read may have shown."""
        views = (as_of(self.service, at) for at in self.moments(LAG))
        return any(
            view is not None and not (view["desiredCount"] or view["runningCount"] or view["pendingCount"])
            for view in views
        )

    def _runs(self, at: datetime, *, complete: bool = False) -> bool:
        """Whether as many tasks as desired had been running the release for long enough then, healthy.

        ECS's own deployment is complete, unless tasks of other deployments are left: those may be that are protected, or that ECS
        removes after an early success. `complete` takes it as complete.
        """
        view = as_of(self.service, at)
        if view is None or view["status"] != "ACTIVE" or not view["deployments"]:
            return False
        running = [task for task in self.tasks() if _runs(task, at)]
        primary = view["deployments"][0]
        new = [task for task in running if task.started_by == primary["id"]]
        left = [task for task in running if task not in new]
        complete |= primary.get("rolloutState", self._state(primary["id"])) == "COMPLETED"
        early = bool(self.service.configuration.get("earlySuccessCriteria", {}).get("enable"))
        rolling = self.service.configuration["strategy"] == "ROLLING"
        may_stay = rolling and self.leaves_old_tasks and all(task.protected(at) or early for task in left)
        stable = [task for task in new if is_healthy(task, at) and self._is_stable(task, at)]
        return (
            0 < view["desiredCount"] <= len(stable)
            and all(self.is_right(task) for task in new)
            and (not left or may_stay)
            and (complete or (bool(left) and primary.get("rolloutState") != "FAILED"))
        )

    def _state(self, ecs_id: str) -> str:
        """ECS's state of a deployment now. It does not tell it behind a Classic Load Balancer."""
        return next((found.state for found in self.deployments() if found.id == ecs_id), "")

    def _is_stable(self, task: Task, at: datetime) -> bool:
        return task.started_at is not None and task.started_at + self.stable_for <= at + AWS_CLOCK

    def is_right(self, task: Task) -> bool:
        """Whether the task runs the release's images."""
        return all(
            container.pulled in self.wanted[container.name]
            for container in task.containers
            if container.name in self.wanted
        )

    def tells_health(self) -> bool:
        """Whether anything tells that the tasks are healthy: without its target group a service's load balancer doesn't."""
        return not (self.service.target_groups and self.service.trouble.target_group_missing)

    def tells_digests(self) -> bool:
        """Whether the running tasks or the revision tell what runs."""
        running = [task for task in self.service.tasks.values() if task.running]
        by_tasks = all(
            container.digest
            for task in running
            for container in task.containers
            if container.name in self.wanted
        )
        pins = self.service.primary.revision.pins or {}
        by_revision = not self.service.trouble.hides_revisions and self.wanted.keys() <= pins.keys()
        return by_tasks or by_revision

    def failures(self, ids: frozenset[str] | None = None) -> list[Task]:
        """The tasks of our deployments (or of those with these ids) that their images or health checks ended, the latest last."""
        found = (task for task in self.tasks() if task.started_by in (ids or self.ours) and failed(task))
        return sorted(found, key=ended_at)

    def runs_another_digest(self, ids: frozenset[str] | None = None) -> bool:
        return any(
            not self.is_right(task)
            for task in self.tasks()
            if task.started_by in (ids or self.ours)
            and any(container.pulled for container in task.containers)
        )

    def fault_of_ecs(self, ids: frozenset[str] | None = None) -> str:
        """How ECS itself called one of these deployments failed; empty if it did not."""
        ids = ids or self.ours
        for record in self.service.service_deployments:
            if record.deployment.id in ids and (record.status in ROLLED_BACK or _stopped_by_ecs(record)):
                return record.status
        failed_ones = (found for found in self.deployments() if found.id in ids and found.state == "FAILED")
        return next((found.state for found in failed_ones), "")

    def recovered(self, patience: timedelta) -> bool:
        """Whether as many healthy tasks of the release as desired run, all of them since before so long, with no failure since.

        An image that will exit again has not recovered.
        """
        now = self.world.now()
        since = now - patience - self.stable_for
        running = [task for task in self.tasks() if _runs(task, now) and self.is_right(task)]
        lasting = [
            task
            for task in running
            if is_healthy(task, now) and task.started_at is not None and task.started_at <= since
            if all(container.behaviour.exits_after is None for container in task.containers)
        ]
        latest = self.failures()[-1:]
        return len(lasting) >= self.service.desired and all(ended_at(task) <= since for task in latest)

    def fault(self, patience: timedelta) -> str:
        """What speaks against the release in this service now; empty if nothing does.

        ECS called its deployment failed, it runs another digest, or its containers exited, could not be pulled or failed health
        checks, and it has not recovered since. That the service is full, slow, baking, gone or another's says nothing against it.
        """
        if verdict := self.fault_of_ecs():
            return f"ECS: {verdict}"
        if self.runs_another_digest():
            return "it runs another digest"
        failures = self.failures()
        if failures and not self.recovered(patience):
            return f"{len(failures)} tasks failed"
        unhealthy = (
            task.target == "unhealthy" or task.health == "UNHEALTHY"
            for task in self.service.tasks.values()
            if task.started_by in self.ours
        )
        return "unhealthy" if any(unhealthy) else ""

    def failures_in_a_row(self, ids: frozenset[str]) -> int:
        """How many tasks failed in a row, before one ran for long enough and did not fail."""
        now = self.world.now()
        proven = [
            task.started_at + self.stable_for
            for task in self.tasks()
            if task.started_by in ids and task.started_at and not failed(task)
            if task.started_at + self.stable_for <= (task.stopped_at or now)
        ]
        longest = row = 0
        last: datetime | None = None
        for at in map(ended_at, self.failures(ids)):
            healthy_between = any((last is None or last < moment) and moment < at for moment in proven)
            row = 1 if healthy_between else row + 1
            longest, last = max(longest, row), at
        return longest

    def is_certain_failure(self, ids: frozenset[str]) -> bool:
        """Whether deployments with these ids may be called failed: by ECS's verdict, a wrong digest, or failures in a row."""
        limit = min(200, max(3, -(-self.service.desired // 2)))
        return bool(
            self.fault_of_ecs(ids) or self.runs_another_digest(ids) or self.failures_in_a_row(ids) >= limit
        )

    def taken_over(self) -> str:
        """What took the service over from ours with something else, or failed afterwards; empty if nothing did.

        Ours has other images itself where somebody changed the task definition between the plan and the redeployment.
        """
        for record in self.service.service_deployments:  # the newest first
            later = record.deployment
            ours = later.id in self.ours
            if not (self._uses_our_tag(later) if ours else self._uses_release(later)):
                return f"{later.id} has other images"
            if ours:
                break
            if self.is_certain_failure(frozenset({later.id})):
                return f"{later.id} failed"
        return ""

    def _uses_our_tag(self, deployment: EcsDeployment) -> bool:
        images = {one["name"]: one["image"] for one in deployment.revision.definition.containers}
        return all(images.get(name, "").endswith(":env.stage") for name in self.wanted)

    def _uses_release(self, later: EcsDeployment) -> bool:
        """Whether a deployment uses the environment's tag, and did not resolve it to anything else than the release."""
        pins = later.revision.pins or {}
        tasks = [task for task in self.tasks() if task.started_by == later.id]
        return (
            self._uses_our_tag(later)
            and all(pins.get(name) in (None, *digests) for name, digests in self.wanted.items())
            and all(self.is_right(task) for task in tasks if any(one.pulled for one in task.containers))
        )

    def tasks(self) -> Iterator[Task]:
        return chain(self.service.tasks.values(), self.service.stopped.values())

    def deployments(self) -> Iterator[EcsDeployment]:
        records = (record.deployment for record in self.service.service_deployments)
        return chain(self.service.deployments, self.service.completed, records)

    def moments(self, since: timedelta, until: datetime | None = None) -> list[datetime]:
        """That time, or now, and for so long before it each moment at which the service or a task changed, and the one just before.

        Until a change a task goes on running, so that it may have been stable just before it ended.
        """
        now = until or self.world.now()
        items: list[Service | Task] = [self.service, *self.tasks()]
        changes = (at for item in items for at, _ in item.past)
        lately = [at for at in changes if now - since <= at <= now]
        return sorted({now, now - since, *lately, *(at - JUST_BEFORE for at in lately)})


def as_of(item: Service | Task, at: datetime) -> Json | None:
    known = [view for time, view in item.past if time <= at]
    return known[-1] if known else item.past[0][1] if item.past else None


def _runs(task: Task, at: datetime) -> bool:
    view = as_of(task, at)
    return view is not None and view["lastStatus"] == view["desiredStatus"] == "RUNNING"


def is_healthy(task: Task, at: datetime) -> bool:
    """Whether the health checks that there are pass.

    Only the present state of targets is known. One that drains now, or is gone, was healthy while its task ran.
    """
    view = as_of(task, at)
    balanced = task.service is not None and bool(task.service.target_groups)
    return (
        view is not None
        and (not task.checked or view["healthStatus"] == "HEALTHY")
        and (not balanced or task.target in {"healthy", "draining", ""})
    )


def failed(task: Task) -> bool:
    """Whether the task ended, or was told to, because of what it runs: nobody else stopped it, nor did its host fail.

    A task that lacked its network, a secret, its logs or a volume never ran anything.
    """
    if task.stopped_reason in START_FAILS.values():
        return False
    by_itself = task.stopped and task.stop_code in {"EssentialContainerExited", "TaskFailedToStart"}
    return by_itself or "health check" in task.stopped_reason


def exited_by_itself(task: Task) -> list[Container]:
    """The containers whose exit ended the task. Those that ECS stopped then have the codes of signals."""
    if not task.stopped or task.stop_code != "EssentialContainerExited":
        return []
    return [
        container
        for container in task.containers
        if container.exit_code is not None and container.exit_code not in (137, 143)
    ]


def ended_at(task: Task) -> datetime:
    ended = task.stopping_at or task.stopped_at
    assert ended is not None, task.arn
    return ended


def _stopped_by_ecs(record: ServiceDeployment) -> bool:
    return record.status == "STOPPED" and "superseded" not in record.reason
