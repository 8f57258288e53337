"""The service scheduler: takes each service from what runs to what is wanted.

`reconcile` is run after every change of a service. It drops deployments that have no task left, makes the next step of
the rolling update, and looks whether the PRIMARY deployment fulfils its criteria for completion.
"""

from __future__ import annotations

from datetime import datetime

from weco_deploy.sandbox.ecs import deployments, native, tasks
from weco_deploy.sandbox.ecs.causes import ALARM, BREAKER
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.rolling import Limits, RolledTask, next_step
from weco_deploy.sandbox.ecs.service_state import Deployment, Progress, Service
from weco_deploy.sandbox.ecs.stages import CLEAN_UP, NATIVE
from weco_deploy.sandbox.ecs.state import Task

NO_CAPACITY = (
    "was unable to place a task because no container instance met all of its requirements. Reason: No Container "
    "Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS "
    "Developer Guide."
)
CANNOT_START = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of "
    "the Amazon ECS Developer Guide."
)
CONSISTENTLY = 3
"""So many failures in a row make ECS say that it can't start tasks."""


def reconcile(region: Region, service: Service) -> None:
    """Take the service's next step."""
    service.reconciling = False
    if service.status == "DRAINING":
        _finish_deletion(region, service)
    if service.status != "ACTIVE":
        return
    primary = service.primary
    if not deployments.begin(region, service, primary):
        return
    _drop_replaced(service)
    native.advance(region, service, scaled_up=_is_scaled_up(service, primary))
    _fail_on_alarm(region, service, primary)
    primary = service.primary
    _step(region, service, primary)
    _consider_completion(region, service, primary)


def limits_of(service: Service) -> Limits:
    configuration = service.configuration
    return Limits.of(service.desired, configuration["minimumHealthyPercent"], configuration["maximumPercent"])


def counts_as_healthy(task: Task) -> bool:
    """Whether the task counts towards the healthy ones: without any check only once it ran for a while."""
    checked = task.checked or (task.service is not None and bool(task.service.target_groups))
    return task.healthy and (checked or task.counted)


def _finish_deletion(region: Region, service: Service) -> None:
    if not service.tasks:
        service.status = "INACTIVE"
        region.changed(service)


def _drop_replaced(service: Service) -> None:
    kept = {task.started_by for task in service.tasks.values()}
    service.deployments[1:] = [deployment for deployment in service.deployments[1:] if deployment.id in kept]


def _step(region: Region, service: Service, primary: Deployment) -> None:
    if primary.halted:
        if service.configuration["strategy"] in NATIVE:
            return
        wanted = [task for task in service.tasks.values() if task.wanted]
        _stop(region, service, wanted[service.desired :])
        return
    progress = native.progress_of(service)
    if progress is not None and not progress.scales_up:
        _stop(region, service, native.tasks_to_remove(service, progress))
        return
    if _is_full(service, primary):
        return
    rolled = [_rolled(task, primary, region.now) for task in service.tasks.values()]
    step = next_step(
        _limits(service, progress, rolled),
        rolled,
        primary.starting,
        old_wanted=_old_wanted(service, primary, progress, rolled),
    )
    by_id = {task.id: task for task in service.tasks.values()}
    _stop(region, service, [by_id[task_id] for task_id in step.stop])
    if step.held:
        _say_held(region, service, by_id[step.held[0]], len(step.held))
    if step.start:
        primary.starting += step.start
        region.after(
            region.settings.timings.until_placed(primary.breaker.row),
            lambda: _place(region, service, primary, step.start),
        )


def _is_full(service: Service, primary: Deployment) -> bool:
    """Whether all tasks that are desired are there or about to be, and no other: nothing to start or to stop."""
    tasks = service.tasks.values()
    return len(tasks) + primary.starting == service.desired and all(
        task.deployment is primary and task.desired_status == "RUNNING" for task in tasks
    )


def _rolled(task: Task, primary: Deployment, now: datetime) -> RolledTask:
    return RolledTask(
        id=task.id,
        new=task.deployment is primary,
        wanted=task.wanted,
        occupies=task.running or task.pending,
        healthy=counts_as_healthy(task),
        protected=task.protected(now),
    )


def _is_scaled_up(service: Service, primary: Deployment) -> bool:
    """Whether all desired tasks of the PRIMARY deployment are healthy."""
    return sum(counts_as_healthy(task) for task in service.tasks_of(primary)) >= service.desired


def _limits(service: Service, progress: Progress | None, rolled: list[RolledTask]) -> Limits:
    if progress is None:
        return limits_of(service)
    return Limits(desired=service.desired, fewest=service.desired, most=len(rolled) + service.desired)


