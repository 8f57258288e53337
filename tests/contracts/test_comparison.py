"""The table in docs/sandbox.md that compares the simulated ECS with other emulators says what each does here."""

from __future__ import annotations

import pytest

from tests.contracts.aws_setting import AwsSetting
from tests.contracts.capabilities import CHECKS, does, row, table

FIXTURES = {"simulation": "simulation_setting", "MiniStack": "ministack_setting", "moto": "moto_setting"}


# What the emulators can do depends on the botocore that the sandbox pins: the oldest one knows fewer fields and calls.
@pytest.mark.sandbox
@pytest.mark.parametrize("column", FIXTURES)
@pytest.mark.parametrize("what", CHECKS)
def test_table_says_what_each_implementation_of_ecs_does(
    what: str, column: str, request: pytest.FixtureRequest
) -> None:
    setting: AwsSetting = request.getfixturevalue(FIXTURES[column])
    written = table()[what]

    found = written | {column: does(CHECKS[what], setting)}

    assert row(what, written) == row(what, found), "docs/sandbox.md must say what is on the right"


def test_table_has_a_row_for_each_check_and_no_other() -> None:
    assert list(table()) == list(CHECKS)
