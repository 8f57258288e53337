"""Reads what AWS and the record know of the tasks that may run before services restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.plan import Plan, Snapshot
from weco_deploy.model.planned_task import ObservedTask, Pinning
from weco_deploy.model.project import Environment
from weco_deploy.model.service import Service, Task
from weco_deploy.model.steps import StepRun, StepStatus
from weco_deploy.model.template import fill
from weco_deploy.ports import Ports


def with_tasks(
    observed: Snapshot, environment: Environment, tasks: Sequence[BeforeTask], ports: Ports
) -> Snapshot:
    """The snapshot with these tasks, and with the pinning of the services that use the project's images in them."""
    if not tasks:
        return observed
    calls, runner, now = ports.calls, ports.tasks(environment), ports.clock.utc()
    recorded = calls.begin(partial(ports.store.step_runs, environment.id, tuple(task.id for task in tasks)))
    likes = {task.id: calls.begin(partial(_like, task.like, observed, environment, ports)) for task in tasks}
    read = calls.read(
        partial(runner.definition, fill(task.task_definition, environment.values)) for task in tasks
    )
    definitions = dict(zip((task.id for task in tasks), read, strict=True))
    runs = calls.answer(recorded)
    open_runs = {
        run.token: run for known in runs.values() for run in known if run.status is StepStatus.RUNNING
    }
    found = calls.read(partial(_task_of, run, environment, ports) for run in open_runs.values())
    tasks_of_runs = dict(zip(open_runs, found, strict=True))
    return replace(
        observed,
        tasks={
            task.id: ObservedTask(
                at=now,
                definition=definitions[task.id],
                like=calls.answer(likes[task.id]),
                runs=runs.get(task.id, ()),
                tasks={
                    run.token: tasks_of_runs[run.token]
                    for run in runs.get(task.id, ())
                    if run.token in tasks_of_runs
                },
            )
            for task in tasks
        },
    )


def with_pinning(observed: Snapshot, planned: Plan, environment: Environment, ports: Ports) -> Snapshot:
    """The snapshot with the pinning of the services that use images whose tags move before the tasks of the plan run."""
    moving = {image.image_id for image in planned.moves_for_tasks}
    services = {
        view.service.key: view.service
        for service in planned.services
        if any(image.image_id in moving for image in service.expected)
        for view in observed.services[service.service_id]
    }
    runtime, calls = ports.runtime(environment), ports.calls
    defined = [
        calls.begin(partial(runtime.defined, service.task_definition)) for service in services.values()
    ]
    resolved = [calls.begin(partial(runtime.resolved, service)) for service in services.values()]
    if not services:
        return observed
    pinning = zip(services, calls.answers(defined), calls.answers(resolved), strict=True)
    return replace(
        observed,
        pinning={key: Pinning(defined=containers, resolved=images) for key, containers, images in pinning},
    )


def read_definition(
    task: BeforeTask, observed: Snapshot, environment: Environment, ports: Ports
) -> ObservedTask:
    """What tells whether the task can run. Its runs are not read."""
    return ObservedTask(
        at=ports.clock.utc(),
        definition=ports.tasks(environment).definition(fill(task.task_definition, environment.values)),
        like=_like(task.like, observed, environment, ports),
    )


def _like(
    service_id: str | None, observed: Snapshot, environment: Environment, ports: Ports
) -> Service | None:
    """The service with this id. If the release has none of its images, it was not observed; the record may know it."""
    if service_id is None:
        return None
    views = observed.services.get(service_id, ())
    if views:
        return views[0].service if len(views) == 1 else None
    known = observed.record.services.get(service_id)
    key = known.key if known else ports.project.named_services(environment).get(service_id)
    if key is None:
        return None
    return next(iter(ports.runtime(environment).describe(key.cluster, [key.name])), None)


def _task_of(run: StepRun, environment: Environment, ports: Ports) -> Task | None:
    """The task that ECS runs or ran for a run whose end is not recorded; None if ECS does not know it."""
    runner = ports.tasks(environment)
    if run.task is not None:
        return runner.task(run.cluster, run.task)
    family = run.definition.rpartition("/")[2].partition(":")[0]
    return runner.begun(run.cluster, family, run.token)
