"""The life of a task: it is placed, resolves and pulls its images, starts, passes checks, and ends.

What a service does about it is the scheduler's business: each change of a service's task wakes the scheduler.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from weco_deploy.sandbox.ecs import pulls, targets
from weco_deploy.sandbox.ecs.images import Resolved
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Deployment, Service
from weco_deploy.sandbox.ecs.state import GOOD_FOR_ECS, Cluster, Container, Task, TaskDefinition
from weco_deploy.sandbox.ecs.timings import STOPPED_TASKS_VISIBLE

FIRST_DYNAMIC_PORT = 32768
"""Where the ports begin that a host gives to containers that ask for none."""
KILLED, TERMINATED = 137, 143
"""Exit codes of containers that ended by SIGKILL, and by SIGTERM."""


def place(region: Region, service: Service, deployment: Deployment) -> Task:
    """Place a task of a service's deployment."""
    task = create(
        region,
        service.cluster,
        deployment.revision.definition,
        launch_type=service.launch_type,
        started_by=deployment.id,
        group=f"service:{service.name}",
    )
    task.service, task.deployment = service, deployment
    service.tasks[task.arn] = task
    _bind_ports(task)
    provision(region, task)
    return task


def _bind_ports(task: Task) -> None:
    """Give a task that has no network interface of its own a host, and its containers ports there."""
    if task.definition.registered.get("networkMode") not in {"bridge", "host"}:
        return
    running = [other.instance for other in task.cluster.tasks.values() if not other.stopped]
    task.instance = min(task.cluster.container_instances, key=running.count)
    for container in task.containers:
        container.bindings = [
            {
                "bindIP": "0.0.0.0",  # noqa: S104 - what ECS reports, nothing listens
                "containerPort": mapping["containerPort"],
                "hostPort": mapping.get("hostPort") or FIRST_DYNAMIC_PORT + running.count(task.instance),
                "protocol": mapping.get("protocol", "tcp"),
            }
            for mapping in container.definition.get("portMappings", ())
        ]


def create(
    region: Region,
    cluster: Cluster,
    definition: TaskDefinition,
    *,
    launch_type: str,
    started_by: str,
    group: str,
) -> Task:
    """A new task, which does nothing before it is provisioned."""
    task = Task(
        arn=region.place.arn("task", cluster.name, region.new_hex()),
        cluster=cluster,
        definition=definition,
        created_at=region.now,
        launch_type=launch_type,
        started_by=started_by,
        group=group,
        containers=[Container(definition=container) for container in definition.containers],
        address=region.new_address(),
    )
    cluster.tasks[task.arn] = task
    return task


def provision(region: Region, task: Task) -> None:
    """Let a placed task begin to pull after a while."""
    _changed(region, task)
    region.after_resolving(
        region.settings.timings.provisioning,
        lambda: pulls.references(task),
        lambda resolved: _pull(region, task, resolved),
    )


def _pull(region: Region, task: Task, resolved: Resolved) -> None:
    if task.stopped:
        return
    if task.service is not None and task.service.trouble.start_fails:
        end(region, task, "TaskFailedToStart", task.service.trouble.start_fails)
        _failed(region, task)
        return
    task.status = "PENDING"
    task.pull_started_at = region.now
    _changed(region, task)
    found = {container.name: resolved[pulls.reference(task, container)] for container in task.containers}
    pulls.pin(task, found)
    broken = next((container for container in task.containers if pulls.why_not(found[container.name])), None)
    if broken is not None:
        why = pulls.why_not(found[broken.name])
        region.after(region.settings.timings.pull, lambda: _pull_failed(region, task, broken, why))
        return
    failing = pulls.pulled(task, found)
    if failing:
        first = min(failing, key=lambda container: container.behaviour.start)
        region.after(first.behaviour.start, lambda: _exited_at_start(region, task, first))
    else:
        longest = max(container.behaviour.start for container in task.containers)
        region.after(longest, lambda: _run(region, task))


def _pull_failed(region: Region, task: Task, container: Container, why: str) -> None:
    if task.stopped:
        return
    reference = pulls.reference(task, container)
    reason = (
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {reference}: {why}"
    )
    container.reason = reason
    end(region, task, "TaskFailedToStart", reason)
    _failed(region, task)


def _exited_at_start(region: Region, task: Task, container: Container) -> None:
    if task.stopped:
        return
    for started in task.containers:
        started.status = "RUNNING"
        _appear(region, task, started)
    container.exit_code = container.behaviour.exit_code
    container.reason = ""
    end(region, task, "EssentialContainerExited", "Essential container in task exited")
    _failed(region, task)


def _run(region: Region, task: Task) -> None:
    if task.stopped:
        return
    timings = region.settings.timings
    task.status = "RUNNING"
    task.started_at = region.now
    for container in task.containers:
        container.status = "RUNNING"
        _appear(region, task, container)
        _schedule_exit(region, task, container)
    _protect_itself(region, task)
    failing = any(container.checked and not container.behaviour.healthy for container in task.containers)
    if task.checked:
        delay = timings.health_check_failure if failing else timings.health_check
        region.after(delay, lambda: _health_known(region, task))
    targets.register(region, task, lambda: target_known(region, task))
    region.after(timings.counted, lambda: _counted(region, task))
    _perhaps_healthy(region, task)
    _changed(region, task)


