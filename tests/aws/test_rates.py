"""AWS's published rates are kept without slowing what fits into a burst."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - the buckets must bear threads
from datetime import timedelta

import pytest

from tests.aws.scripted import ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import LIMITS, Limit, TokenBucket
from weco_deploy.aws.session import Login

UPDATES = Limit("ecs", frozenset({"UpdateService"}), 50, 5)
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/acme"


def test_a_burst_that_fits_costs_nothing() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES, clock)

    for _ in range(50):
        bucket.take()

    assert clock.waited == []


def test_beyond_the_burst_requests_come_at_the_refill_rate() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES, clock)

    for _ in range(60):
        bucket.take()

    assert sum(clock.waited) == pytest.approx(10 / 5)


def test_a_bucket_refills_with_time_but_never_beyond_its_burst() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES, clock)
    for _ in range(50):
        bucket.take()

    clock.wait(3600)
    clock.waited.clear()
    for _ in range(51):
        bucket.take()

    assert clock.waited == [pytest.approx(0.2)]


def test_a_clock_that_is_set_back_neither_gives_nor_takes() -> None:
    clock = StillClock()
    bucket = TokenBucket(Limit("ecs", frozenset({"ListTasks"}), 2, 1), clock)
    bucket.take()

    clock._now -= timedelta(hours=1)
    bucket.take()
    assert clock.waited == []
    bucket.take()
    assert clock.waited == [pytest.approx(1.0)]


class FrozenClock(StillClock):
    """Waiting is only noted, as it is for threads that all wait at the same time."""

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def test_threads_that_wait_at_once_get_different_moments() -> None:
    clock = FrozenClock()
    bucket = TokenBucket(Limit("ecs", frozenset({"UpdateService"}), 4, 2), clock)

    with ThreadPoolExecutor(8) as pool:
        for taken in [pool.submit(bucket.take) for _ in range(12)]:
            taken.result()

    assert sorted(clock.waited) == pytest.approx([0.5 * place for place in range(1, 9)])


def test_no_operation_is_in_two_buckets() -> None:
    operations = [(limit.service, operation) for limit in LIMITS for operation in limit.operations]

    assert len(operations) == len(set(operations))


def test_the_kinds_of_requests_of_a_client_are_paced_apart_or_together_as_aws_counts_them(
    aws: ScriptedAws,
) -> None:
    aws.says("ListTasks", json_answer(taskArns=[]))
    aws.says("DescribeTasks", json_answer(tasks=[]))
    clock = StillClock()
    client = Login(clock).account("eu-west-1").client("ecs")

    for _ in range(50):
        client.list_tasks(cluster=CLUSTER)
        client.describe_tasks(cluster=CLUSTER, tasks=["a"])
    assert clock.waited == []

    client.list_tasks(cluster=CLUSTER)
    assert clock.waited == [pytest.approx(1 / 20)]


def test_regions_have_rates_of_their_own_and_roles_of_an_account_share_them(aws: ScriptedAws) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    clock = StillClock()
    login = Login(clock)
    here = login.account("eu-west-1")

    for _ in range(50):
        here.client("ecs").list_clusters()
    here.elsewhere("eu-central-1").client("ecs").list_clusters()
    assert clock.waited == []

    here.ecs_without_retries().list_clusters()
    assert len(clock.waited) == 1
