"""What `doctor` says of tasks before the restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.migrations import MIGRATE, define, migrating, with_tasks
from tests.world import World
from weco_deploy.errors import AccessDenied
from weco_deploy.model.checks import Check, Result
from weco_deploy.operations.doctor import doctor
from weco_deploy.rules.doctor import tasks


def checks(world: World) -> list[Check]:
    return [check for check in doctor(world.ports(), None) if check.id == tasks.ID]


def test_tasks_that_can_run_are_ok() -> None:
    (check,) = checks(migrating())
    assert (check.result, check.found) == (Result.OK, "stage: every task before the restart can run")


def test_project_without_tasks_has_no_line() -> None:
    assert checks(World.of(with_tasks())) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"task_definition": "other"}, "stage: migrate: there is no task definition other"),
        ({"container": "other"}, "has no container other"),
        ({"like": "search-worker"}, "the service search-worker, like which it runs, was not found"),
    ],
)
def test_task_that_can_not_run_is_a_failure(changes: dict[str, str], found: str) -> None:
    world = World.of(with_tasks(replace(MIGRATE, **changes)))  # type: ignore[arg-type]  # fields of the task
    define(world)
    (check,) = checks(world)
    assert check.result is Result.FAIL
    assert found in check.found


def test_policies_are_asked_about_the_task_definitions() -> None:
    world = migrating()
    doctor(world.ports(), None)
    asked = [call.about for call in world.calls if call.name == "setup.denied"]
    (about,) = [about for about in asked if any("task-definition/migrate-stage:1" in text for text in about)]
    assert any("service/stage/search-api" in text for text in about)


def test_definition_that_can_not_be_read_is_a_failure_with_the_permission() -> None:
    world = migrating()
    world.fail("tasks.definition", AccessDenied("ecs:DescribeTaskDefinition", "not allowed"))
    (check,) = checks(world)
    assert check.result is Result.FAIL
    assert "ecs:DescribeTaskDefinition" in check.found
