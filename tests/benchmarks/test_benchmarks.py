"""The benchmarks measure what they say, at the smallest sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.aws import Call, emulated
from benchmarks.history import commands
from benchmarks.rollouts import Case, Poll, by_buckets, longest_chain, rollout

pytestmark = pytest.mark.sandbox
START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with emulated() as port:
        yield port


def test_deployment_in_virtual_time_costs_calls_and_no_token_too_many(port: int) -> None:
    measured = rollout(port, "200000000001", Case(2, 1, others=3, role=True))

    assert measured.statuses == ("succeeded",)
    assert len(measured.chain) < measured.calls < measured.total_calls
    assert measured.refused == 0
    assert len(measured.latencies) == 2
    assert measured.ratio is None


def test_calls_wait_for_the_part_of_aws_limits_that_others_leave(port: int) -> None:
    measured = rollout(port, "200000000002", Case(12, 1, part=0.1))

    assert measured.statuses == ("succeeded",)
    assert measured.refused
    assert measured.ratio is not None
    assert 1 < measured.ratio < 2


def test_other_services_of_an_account_cost_no_call_and_no_time(port: int) -> None:
    alone = rollout(port, "200000000005", Case(1, 1))
    crowded = rollout(port, "200000000006", Case(1, 1, others=150))

    assert (crowded.calls, crowded.total_calls) == (alone.calls, alone.total_calls)
    assert crowded.redeploying == pytest.approx(alone.redeploying, abs=0.1)


def test_two_projects_share_aws_limits(port: int) -> None:
    measured = rollout(port, "200000000003", Case(1, 1, runs=2))

    assert measured.statuses == ("succeeded", "succeeded")


def test_each_command_is_counted_with_as_many_releases_as_wanted(port: int) -> None:
    counted = commands(port, "200000000004", 4, (("show-releases",), ("show-release",)))

    assert list(counted.calls) == ["show-releases", "show-release"]
    assert all(counted.calls.values())


def test_chain_has_the_calls_of_which_each_began_after_the_one_before() -> None:
    def call(name: str, began: int, ended: int) -> Call:
        return Call(name, START + timedelta(seconds=began), START + timedelta(seconds=ended), run=1)

    calls = [call("a", 0, 2), call("beside", 1, 3), call("b", 2, 4), call("c", 5, 6)]

    assert longest_chain(calls) == ("a", "b", "c")


def test_bound_of_a_poll_counts_tasks_only_if_it_reads_them() -> None:
    assert Poll(21, 150, Counter({"ecs:DescribeServices": 3})).bound == 3 + 2
    assert Poll(21, 150, Counter({"ecs:ListTasks": 1})).bound == 3 + 2 + 2 * 2


def test_limits_dictate_the_time_of_what_exceeds_their_bursts() -> None:
    assert by_buckets(images=10, services=50) == 0
    assert by_buckets(images=30, services=60) == 2 + 2
