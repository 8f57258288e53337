"""Checks whether the tasks before the restart can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.planned_task import ObservedTask
from weco_deploy.model.project import Environment
from weco_deploy.rules.before_tasks import why_not_startable
from weco_deploy.rules.doctor.findings import problems_or_ok, unread

ID = "before_tasks"


def tasks(found: Mapping[Environment, Mapping[BeforeTask, Answer[ObservedTask]]]) -> Iterator[Check]:
    """The tasks of these environments; nothing if there are none."""
    if any(found.values()):
        names = ", ".join(environment.id for environment, known in found.items() if known)
        yield from problems_or_ok(ID, _problems(found), f"{names}: every task before the restart can run")


def _problems(found: Mapping[Environment, Mapping[BeforeTask, Answer[ObservedTask]]]) -> Iterator[Check]:
    for environment, known in found.items():
        for task, observed in known.items():
            name = f"{environment.id}: {task.id}"
            if isinstance(observed, DeployError):
                yield unread(ID, observed, name)
            elif why := why_not_startable(task, environment, observed):
                yield Check(ID, Result.FAIL, f"{name}: {why}", "correct it in the project file or in ECS")
