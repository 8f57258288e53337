"""Every command says on stderr that it waits for AWS, also without --verbose."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk
from tests.world import Call

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


def test_waiting_for_a_rate_limit_says_how_many_services_are_redeployed(desk: Desk) -> None:
    """The second of two services waits for the limit."""

    def second_waits(_: Call) -> None:
        assert desk.say_waiting is not None
        desk.say_waiting("waiting for the rate limit of ECS service modifications")

    for image_id in ("search", "items"):
        desk.world.push(image_id)
    desk.world.before("runtime.redeploy", second_waits, nth=2)

    ran = desk.run("--confirm", "release-deploy", "--environment-id", "stage")

    assert (
        "waiting for the rate limit of ECS service modifications: 1 of 2 redeployed" in ran.err.splitlines()
    )
