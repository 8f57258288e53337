"""Plans the tasks that run before services restart.

A task runs once for the same command and images (`once: release`). An earlier run of it whose end is not recorded, because its
deployment was cut off, is looked up in ECS:

    ECS knows the task                          the deployment goes on with it
    ECS was asked, its answer is not known      ECS is asked again: for the same token it runs one task at most
    ECS has forgotten the task                  refused until `--step` says what became of it
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from weco_deploy.model.before_task import BeforeTask, On, Once
from weco_deploy.model.expected import Expected
from weco_deploy.model.kind import Kind
from weco_deploy.model.launch import CapacityProvider, Launch
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.planned_task import ObservedTask, PlannedTask, TaskAction
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DONE, DeployRequest
from weco_deploy.model.service import DefinedContainer, Task, TaskDefinition
from weco_deploy.model.steps import StepRun, StepStatus
from weco_deploy.model.template import fill
from weco_deploy.rules.step_runs import newest_with

REMEMBERED = timedelta(minutes=50)
"""How long after a task was asked for ECS surely still knows it. It forgets tasks an hour after they stopped."""
READ_LAG = timedelta(minutes=5)
"""For how long a new task may be missing in ECS's answers (API reference, RunTask)."""


def wanted_tasks(environment: Environment, kind: Kind) -> tuple[BeforeTask, ...]:
    """The tasks that a deployment of this kind runs, if it changes anything."""
    on = On.ROLLBACK if kind is Kind.ROLLBACK else On.DEPLOY
    return tuple(task for task in environment.before if on in task.on)


@dataclass(frozen=True, slots=True)
class TaskPlans:
    """The tasks that were planned, and the reasons against the deployment."""

    tasks: tuple[PlannedTask, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether a task of these images was begun and did not succeed, so that something is left to do."""
        return any(_begun_in_vain(task) for task in self.tasks)


def plan_tasks(
    environment: Environment,
    request: DeployRequest,
    expected: Mapping[str, Expected],
    digests: Mapping[str, str],
    observed: Snapshot,
) -> TaskPlans:
    """Plan the tasks of a deployment.

    Args:
        environment: the environment.
        request: the deployment's request.
        expected: what the containers of the release's images must run, by image id.
        digests: the digests that the images' tags will point at, by image id.
        observed: what was observed.

    """
    tasks: list[PlannedTask] = []
    refusals: list[str] = []
    wanted = wanted_tasks(environment, request.kind)
    for task in wanted:
        planned = _plan(task, environment, request, expected, digests, observed.tasks[task.id])
        if isinstance(planned, PlannedTask):
            tasks.append(planned)
        else:
            refusals.append(f"{task.id}: {planned}")
    for unknown in sorted(request.steps.keys() - {task.id for task in wanted}):
        known = ", ".join(task.id for task in wanted)
        refusals.append(f"--step {unknown}: this deployment has no such step; its steps: {known or 'none'}")
    return TaskPlans(tuple(tasks), tuple(refusals))


def _plan(
    task: BeforeTask,
    environment: Environment,
    request: DeployRequest,
    expected: Mapping[str, Expected],
    digests: Mapping[str, str],
    observed: ObservedTask,
) -> PlannedTask | str:
    """The planned task, or the reason against it."""
    found = _start(task, environment, observed)
    if isinstance(found, str):
        return found
    definition, container, launch = found
    used = [
        image
        for image in expected.values()
        if any(image.concerns(defined.image) for defined in definition.containers)
    ]
    replicas = (image.replica_of(defined.image) for image in used for defined in definition.containers)
    planned = PlannedTask(
        id=task.id,
        action=TaskAction.RUN,
        why="",
        definition=definition,
        container=container,
        command=task.command,
        launch=launch,
        images=tuple(image.image_id for image in used),
        expected=tuple(used),
        replicas=tuple(dict.fromkeys(replica for replica in replicas if replica)),
        timeout=task.timeout,
        key=_key(task, definition, [digests[image.image_id] for image in used]),
        runs=observed.runs,
    )
    return _with_action(planned, task, request.steps.get(task.id), observed)


def why_not_startable(task: BeforeTask, environment: Environment, observed: ObservedTask) -> str:
    """Why the task can't run, as it is set up; empty if it can."""
    found = _start(task, environment, observed)
    return found if isinstance(found, str) else ""


def _start(
    task: BeforeTask, environment: Environment, observed: ObservedTask
) -> tuple[TaskDefinition, DefinedContainer, Launch] | str:
    """What is needed to run the task, or why it can't run."""
    definition = observed.definition
    if definition is None:
        return f"there is no task definition {fill(task.task_definition, environment.values)}"
    container = _container(task, definition)
    if isinstance(container, str):
        return container
    launch = _launch(task, environment, observed, definition)
    if isinstance(launch, str):
        return launch
    return definition, container, launch


def _container(task: BeforeTask, definition: TaskDefinition) -> DefinedContainer | str:
    names = [container.name for container in definition.containers]
    if task.container is None and len(names) != 1:
        return f"{definition.arn} has several containers ({', '.join(names)}): say with `container` whose exit code counts"
    container = next((known for known in definition.containers if task.container in (None, known.name)), None)
    if container is None:
        return f"{definition.arn} has no container {task.container}; its containers: {', '.join(names)}"
    if not container.essential:
        return f"the container {container.name} of {definition.arn} is not essential, so the task would go on without it"
    return container


def _launch(
    task: BeforeTask, environment: Environment, observed: ObservedTask, definition: TaskDefinition
) -> Launch | str:
    if task.like is not None:
        launch = observed.like.launch if observed.like else None
        if launch is None:
            return f"the service {task.like}, like which it runs, was not found"
    else:
        launch = Launch(
            cluster=fill(task.cluster or "", environment.values),
            launch_type=task.launch_type or "",
            capacity_providers=(CapacityProvider(task.capacity_provider),) if task.capacity_provider else (),
            subnets=task.subnets,
            security_groups=task.security_groups,
            assign_public_ip=task.assign_public_ip,
        )
    if definition.own_network and not launch.subnets:
        return f"{definition.arn} has the network mode awsvpc, so it needs subnets"
    if not definition.own_network:  # ECS refuses a network configuration for other network modes
        launch = replace(launch, subnets=(), security_groups=(), assign_public_ip=False)
    return launch


def _key(task: BeforeTask, definition: TaskDefinition, digests: Sequence[str]) -> str:
    """The same for the same command and images. A task without images of the project counts by its task definition."""
    content = [task.id, task.command, sorted(digests) or definition.arn]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:40]