def _old_wanted(
    service: Service, primary: Deployment, progress: Progress | None, rolled: list[RolledTask]
) -> int | None:
    """How many old tasks are kept for now: all before a native strategy cleans up; None where the usual rule holds."""
    if progress is not None:
        return None if progress.step.stage == CLEAN_UP else len(rolled)
    early = deployments.early_success(service)
    if early is None or primary.rolls_back:
        return None
    if early.deferred:
        return None if primary.completed else len(rolled)
    healthy = sum(task.healthy for task in rolled if task.new and task.wanted)
    return 0 if healthy >= early.needed(service.desired) else None


def _stop(region: Region, service: Service, stopped: list[Task]) -> None:
    running = [task for task in stopped if not task.pending]
    if running:
        named = " ".join(f"(task {task.id})" for task in running)
        region.tell(service, f"has stopped {len(running)} running tasks: {named}.")
    if len(running) < len(stopped):
        region.tell(service, f"stopped {len(stopped) - len(running)} pending tasks.")
    reason = f"Scaling activity initiated by (deployment {service.primary.id})"
    for task in stopped:
        tasks.stop(region, task, "ServiceSchedulerInitiated", reason)


def _say_held(region: Region, service: Service, task: Task, count: int) -> None:
    message = (
        f"was unable to reach steady state because (taskSet {task.started_by}) was unable to scale in "
        f"due to (reason {count} tasks under protection)"
    )
    if not any(event["message"].endswith(message) for event in service.events):
        region.tell(service, message)


def _place(region: Region, service: Service, deployment: Deployment, count: int) -> None:
    """Place tasks, as far as they are still wanted."""
    deployment.starting -= count
    if service.status != "ACTIVE" or deployment is not service.primary or deployment.halted:
        return
    wanted = sum(task.wanted for task in service.tasks_of(deployment)) + deployment.starting
    count = min(count, service.desired - wanted)
    if count <= 0:
        return
    if service.trouble.no_capacity:
        region.tell(service, NO_CAPACITY)
        task_failed(region, service, deployment)
        region.wake(service)
        return
    placed = [tasks.place(region, service, deployment) for _ in range(count)]
    named = " ".join(f"(task {task.id})" for task in placed)
    region.tell(service, f"has started {len(placed)} tasks: {named}.")


def task_failed(region: Region, service: Service, deployment: Deployment) -> None:
    """Count a task that could not be started, or that failed a health check."""
    tripped = deployment.breaker.failed(service.desired)
    if deployment.breaker.row == CONSISTENTLY:
        region.tell(service, CANNOT_START)
    if tripped and deployment is service.primary and not deployment.completed:
        deployments.fail(region, service, deployment, BREAKER)


def _fail_on_alarm(region: Region, service: Service, primary: Deployment) -> None:
    if primary.completed or primary.halted:
        return
    progress = native.progress_of(service)
    if progress is not None and progress.step.stage == CLEAN_UP:
        return
    triggered = service.alarms & region.alarms
    if triggered and not primary.ignored_alarms and not primary.rolls_back:
        deployments.fail(region, service, primary, ALARM, tuple(sorted(triggered)))


def _consider_completion(region: Region, service: Service, primary: Deployment) -> None:
    if primary.completed or primary.halted:
        return
    progress = native.progress_of(service)
    cleaned_up = progress is None or progress.step.stage == CLEAN_UP
    if not cleaned_up or not _fulfils_criteria(service, primary):
        primary.fulfilled_since = None
        return
    if primary.fulfilled_since is None:
        since = primary.fulfilled_since = region.now
        timings = region.settings.timings
        watched = service.alarms and not primary.ignored_alarms and progress is None
        region.after(
            timings.steady + (timings.bake if watched else 0),
            lambda: _complete(region, service, primary, since),
        )


def _fulfils_criteria(service: Service, primary: Deployment) -> bool:
    new = [task for task in service.tasks.values() if task.deployment is primary]
    old_left = len(service.tasks) > len(new)
    healthy = sum(counts_as_healthy(task) for task in new)
    early = None if primary.rolls_back else deployments.early_success(service)
    if early is None:
        return healthy == len(new) == service.desired and not old_left
    return healthy >= early.needed(service.desired) and (early.deferred or not old_left)


def _complete(region: Region, service: Service, primary: Deployment, since: datetime) -> None:
    if primary is not service.primary or primary.fulfilled_since != since or service.status != "ACTIVE":
        return
    if not deployments.stop_requested(service, primary):
        deployments.complete(region, service, primary)
        region.tell(service, f"(deployment {primary.id}) deployment completed.")
        if len(service.tasks) == service.desired:
            region.tell(service, "has reached a steady state.")
        region.wake(service)
