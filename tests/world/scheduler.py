"""The ECS service scheduler: rollouts, their tasks, the circuit breaker.

Every change of a service ends in `_reconcile`, which starts and stops what it takes to get from what runs
to what is wanted. All of it happens in scheduled actions of the virtual clock, under the world's lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from tests.world.clock import Schedule
from tests.world.ecs_state import EVENTS_KEPT, Rollout, RunningService, RunningTask
from tests.world.tasks import TaskLife
from tests.world.timings import Timings
from weco_deploy.model.service import ServiceEvent

ROLLING_BACK = "ECS deployment circuit breaker: rolling back to deploymentId"


class Scheduler:
    """Runs services; `changed` is told of each change of one."""

    def __init__(
        self,
        schedule: Schedule,
        lock: threading.RLock,
        life: TaskLife,
        changed: Callable[[RunningService], None],
    ) -> None:
        self.timings = Timings()
        self._schedule = schedule
        self._lock = lock
        self._life = life
        self._changed = changed
        self._made = 0

    def begin(self, service: RunningService) -> None:
        """Bring a new service up: at once if its tags exist, else it is left trying to."""
        rollout = self._new_rollout(service)
        if self._life.pin(service, rollout):
            for _ in range(service.desired):
                self._life.run(self._life.create(service, rollout))
            self._complete(service, rollout)
        self._reconcile(service)

    def roll(self, service: RunningService) -> Rollout:
        """Start a new deployment, as UpdateService with forceNewDeployment does."""
        rollout = self._new_rollout(service)
        self._reconcile(service)
        return rollout

    def scale(self, service: RunningService, desired: int) -> None:
        service.desired = desired
        service.primary.attempt += 1
        self._reconcile(service)

    def stop(self, service: RunningService, task: RunningTask, code: str, reason: str) -> None:
        """Stop a running task at once, for a reason that is not the scheduler's own."""
        self._life.end(task, code, reason)
        service.primary.attempt += 1
        self._reconcile(service)

    def delete(self, service: RunningService) -> None:
        """Delete a service: INACTIVE, which DescribeServices still answers, with nothing running."""
        service.status = "INACTIVE"
        service.desired = 0
        for task in service.tasks:
            if task.status != "STOPPED":
                self._life.end(task, "ServiceSchedulerInitiated", "Service deleted")
        self._changed(service)

    def _new_rollout(self, service: RunningService) -> Rollout:
        self._made += 1
        rollout = Rollout(
            id=f"ecs-svc/{self._made:019d}",
            task_definition=service.task_definition,
            created_at=self._schedule.now,
        )
        for older in service.rollouts:
            older.status = "ACTIVE"
        service.rollouts.insert(0, rollout)
        for task in service.tasks:
            if task.status == "PENDING":
                self._life.end(task, "ServiceSchedulerInitiated", f"replaced by (deployment {rollout.id})")
        return rollout

    def _reconcile(self, service: RunningService) -> None:
        """Start and stop tasks until those of the primary rollout are as many as desired."""
        if service.status == "ACTIVE":
            older = [
                task for task in service.tasks if task.deployment_id != service.primary.id and task.wanted
            ]
            if service.scheduling == "DAEMON" and older:
                self._drain(service, older)
            elif not (service.scheduling == "DAEMON" and self._others_run(service)):
                self._fill(service, service.primary)
            self._sweep(service)
        self._changed(service)

    def _others_run(self, service: RunningService) -> bool:
        return any(service.tasks_of(rollout) for rollout in service.rollouts[1:])

    def _fill(self, service: RunningService, rollout: Rollout) -> None:
        wanted = [task for task in service.tasks_of(rollout) if task.wanted]
        self._drain(service, wanted[service.desired :])
        if not rollout.halted:
            for _ in range(service.desired - len(wanted) - rollout.starting):
                rollout.starting += 1
                self._later(self.timings.until_placed(rollout.failed), partial(self._place, service, rollout))
        if self._all_up(service, rollout) and not rollout.completed:
            self._later(self.timings.steady, partial(self._if_steady, service, rollout, rollout.attempt))

    def _all_up(self, service: RunningService, rollout: Rollout) -> bool:
        up = sum(1 for task in service.tasks_of(rollout) if task.runs and task.wanted)
        return up == service.desired and rollout is service.primary and not rollout.halted

    def _if_steady(self, service: RunningService, rollout: Rollout, attempt: int) -> None:
        if rollout.attempt == attempt and not rollout.completed and self._all_up(service, rollout):
            self._complete(service, rollout)
            self._reconcile(service)

    def _complete(self, service: RunningService, rollout: Rollout) -> None:
        rollout.state = "COMPLETED"
        if not rollout.rolls_back:
            rollout.reason = f"ECS deployment {rollout.id} completed."
        rollout.failed = 0
        service.good = rollout
        self._tell(service, f"(deployment {rollout.id}) deployment completed.")
        self._tell(service, "has reached a steady state.")
        self._drain(
            service, [task for task in service.tasks if task.deployment_id != rollout.id and task.wanted]
        )

    def _place(self, service: RunningService, rollout: Rollout) -> None:
        rollout.starting -= 1
        wanted = sum(1 for task in service.tasks_of(rollout) if task.wanted)
        if (
            rollout is not service.primary
            or rollout.halted
            or wanted >= service.desired
            or service.status != "ACTIVE"
        ):
            return
        self._life.pin(service, rollout)
        task = self._life.create(service, rollout)
        self._tell(service, f"has started 1 tasks: (task {task.arn.rsplit('/', 1)[-1]}).")
        cause = self._life.cannot_pull(task)
        delay = self.timings.pull if cause else self._life.start_time(task)
        self._later(delay, partial(self._started, service, rollout, task, cause))
        self._changed(service)

    def _started(self, service: RunningService, rollout: Rollout, task: RunningTask, cause: str) -> None:
        if task.status != "PENDING":
            return
        if cause:
            self._life.end(task, "TaskFailedToStart", cause)
            self._failed(service, rollout)
        elif self._life.exits_at_start(task):
            self._life.exit(task)
            self._failed(service, rollout)
        else:
            self._life.run(task)
            rollout.failed = 0
            rollout.attempt += 1
            lasts = self._life.lasts(task)
            if lasts is not None:
                self._later(lasts, partial(self._exited, service, rollout, task))
        self._reconcile(service)

    def _exited(self, service: RunningService, rollout: Rollout, task: RunningTask) -> None:
        """A task that ran ends: ECS replaces it without throttling, and does not count it as failed."""
        if task.status != "STOPPED":
            self._life.exit(task)
            rollout.attempt += 1
            self._reconcile(service)

    def _failed(self, service: RunningService, rollout: Rollout) -> None:
        rollout.failed += 1
        rollout.attempt += 1
        if rollout.failed >= service.threshold and rollout is service.primary and not rollout.completed:
            self._tell(service, "is unable to consistently start tasks successfully.")
            if service.breaker and not rollout.halted:
                self._trip(service, rollout)

    def _trip(self, service: RunningService, rollout: Rollout) -> None:
        """The circuit breaker: the rollout failed; back to the last completed one, if there is one."""
        rollout.state = "FAILED"
        rollout.reason = "ECS deployment circuit breaker: tasks failed to start."
        rollout.halted = True
        for task in service.tasks_of(rollout):
            if task.status == "PENDING":
                self._life.end(task, "ServiceSchedulerInitiated", f"(deployment {rollout.id}) failed")
        self._tell(service, f"(deployment {rollout.id}) deployment failed: tasks failed to start.")
        good = service.good
        if service.rolls_back and good is not None and not rollout.rolls_back:
            back = self._new_rollout(service)
            back.rolls_back = True
            back.reason = f"{ROLLING_BACK} {good.id}."
            back.pins, back.unpinned = good.pins, good.unpinned
            self._tell(service, f"rolling back to (deployment {good.id}).")

    def _drain(self, service: RunningService, tasks: list[RunningTask]) -> None:
        """Tell tasks to stop; those that run go on for a while, as load balancers and signals have it."""
        for task in tasks:
            reason = f"Scaling activity initiated by (deployment {service.primary.id})"
            task.desired_status = "STOPPED"
            task.stop_code = "ServiceSchedulerInitiated"
            task.stopped_reason = reason
            if task.runs:
                self._later(self.timings.drain, partial(self._drained, service, task))
            else:
                self._life.end(task, "ServiceSchedulerInitiated", reason)

    def _drained(self, service: RunningService, task: RunningTask) -> None:
        if task.status != "STOPPED":
            self._life.end(task, task.stop_code, task.stopped_reason)
            self._reconcile(service)

    def _sweep(self, service: RunningService) -> None:
        """Once the primary rollout is complete, the others leave as soon as they run nothing."""
        if service.primary.completed:
            service.rollouts[1:] = [one for one in service.rollouts[1:] if service.tasks_of(one)]

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._schedule.after(seconds, partial(self._locked, action))

    def _locked(self, action: Callable[[], None]) -> None:
        with self._lock:
            action()

    def _tell(self, service: RunningService, message: str) -> None:
        number = self._life.number()
        text = f"(service {service.key.name}) {message}"
        service.events.insert(
            0, ServiceEvent(id=f"00000000-0000-4000-8000-{number:012d}", at=self._schedule.now, message=text)
        )
        del service.events[EVENTS_KEPT:]