def _schedule_exit(region: Region, task: Task, container: Container) -> None:
    seconds = container.behaviour.exits_after
    if seconds is not None:
        region.after(seconds, lambda: _exited(region, task, container))


def _protect_itself(region: Region, task: Task) -> None:
    seconds = max(container.behaviour.protects_for for container in task.containers)
    if seconds and task.service is not None:
        protect(region, task, region.now + timedelta(seconds=seconds / region.settings.speed))


def _appear(region: Region, task: Task, container: Container) -> None:
    """The container was pulled and begins to run: it reports its digest, and logs what it logs."""
    task.pull_stopped_at = task.pull_stopped_at or region.now
    if task.service is None or not task.service.trouble.hides_digests:
        container.digest = container.pulled
    log = container.definition.get("logConfiguration", {})
    options = log.get("options", {})
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    if log.get("logDriver") == "awslogs" and group and prefix:
        region.log(group, f"{prefix}/{container.name}/{task.id}", container.behaviour.lines)


def _exited(region: Region, task: Task, container: Container) -> None:
    """A container ends by itself, and the task with it if it is essential."""
    if container.status != "RUNNING":
        return
    container.exit_code = container.behaviour.exit_code
    container.status = "STOPPED"
    if container.essential:
        end(region, task, "EssentialContainerExited", "Essential container in task exited")
    _changed(region, task)


def _health_known(region: Region, task: Task) -> None:
    if not task.running or not task.wanted:
        return
    for container in task.containers:
        if container.checked:
            container.health = "HEALTHY" if container.behaviour.healthy else "UNHEALTHY"
    _changed(region, task)
    if task.health == "HEALTHY":
        _perhaps_healthy(region, task)
        return
    if task.service is not None:
        region.tell(task.service, f"(task {task.id}) failed container health checks.")
        stop(region, task, "ServiceSchedulerInitiated", "Task failed container health checks")
        _failed(region, task)


def target_known(region: Region, task: Task) -> None:
    if not task.running or not task.wanted or task.service is None:
        return
    _changed(region, task)
    if task.target in GOOD_FOR_ECS:
        _perhaps_healthy(region, task)
        return
    group = task.service.target_groups[0]
    region.tell(
        task.service,
        f"(task {task.id}) (port {targets.port_of(task.service)}) is unhealthy in "
        f"(target-group {group}) due to (reason {targets.FAILING}).",
    )
    reason = f"Task failed ELB health checks in (target-group {group})"
    stop(region, task, "ServiceSchedulerInitiated", reason)
    _failed(region, task)


def _counted(region: Region, task: Task) -> None:
    """A task without health checks counts towards the minimum only once it ran for a while."""
    task.counted = True
    if task.service is not None and task.running:
        region.wake(task.service)


def _perhaps_healthy(region: Region, task: Task) -> None:
    if task.deployment is not None and task.healthy:
        task.deployment.breaker.healthy()
        _changed(region, task)


def _failed(region: Region, task: Task) -> None:
    if task.service is not None and task.deployment is not None:
        region.task_failed(task.service, task.deployment)
        region.wake(task.service)


def protect(region: Region, task: Task, until: datetime | None) -> None:
    """Protect a task from scale-in until then; None ends its protection."""
    task.protected_until = until
    _changed(region, task)
    service = task.service
    if until is not None and service is not None:
        region.at(until, lambda: region.wake(service))


def stop(region: Region, task: Task, code: str, reason: str) -> None:
    """Tell a task to stop; one that runs takes a while to."""
    if task.stopped or not task.wanted:
        return
    if task.pending:
        end(region, task, code, reason)
        return
    timings = region.settings.timings
    task.desired_status = "STOPPED"
    task.stopping_at = region.now
    task.stop_code, task.stopped_reason = code, reason
    drains = bool(task.target)
    targets.deregister(region, task)
    if task.launch_type == "FARGATE":
        task.status = "DEACTIVATING" if drains else "STOPPING"
    seconds = timings.deregistration + timings.stop if drains else timings.stop
    region.after(seconds, lambda: end(region, task, code, reason))
    _changed(region, task)


def end(region: Region, task: Task, code: str, reason: str) -> None:
    """The task has stopped. Containers that did not exit by themselves were stopped."""
    if task.stopped:
        return
    by_itself = code == "EssentialContainerExited"
    for container in task.containers:
        if container.exit_code is None and container.status == "RUNNING":
            container.exit_code = KILLED if by_itself else TERMINATED
        container.status = "STOPPED"
    targets.deregister(region, task)
    task.target = ""
    task.status = task.desired_status = "STOPPED"
    task.stopping_at = task.stopping_at or region.now
    task.stopped_at = region.now
    task.stop_code, task.stopped_reason = code, reason
    if task.service is not None:
        task.service.tasks.pop(task.arn, None)
        task.service.stopped[task.arn] = task
    region.at(region.now + timedelta(seconds=STOPPED_TASKS_VISIBLE), lambda: _forget(task))
    _changed(region, task)


def _forget(task: Task) -> None:
    task.cluster.tasks.pop(task.arn, None)
    if task.service is not None:
        task.service.stopped.pop(task.arn, None)


def _changed(region: Region, task: Task) -> None:
    region.changed(task)
    if task.service is not None:
        region.wake(task.service)
