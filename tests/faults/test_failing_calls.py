"""The calls that the tool makes fail in every way that AWS fails; then it is run again.

`points.py` says which calls. From its claim on, a deployment that only begins in another way does what `release-deploy` does,
where each of these calls fails in every way. So it is enough that they are refused, and that answers of changes are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import takewhile

import pytest

from tests.faults.points import each_call, each_change
from tests.faults.scenarios import SCENARIOS, UNCERTAIN, Scenario, assert_right, calls_of, declared
from tests.figures import Count
from tests.operations.runs import deployments, recorded
from tests.world import Call, World
from tests.world.gate import StepInOneRun
from weco_deploy.errors import AccessDenied, AwsError, DeployError, NoCredentials, Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord

DOORS = ("registry.*", "runtime.*", "tasks.*", "store.*", "caller", "check_account")
"""The calls that reach AWS."""

ACTION = "aws:Call"
"""What each of them is called by AWS, in the errors here."""

FAULTS: dict[str, Callable[[], AwsError]] = {
    "throttled": partial(Throttled, ACTION, "rate exceeded"),
    "server-error": partial(Unreachable, ACTION, "503"),
    "expired-token": partial(NoCredentials, ACTION, "the token expired"),
    "denied": partial(AccessDenied, ACTION, "not allowed"),
    "refused": partial(AwsError, ACTION, "InvalidParameterException"),
}
"""They make an error each time: one that is raised keeps the run that it passed through, with all its threads."""

BEGIN_IN_ANOTHER_WAY = frozenset(
    {
        "promote",
        "rollback",
        "rollback to what history tells",
        "release-deploy that goes on with a task",
    }
)
"""The scenarios that differ from another one until the deployment is claimed, and from then on only by what runs."""

UNCLOSED = ("store.claim", "store.resume", "store.settle")
"""Where one of these fails, the record may be left to the next run: it is not known whether it was claimed, or not closed."""


def _lose(world: World, name: str, nth: int) -> None:
    """The next run's `nth` call of that name acts, and yet fails."""
    lost = partial(Unreachable, ACTION, "connection reset")
    world.gate.after(StepInOneRun(name, "", nth, 1, partial(_raise, lost)))


def _fails(world: World, name: str, nth: int, error: Callable[[], AwsError]) -> None:
    """The next run's `nth` call of that name fails without having acted."""
    world.gate.before(StepInOneRun(name, "", nth, 1, partial(_raise, error)))


def _raise(error: Callable[[], AwsError], _: Call) -> None:
    raise error()


WAYS: dict[str, Callable[[World, str, int], None]] = {
    **{name: partial(_fails, error=error) for name, error in FAULTS.items()},
    "answer-lost": _lose,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_call_that_failed_is_told_and_made_good_by_running_it_again(
    scenario: Scenario, way: str, count: Count
) -> None:
    world, _ = declared(scenario)
    made = [name for name in calls_of(scenario) if any(fnmatchcase(name, door) for door in DOORS)]
    if scenario.name in BEGIN_IN_ANOTHER_WAY and way not in ("refused", "answer-lost"):
        made = list(takewhile(lambda name: name != "store.claim", made))
    failed = missed = 0
    # A read whose answer is lost is no other fault than one that AWS did not answer.
    lost = way == "answer-lost"
    for name, nth in each_change(made) if lost else each_call(made, len(world.project.images)):
        if _failed_and_made_good(scenario, WAYS[way], name, nth):
            failed += 1
        else:
            missed += 1
    assert failed > 0
    assert missed <= UNCERTAIN
    count(f"in process: faults of calls of {scenario.name}, made good", failed)
    count("in process: faults, made good", failed)


def _failed_and_made_good(
    scenario: Scenario, way: Callable[[World, str, int], None], name: str, nth: int
) -> bool:
    """Whether there was such a call, so that it failed."""
    world, wanted = declared(scenario)
    before = recorded(world, scenario.environment), deployments(world, scenario.environment)
    made = len(world.calls)
    way(world, name, nth)

    first = _ended(world, scenario)

    calls = world.calls[made:]
    if isinstance(first, Deployment) and first.status is DeploymentStatus.SUCCEEDED:
        assert_right(world, scenario, wanted, first)
    else:
        _assert_told(first)
        _assert_closed(world, scenario, calls, before)
    world.pass_time(scenario.again_after)

    last = scenario.act(world)

    assert_right(world, scenario, wanted, last)
    return bool(_failed(calls))


def _ended(world: World, scenario: Scenario) -> Deployment | DeployError:
    try:
        return scenario.act(world)
    except DeployError as error:
        return error


def _failed(calls: Sequence[Call]) -> list[str]:
    """The names of the calls that failed. Reads that nobody waits for any more may be under way still."""
    return [call.name for call in calls if call.outcome not in ("done", "under way")]


def _assert_told(first: Deployment | DeployError) -> None:
    """What is told of a run that failed names the call that failed."""
    if isinstance(first, DeployError):
        assert ACTION in first.message
    else:
        assert ACTION in " ".join([first.reason, *(service.reason for service in first.services)])


def _assert_closed(
    world: World,
    scenario: Scenario,
    calls: Sequence[Call],
    before: tuple[EnvironmentRecord, Sequence[Deployment]],
) -> None:
    """A run that failed before its claim recorded nothing; one that failed later closed its record and let go."""
    (failed,) = _failed(calls)
    after = recorded(world, scenario.environment), deployments(world, scenario.environment)
    if not any(call.name in ("store.claim", "store.resume") for call in calls):
        assert after == before, failed
    elif failed not in UNCLOSED:
        record, (last, *_) = after
        assert last not in before[1], failed
        assert last.finished, failed
        assert record.lock is None, failed