def _with_action(
    planned: PlannedTask, task: BeforeTask, said: str | None, observed: ObservedTask
) -> PlannedTask | str:
    for begun in planned.runs:
        known = observed.tasks.get(begun.token)
        if known is not None and not _stopped(known) and (begun.key != planned.key or said is not None):
            return (
                f"the task {known.arn}, which deployment {begun.deployment_id} began, still runs: "
                "wait until it has ended, or stop it"
            )
    run = newest_with(planned.runs, planned.key)
    if said == DONE:
        return replace(
            _closed(planned, observed),
            action=TaskAction.SKIP,
            why="--step says that it is done",
            said_done=True,
        )
    if said is not None or run is None:
        return _closed(planned, observed)
    if run.status is StepStatus.RUNNING:
        return _going_on(planned, run, observed)
    if run.succeeded and task.once is Once.RELEASE:
        why = f"it ran with these images already, in deployment {run.deployment_id}"
        return replace(planned, action=TaskAction.SKIP, why=why)
    return _closed(planned, observed)


def _going_on(planned: PlannedTask, run: StepRun, observed: ObservedTask) -> PlannedTask | str:
    """The task, if the end of its last run is not recorded."""
    known = observed.tasks.get(run.token)
    if known is not None:
        return replace(
            planned,
            action=TaskAction.ADOPT,
            why=f"deployment {run.deployment_id} began it",
            earlier=replace(run, task=known.arn),
        )
    if run.task is not None and observed.at - run.begun < READ_LAG:
        return replace(
            planned, action=TaskAction.ADOPT, why=f"deployment {run.deployment_id} began it", earlier=run
        )
    if run.task is None and observed.at - run.begun < REMEMBERED:
        why = f"deployment {run.deployment_id} asked ECS for it; whether ECS ran it is not known, so ECS is asked for the same task"
        return replace(planned, why=why, earlier=run)
    return (
        f"deployment {run.deployment_id} began it at {run.begun:%Y-%m-%d %H:%M:%S}Z, and ECS has forgotten how it ended: find that "
        f"out, for example in its log, and say it with --step {planned.id}=done or --step {planned.id}=run"
    )


def _closed(planned: PlannedTask, observed: ObservedTask) -> PlannedTask:
    """The task, with an unknown end for runs that nobody goes on with."""
    runs = tuple(
        replace(run, status=StepStatus.UNKNOWN)
        if run.status is StepStatus.RUNNING and observed.tasks.get(run.token) is None
        else run
        for run in planned.runs
    )
    return replace(planned, runs=runs)


def _begun_in_vain(task: PlannedTask) -> bool:
    run = newest_with(task.runs, task.key)
    return task.waits and run is not None and not run.succeeded


def _stopped(task: Task) -> bool:
    return task.status == "STOPPED"
