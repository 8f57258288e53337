"""Finds out why a service failed. ECS keeps stopped tasks for about an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import Failure, ServiceStatus, reasons
from weco_deploy.model.log_location import UNREADABLE, log_location
from weco_deploy.model.project import Environment
from weco_deploy.model.service import Container, DefinedContainer, Service, ServiceView, Task
from weco_deploy.pipeline import reads
from weco_deploy.ports import Calls, Ports, ServiceRuntime
from weco_deploy.rules.rollout.crash_loop import is_failure
from weco_deploy.rules.rollout.rolling import belongs
from weco_deploy.rules.rollout.track import Track

DEATHS_SHOWN = 3
"""How many different ways in which tasks ended are shown."""
EVENTS_SHOWN = 3
LOG_LINES = 20


def diagnose(
    track: Track, view: ServiceView | None, environment: Environment, ports: Ports
) -> tuple[Failure, ...]:
    """The evidence of a failure: the newest stopped tasks of our deployment, with logs, and events.

    For a service that is not done when the waiting time is over, only the tasks. For any other service that did not fail,
    nothing. An AwsError becomes evidence, too, because it must not change the verdict. Raises any other error that ends a wait
    for `ports.calls`.
    """
    if view is None or track.status not in (ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS):
        return ()
    events = _events(track, view.service) if track.status is ServiceStatus.FAILED else ()
    try:
        return (*_stopped(track, view.service, environment, ports), *events)
    except AwsError as error:
        return (
            Failure(kind="ecs", message=f"why tasks of it stopped can't be read: {error.message}"),
            *events,
        )


def _stopped(track: Track, service: Service, environment: Environment, ports: Ports) -> tuple[Failure, ...]:
    runtime = ports.runtime(environment)
    found = reads.stopped_tasks(runtime, [service.key], ports.calls)[service.key]
    failed = [task for task in found if _is_ours(task, track, service) and is_failure(task)]
    failed.sort(key=lambda task: task.stopped_at or track.since, reverse=True)
    alike: dict[_Death, list[Task]] = {}
    for task in failed:
        alike.setdefault(_death(task), []).append(task)
    shown = list(alike.values())[:DEATHS_SHOWN]
    defined = _defined(runtime, [tasks[0] for tasks in shown], ports.calls)
    failures = ports.calls.read(
        partial(
            _failure,
            tasks,
            container,
            defined.get((tasks[0].task_definition, container.name)) if container else None,
            environment,
            ports,
        )
        for tasks in shown
        for container in (_culprits(tasks[0]) or (None,))
    )
    return tuple(failures)


def _is_ours(task: Task, track: Track, service: Service) -> bool:
    """Whether our deployment started the task. ECS no longer lists a deployment once its rollback is complete."""
    ours = service.deployment(track.deployment_id)
    return task.deployment_id == track.deployment_id if ours is None else belongs(task, ours)


_Death = tuple[str, str, tuple[tuple[str, int | None, str], ...]]


def _death(task: Task) -> _Death:
    """How a task ended. Tasks that ended in the same way are shown once."""
    ends = tuple((container.name, container.exit_code, container.reason) for container in _culprits(task))
    return task.stop_code, task.stopped_reason, ends


def _culprits(task: Task) -> tuple[Container, ...]:
    """The containers that ended the task; its first container if ECS names none."""
    named = tuple(
        container for container in task.containers if container.reason or container.exit_code not in (None, 0)
    )
    return named or task.containers[:1]


def _defined(
    runtime: ServiceRuntime, tasks: list[Task], calls: Calls
) -> Mapping[tuple[str, str], DefinedContainer]:
    """The containers' definitions, by task definition and container name.

    Empty if they can't be read. Then only the log lines are missing.
    """
    names = sorted({task.task_definition for task in tasks})
    try:
        answers = calls.read(partial(runtime.defined, name) for name in names)
    except AwsError:
        return {}
    return {
        (name, container.name): container
        for name, containers in zip(names, answers, strict=True)
        for container in containers
    }


def _failure(
    tasks: list[Task],
    container: Container | None,
    defined: DefinedContainer | None,
    environment: Environment,
    ports: Ports,
) -> Failure:
    """How the newest of these tasks, which all ended in the same way, and its container ended."""
    task = tasks[0]
    message = reasons(task.stopped_reason, container.reason if container else "") or "it stopped"
    if len(tasks) > 1:
        message += f" (so did {len(tasks) - 1} more)"
    failure = Failure(kind="task", message=message, task=task.id, stop_code=task.stop_code or None)
    if container is None:
        return failure
    failure = replace(failure, container=container.name, exit_code=container.exit_code)
    if defined is None or defined.log_driver is None:
        return failure
    if defined.log_driver != "awslogs" or not defined.log_group:
        return replace(failure, log_location=f"log driver {defined.log_driver}: not readable from here")
    location = log_location(defined, task.arn)
    try:
        lines = ports.logs(environment).tail(defined, task.id, LOG_LINES)
    except AwsError as error:
        return replace(failure, log_location=f"{location}{UNREADABLE}{error.message})")
    return replace(failure, log_location=location, log_lines=lines)


def _events(track: Track, service: Service) -> tuple[Failure, ...]:
    """The newest events of the service since our deployment began."""
    since = [event for event in service.events if event.at >= track.since.replace(microsecond=0)]
    return tuple(Failure(kind="event", message=event.message) for event in since[:EVENTS_SHOWN])
