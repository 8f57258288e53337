"""What `doctor` says of the checks after a rollout."""

from __future__ import annotations

from tests.operations.test_rollout_checks import HEALTH, SMOKE, checked
from tests.world import World
from weco_deploy.model.checks import Check, Result
from weco_deploy.operations.doctor import doctor
from weco_deploy.rules.doctor import rollout_checks


def checks(world: World) -> list[Check]:
    return [check for check in doctor(world.ports(), None) if check.id == rollout_checks.ID]


def test_checks_whose_programs_are_there_are_ok_and_do_not_run() -> None:
    world = checked(SMOKE, HEALTH)
    (check,) = checks(world)
    assert (check.result, check.found) == (Result.OK, "stage: every check after a rollout can run")
    assert (world.machine.started, world.web.requests) == ([], [])


def test_project_without_checks_has_no_line() -> None:
    assert checks(checked()) == []


def test_missing_program_is_a_warning() -> None:
    world = checked(SMOKE)
    world.machine.missing.add("./smoke-test")
    (check,) = checks(world)
    assert (check.result, check.found) == (
        Result.WARN,
        "stage: smoke: this machine has no program ./smoke-test",
    )
