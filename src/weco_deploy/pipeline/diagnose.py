"""Finds out why a service failed. ECS keeps stopped tasks for about an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import ALIKE, Failure, ServiceStatus, reasons
from weco_deploy.model.log_location import UNREADABLE, log_location
from weco_deploy.model.project import Environment
from weco_deploy.model.service import Container, DefinedContainer, Service, ServiceView, Task
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.stopped_tasks import StoppedTasks
from weco_deploy.ports import Ports
from weco_deploy.rules.rollout.crash_loop import could_not_start, is_failure
from weco_deploy.rules.rollout.culprits import culprits
from weco_deploy.rules.rollout.events import explaining
from weco_deploy.rules.rollout.identity import ran_release
from weco_deploy.rules.rollout.track import Track

DEATHS_SHOWN = 3
"""How many different ways in which tasks ended are shown."""
EVENTS_SHOWN = 3
LOG_LINES = 20


def diagnose(
    services: Sequence[tuple[Track, ServiceView | None]],
    environment: Environment,
    ports: Ports,
    stopped: StoppedTasks,
) -> list[tuple[Failure, ...]]:
    """The evidence of each failure, in order: the newest stopped tasks of our deployment, with logs, and events.

    For a service that neither failed nor is still in progress, nothing. What is needed of all services is read together. An
    AwsError becomes evidence, too, because it must not change a verdict. Raises any other error that ends a wait for `ports.calls`.
    """
    views = {
        place: view for place, (track, view) in enumerate(services) if view is not None and _explained(track)
    }
    reads = PartialReads[str](ports.calls)
    failures: dict[int, tuple[Failure, ...]] = {}
    try:
        found = stopped.read([view.service.key for view in views.values()], reads)
        failed = {
            place: _failed_tasks(services[place][0], view, found[view.service.key])
            for place, view in views.items()
            if view.service.key.cluster not in reads.errors
        }
        failures = _failures(
            {place: (services[place][0], failed[place]) for place in failed}, environment, ports
        )
        errors = {place: reads.errors.get(view.service.key.cluster) for place, view in views.items()}
    except AwsError as error:
        errors = dict.fromkeys(views, error)
    return [
        (*_unread(errors[place]), *failures.get(place, ()), *_events(track, views[place].service))
        if place in views
        else ()
        for place, (track, _) in enumerate(services)
    ]


def _explained(track: Track) -> bool:
    followed_failed = track.status is ServiceStatus.SUPERSEDED and track.superseded_id is not None
    return followed_failed or track.status in (ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS)


def _unread(error: AwsError | None) -> tuple[Failure, ...]:
    if error is None:
        return ()
    return (Failure(kind="ecs", message=f"why tasks of it stopped can't be read: {error.message}"),)


def _failed_tasks(track: Track, view: ServiceView, stopped: Iterable[Task]) -> list[Task]:
    # ECS's reads lag, so this one may be older than the poll's, on which the verdict rests.
    known = {task.arn: task for task in (*stopped, *(view.stopped or ()))}
    ours = [task for task in known.values() if _is_ours(task, track, view.service)]
    expected = track.service.expected
    failed = [task for task in ours if is_failure(task, expected) or could_not_start(task, expected)]
    # A task whose image is at fault explains more than one that could not start for another reason.
    return sorted(
        failed, key=lambda task: (is_failure(task, expected), task.stopped_at or track.since), reverse=True
    )


def _failures(
    failed: Mapping[int, tuple[Track, list[Task]]], environment: Environment, ports: Ports
) -> dict[int, tuple[Failure, ...]]:
    """How the failed tasks of services ended, the newest first. Tasks that ended in the same way are shown once."""
    names = {task.task_definition for _, tasks in failed.values() for task in tasks}
    read = Definitions(ports.runtime(environment)).read(names, ports.calls)
    defined = {
        name: {container.name: container for container in containers} for name, containers in read.items()
    }
    jobs: list[tuple[int, Callable[[], Failure]]] = []
    for place, (track, tasks) in failed.items():
        alike: dict[_Death, list[Task]] = {}
        for task in tasks:
            named = culprits(task, track.service.expected, defined.get(task.task_definition, {}))
            alike.setdefault(_Death(task.stop_code, task.stopped_reason, _ends(named)), []).append(task)
        jobs += [
            (
                place,
                partial(_failure, ended, end, defined.get(ended[0].task_definition, {}), environment, ports),
            )
            for death, ended in list(alike.items())[:DEATHS_SHOWN]
            for end in (death.ends or (_NO_CONTAINER,))
        ]
    answers = ports.calls.read(job for _, job in jobs)
    failures: dict[int, tuple[Failure, ...]] = {}
    for (place, _), failure in zip(jobs, answers, strict=True):
        failures[place] = (*failures.get(place, ()), failure)
    return failures


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
