"""Every call that the tool makes fails in every way that AWS fails; then it is run again."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial

import pytest

from tests.faults.scenarios import SCENARIOS, Scenario, assert_right, calls_of, declared
from tests.figures import Count
from tests.world import World
from weco_deploy.errors import AccessDenied, AwsError, DeployError, NoCredentials, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus

DOORS = ("registry.*", "runtime.*", "store.*", "caller", "check_account")
"""The calls that reach AWS."""

FAULTS: dict[str, AwsError] = {
    "throttled": Throttled("aws:Call", "rate exceeded"),
    "server-error": Unreachable("aws:Call", "503"),
    "expired-token": NoCredentials("aws:Call", "the token expired"),
    "denied": AccessDenied("aws:Call", "not allowed: aws:Call"),
    "refused": AwsError("aws:Call", "InvalidParameterException"),
}


def _lose(world: World, door: str, nth: int) -> None:
    world.lose_answer(door, Unreachable("aws:Call", "connection reset"), nth)


def _fails(world: World, door: str, nth: int, error: AwsError) -> None:
    world.fail(door, error, nth)


WAYS: dict[str, Callable[[World, str, int], None]] = {
    **{name: partial(_fails, error=error) for name, error in FAULTS.items()},
    "answer-lost": _lose,
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_call_that_failed_is_told_and_made_good_by_running_it_again(
    scenario: Scenario, way: str, door: str, count: Count
) -> None:
    calls = sum(fnmatchcase(name, door) for name in calls_of(scenario))
    assert calls > 0
    for nth in range(1, calls + 1):
        world, wanted = declared(scenario)
        WAYS[way](world, door, nth)
        first = _ended(world, scenario)
        if isinstance(first, Deployment) and first.status is DeploymentStatus.SUCCEEDED:
            assert_right(world, scenario, wanted, first)
        world.pass_time(1)

        last = scenario.act(world)

        assert_right(world, scenario, wanted, last)
    count(f"in process: faults of each call of {scenario.name}, made good", calls)


def _ended(world: World, scenario: Scenario) -> Deployment | DeployError:
    try:
        return scenario.act(world)
    except DeployError as error:
        return error
