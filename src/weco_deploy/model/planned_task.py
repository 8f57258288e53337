"""The tasks that a deployment runs before services restart: as they were observed, and as they are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from weco_deploy.model.expected import Expected
from weco_deploy.model.launch import Launch
from weco_deploy.model.replica import Replica
from weco_deploy.model.service import DefinedContainer, ResolvedImage, Service, Task, TaskDefinition
from weco_deploy.model.steps import StepRun

BEFORE = "before"
"""The kind of these tasks in a deployment's steps: the key of the project file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTask:
    """A task of the project file, with what AWS and the record know of it.

    Args:
        at: when it was observed.
        definition: its task definition; None if there is none.
        like: the service whose launch settings it takes; None if it takes none, or the service was not found.
        runs: its runs in this environment, the newest last.
        tasks: the tasks of those runs whose end is not recorded, by token; None if ECS does not know the task.

    """

    at: datetime
    definition: TaskDefinition | None
    like: Service | None = None
    runs: tuple[StepRun, ...] = ()
    tasks: Mapping[str, Task | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """How a service resolves the tags of its images: the containers of its task definition, and what its deployment resolved."""

    defined: tuple[DefinedContainer, ...] = ()
    resolved: tuple[ResolvedImage, ...] = ()


class TaskAction(StrEnum):
    """What a deployment does with a task. `ADOPT` waits for a task that an earlier deployment began."""

    RUN = "run"
    ADOPT = "adopt"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """What a deployment does with a task, and why.

    Args:
        id: its id in the project file.
        action: what is done.
        why: why, for people; empty for a task that simply runs.
        definition: its task definition.
        container: the container whose exit code counts.
        command: replaces that container's command, unless it is None.
        launch: where and how it runs.
        images: the ids of the project's images that it uses.
        expected: what the containers of these images must run.
        replicas: the replicas from which it pulls them.
        timeout: for how many seconds it may run.
        key: the key of its run.
        earlier: the run that it goes on with; None for a new run.
        runs: its recorded runs. A run whose end can't be found out any more has the status `unknown`.
        said_done: whether a person said that it is done, which is recorded.

    """

    id: str
    action: TaskAction
    why: str
    definition: TaskDefinition
    container: DefinedContainer
    command: tuple[str, ...] | None
    launch: Launch
    images: tuple[str, ...]
    expected: tuple[Expected, ...]
    replicas: tuple[Replica, ...]
    timeout: float
    key: str
    earlier: StepRun | None = None
    runs: tuple[StepRun, ...] = ()
    said_done: bool = False

    @property
    def waits(self) -> bool:
        """Whether services wait for it."""
        return self.action is not TaskAction.SKIP

    @property
    def begun(self) -> datetime | None:
        """When an earlier deployment began it; None if this one does."""
        return self.earlier.begun if self.earlier else None
