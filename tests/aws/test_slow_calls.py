"""The tool says that it waits for AWS, and for which service, five seconds after a call was sent."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable

import pytest

from tests.aws.scripted import LOST, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.slow_calls import SlowCalls
from weco_deploy.local.ticking import tick


class Watched:
    """Slow calls with a clock of the test, which checks by hand, whenever the server gets a request."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.said: list[str] = []
        self.checks: list[Callable[[], bool]] = []
        self.slow_calls = SlowCalls(self.said.append, self.checks.append, lambda: self.seconds)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def clusters(login: Login) -> None:
    login.account("eu-west-1").client("ecs").list_clusters()


def test_waiting_is_said_after_five_seconds_and_again_for_each_attempt(
    aws: ScriptedAws, watched: Watched
) -> None:
    aws.says("ListClusters", LOST, json_answer(clusterArns=[]))
    during: list[list[str]] = []

    def passing(seconds: float) -> None:
        watched.seconds += seconds
        assert watched.checks[-1]()
        assert watched.checks[-1](), "nothing new is said at once"
        during.append(list(watched.said))

    ticks = iter([4.0, 2.0])
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)
    client = login.account("eu-west-1").client("ecs")
    client.meta.events.register("before-send.ecs", lambda **_: passing(next(ticks)))

    client.list_clusters()

    assert during == [[], ["waiting for ECS, attempt 2 of 5"]]
    assert not watched.checks[-1](), "no call is in progress, so nobody checks any more"


def test_attempts_of_one_call_are_said_one_after_another(aws: ScriptedAws, watched: Watched) -> None:
    aws.says("ListClusters", LOST, LOST, json_answer(clusterArns=[]))
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)
    client = login.account("eu-west-1").client("ecs")

    def passing(**_: object) -> None:
        watched.seconds += 6
        watched.checks[-1]()

    client.meta.events.register("before-send.ecs", passing)
    client.list_clusters()

    assert watched.said == [f"waiting for ECS, attempt {attempt} of 5" for attempt in (1, 2, 3)]


def test_call_that_is_answered_in_time_is_not_spoken_of(aws: ScriptedAws, watched: Watched) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)

    clusters(login)
    watched.seconds += 60

    assert not watched.checks[-1]()
    clusters(login)
    assert len(watched.checks) == 2, "the second call is watched anew"
    assert watched.said == []


def test_call_that_waits_for_our_own_rate_limit_is_not_spoken_of(aws: ScriptedAws, watched: Watched) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)
    client = login.account("eu-west-1").client("ecs")

    def limited(**_: object) -> None:
        watched.seconds += 60
        watched.checks[-1]()

    client.meta.events.register("before-sign.ecs", limited)
    client.list_clusters()

    assert watched.said == []


def test_throttled_call_was_answered_and_counts_anew(aws: ScriptedAws, watched: Watched) -> None:
    throttled = refusal("ThrottlingException", "Rate exceeded")
    aws.says("ListClusters", *[throttled] * 8, json_answer(clusterArns=[]))
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)
    client = login.account("eu-west-1").client("ecs")

    def passing(**_: object) -> None:
        watched.seconds += 3
        watched.checks[-1]()

    client.meta.events.register("before-send.ecs", passing)
    client.list_clusters()

    assert watched.said == []


def test_call_that_fails_is_not_waited_for_any_more(aws: ScriptedAws, watched: Watched) -> None:
    aws.says("ListClusters", LOST)
    login = Login(StillClock(), Rates(), slow_calls=watched.slow_calls)
    with pytest.raises(Exception, match="Connection was closed"):
        login.account("eu-west-1").ecs_without_retries().list_clusters()
    watched.seconds += 60

    assert not watched.checks[-1]()
    assert watched.said == []


def test_action_is_repeated_beside_everything_else_until_it_is_done() -> None:
    ticks: queue.Queue[int] = queue.Queue()
    numbers = itertools.count(1)

    def action() -> bool:
        number = next(numbers)
        ticks.put(number)
        return number < 3

    tick(action, interval=0.01)

    assert [ticks.get(timeout=10) for _ in range(3)] == [1, 2, 3]
