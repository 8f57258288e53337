"""Checks the project file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from weco_deploy.model.checks import Check, Result
from weco_deploy.model.project import Project

ID = "file"


def valid_file(path: str, projects: Sequence[Project], warnings: Sequence[str]) -> Iterator[Check]:
    """The check of a file that could be loaded. `warnings` are about keys that the tool ignores."""
    if not warnings:
        yield Check(ID, Result.OK, f"{path}: {', '.join(map(_summary, projects))}")
    for warning in warnings:
        yield Check(ID, Result.WARN, warning, "correct the key, or delete it: it has no effect")


def invalid_file(message: str, problems: Sequence[str], hint: str) -> Iterator[Check]:
    """The check of a file that is missing, can't be read, or has problems."""
    for problem in problems:
        yield Check(ID, Result.FAIL, problem, "correct it in the project file")
    if not problems:
        yield Check(ID, Result.FAIL, message, hint)


def _summary(project: Project) -> str:
    counted = (
        _count(len(project.environments), "environment"),
        _count(len(project.images), "image"),
        _count(len(project.services), "service"),
    )
    return f"project {project.id} ({', '.join(counted)})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
