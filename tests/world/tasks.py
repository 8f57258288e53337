"""A task's life: it resolves and pulls its images, starts, and ends."""

from __future__ import annotations

from tests.world.clock import Schedule
from tests.world.ecs_state import Rollout, RunningContainer, RunningService, RunningTask
from tests.world.images import Images
from tests.world.logs import LogStreams
from weco_deploy.model.service import DefinedContainer

RESOLUTIONS = 3
"""After so many failed resolutions ECS goes on without pinning."""


class TaskLife:
    """Changes tasks; when these changes happen is the scheduler's business."""

    def __init__(
        self,
        schedule: Schedule,
        images: Images,
        definitions: dict[str, tuple[DefinedContainer, ...]],
        logs: LogStreams,
    ) -> None:
        self._schedule = schedule
        self._images = images
        self._definitions = definitions
        self._logs = logs
        self._numbers = 0

    def number(self) -> int:
        """A number that was not given out before, for ids."""
        self._numbers += 1
        return self._numbers

    def pin(self, service: RunningService, rollout: Rollout) -> bool:
        """Resolve the tags for all tasks of a rollout, if none did before. False if one can't be resolved."""
        if rollout.pins is not None:
            return True
        containers = self._definitions[rollout.task_definition]
        found = {one.name: self._images.resolve(one.image) for one in containers}
        pins = {name: digest for name, digest in found.items() if digest is not None}
        if len(pins) < len(found):
            rollout.unresolved += 1
            rollout.unpinned = rollout.unresolved >= RESOLUTIONS
            return False
        if service.pins_tags and not rollout.unpinned:
            rollout.pins = pins
        return True

    def create(self, service: RunningService, rollout: Rollout) -> RunningTask:
        """A new PENDING task. What its containers will run is decided here; they report it once they run."""
        task = RunningTask(
            arn=service.place.arn("task", service.key.cluster_name, f"{self.number():032x}"),
            deployment_id=rollout.id,
            task_definition=rollout.task_definition,
            created_at=self._schedule.now,
            containers=[
                self._container(service, rollout, one) for one in self._definitions[rollout.task_definition]
            ],
        )
        service.tasks.append(task)
        return task

    def _container(
        self, service: RunningService, rollout: Rollout, defined: DefinedContainer
    ) -> RunningContainer:
        wanted = (rollout.pins or {}).get(defined.name) or self._images.resolve(defined.image)
        if service.pulls_once and wanted:
            wanted = service.cached.setdefault(defined.name, wanted)
        return RunningContainer(
            defined=defined, wanted=wanted, behaviour=self._images.behaviour(defined.image, wanted)
        )

    def cannot_pull(self, task: RunningTask) -> str:
        """Why the task can't be started, in ECS's words; empty if it can."""
        for container in task.containers:
            image = container.defined.image
            if container.wanted is None or self._images.pull(image, container.wanted) is None:
                return (
                    f"CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                    f"failed to resolve ref {image}: {image}: not found"
                )
        return ""

    def start_time(self, task: RunningTask) -> float:
        """Seconds until the task is up, or until its first container exits before that."""
        early = [one.behaviour.start for one in task.containers if one.behaviour.exits == 0]
        return min(early) if early else max(one.behaviour.start for one in task.containers)

    def exits_at_start(self, task: RunningTask) -> bool:
        return any(one.behaviour.exits == 0 for one in task.containers)

    def lasts(self, task: RunningTask) -> float | None:
        """Seconds that the task runs until one of its containers exits; None if none does."""
        return min(
            (one.behaviour.exits for one in task.containers if one.behaviour.exits is not None), default=None
        )

    def run(self, task: RunningTask) -> None:
        task.status = "RUNNING"
        task.started_at = self._schedule.now
        for container in task.containers:
            container.status = "RUNNING"
            self._appear(task, container)

    def exit(self, task: RunningTask) -> None:
        """The container with the shortest life exits by itself, the others are stopped with it."""
        first = min(
            (one for one in task.containers if one.behaviour.exits is not None),
            key=lambda one: one.behaviour.exits or 0,
        )
        for container in task.containers:
            if container.digest is None:
                self._appear(task, container)
        first.exit_code = first.behaviour.code
        self.end(task, "EssentialContainerExited", "Essential container in task exited")

    def end(self, task: RunningTask, code: str, reason: str) -> None:
        """The task is STOPPED. Containers that ran and did not exit by themselves were killed (143)."""
        for container in task.containers:
            if container.status == "RUNNING" and container.exit_code is None:
                container.exit_code = 143
            if code == "TaskFailedToStart":
                container.reason = reason
            container.status = "STOPPED"
        task.status = task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.stopped_at = self._schedule.now

    def _appear(self, task: RunningTask, container: RunningContainer) -> None:
        """The container was pulled and begins to run: it reports its digest, and prints what it prints."""
        if container.wanted is None:
            return
        found = self._images.pull(container.defined.image, container.wanted)
        container.digest = found.reported if found else container.wanted
        region, task_id = task.arn.split(":")[3], task.arn.rsplit("/", 1)[-1]
        self._logs.printed(container.defined, task_id, region, container.behaviour.lines)
