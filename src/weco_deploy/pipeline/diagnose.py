"""Finds out why a service failed. ECS keeps stopped tasks for about an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import ALIKE, Failure, ServiceStatus, reasons
from weco_deploy.model.log_location import UNREADABLE, log_location
from weco_deploy.model.project import Environment
from weco_deploy.model.service import Container, DefinedContainer, Service, ServiceView, Task
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.stopped_tasks import StoppedTasks
from weco_deploy.ports import Calls, Ports, ServiceRuntime
from weco_deploy.rules.rollout.crash_loop import is_failure
from weco_deploy.rules.rollout.culprits import culprits
from weco_deploy.rules.rollout.events import explaining
from weco_deploy.rules.rollout.identity import ran_release
from weco_deploy.rules.rollout.track import Track

DEATHS_SHOWN = 3
"""How many different ways in which tasks ended are shown."""
EVENTS_SHOWN = 3
LOG_LINES = 20


def diagnose(
    track: Track, view: ServiceView | None, environment: Environment, ports: Ports
) -> tuple[Failure, ...]:
    """The evidence of a failure: the newest stopped tasks of our deployment, with logs, and events.

    For a service that neither failed nor is still in progress, nothing. An AwsError becomes evidence, too, because it must not
    change the verdict. Raises any other error that ends a wait for `ports.calls`.
    """
    followed_failed = track.status is ServiceStatus.SUPERSEDED and track.superseded_id is not None
    explained = followed_failed or track.status in (ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS)
    if view is None or not explained:
        return ()
    events = _events(track, view.service)
    try:
        return (*_stopped(track, view.service, environment, ports), *events)
    except AwsError as error:
        return (
            Failure(kind="ecs", message=f"why tasks of it stopped can't be read: {error.message}"),
            *events,
        )


def _stopped(track: Track, service: Service, environment: Environment, ports: Ports) -> tuple[Failure, ...]:
    runtime = ports.runtime(environment)
    reads = PartialReads[str](ports.calls)
    found = StoppedTasks(runtime).read([service.key], reads)[service.key]
    reads.raise_first()
    failed = [task for task in found if _is_ours(task, track, service) and is_failure(task)]
    failed.sort(key=lambda task: task.stopped_at or track.since, reverse=True)
    defined = _defined(runtime, failed, ports.calls)
    alike: dict[_Death, list[Task]] = {}
    for task in failed:
        named = culprits(task, track.service.expected, defined.get(task.task_definition, {}))
        alike.setdefault(_Death(task.stop_code, task.stopped_reason, _ends(named)), []).append(task)
    failures = ports.calls.read(
        partial(_failure, tasks, end, defined.get(tasks[0].task_definition, {}), environment, ports)
        for death, tasks in list(alike.items())[:DEATHS_SHOWN]
        for end in (death.ends or (_NO_CONTAINER,))
    )
    return tuple(failures)


def _is_ours(task: Task, track: Track, service: Service) -> bool:
    """Whether the task ran for our deployment. ECS no longer lists a deployment once its rollback is complete."""
    ours = service.deployment(track.deployment_id)
    if ours is None:
        return task.deployment_id == track.deployment_id
    return ran_release(task, ours, track.service.expected)


@dataclass(frozen=True, slots=True)
class _End:
    """How a container ended. `container` is its name; empty if ECS lists none."""

    container: str
    exit_code: int | None
    reason: str


_NO_CONTAINER = _End("", None, "")


@dataclass(frozen=True, slots=True)
class _Death:
    """How a task ended, and its containers that are named. Tasks that ended in the same way are shown once."""

    stop_code: str
    reason: str
    ends: tuple[_End, ...]


def _ends(containers: Iterable[Container]) -> tuple[_End, ...]:
    return tuple(_End(container.name, container.exit_code, container.reason) for container in containers)


def _defined(
    runtime: ServiceRuntime, tasks: Iterable[Task], calls: Calls
) -> Mapping[str, Mapping[str, DefinedContainer]]:
    """The containers' definitions by name, by task definition.

    Empty if they can't be read. Then log lines are missing, and images that ECS names only by digest are not recognised.
    """
    names = sorted({task.task_definition for task in tasks})
    try:
        answers = calls.read(partial(runtime.defined, name) for name in names)
    except AwsError:
        return {}
    return {
        name: {container.name: container for container in containers}
        for name, containers in zip(names, answers, strict=True)
    }


def _failure(
    tasks: Sequence[Task],
    end: _End,
    containers: Mapping[str, DefinedContainer],
    environment: Environment,
    ports: Ports,
) -> Failure:
    """How the newest of these tasks, which all ended in the same way, and its container ended."""
    task, defined = tasks[0], containers.get(end.container)
    failure = Failure(
        kind="task",
        message=_cause(task, end) + (f"{ALIKE}{len(tasks) - 1} more)" if len(tasks) > 1 else ""),
        task=task.id,
        stop_code=task.stop_code or None,
        container=end.container or None,
        exit_code=end.exit_code,
    )
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


def _cause(task: Task, end: _End) -> str:
    """ECS's reasons, each once: where an image can't be pulled, it gives the same reason for the task and the container."""
    if end.reason in task.stopped_reason:
        return task.stopped_reason or "it stopped"
    if task.stopped_reason in end.reason:
        return end.reason
    return reasons(task.stopped_reason, end.reason)


def _events(track: Track, service: Service) -> tuple[Failure, ...]:
    events = explaining(service, track.deployment_id, track.created_at or track.since, EVENTS_SHOWN)
    return tuple(Failure(kind="event", message=event.message) for event in events)
