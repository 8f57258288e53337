"""Every command says on stderr that it waits for AWS, also without --verbose."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk

WAITING = "waiting for ECR, attempt 2 of 5"


@pytest.mark.parametrize(
    "arguments",
    [
        ("show-releases",),
        ("show-images",),
        ("--confirm", "prepare"),
        ("--confirm", "plan", "--environment-id", "stage"),
        ("--confirm", "release-deploy", "--environment-id", "stage"),
        ("--confirm", "lock", "--environment-id", "stage"),
    ],
    ids=lambda arguments: arguments[-1] if len(arguments) == 1 else arguments[1],
)
def test_waiting_for_aws_is_said_on_stderr_only(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.slow = WAITING

    ran = desk.run("--output", "json", *arguments)

    assert WAITING in ran.err.splitlines()
    assert WAITING not in ran.out
    assert ran.json
