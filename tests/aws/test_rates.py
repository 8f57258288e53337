"""Requests keep to AWS's rate limits, and don't wait within a burst."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - buckets are used from several threads
from datetime import timedelta

import pytest

from tests.aws.scripted import ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from tests.world.projects import project
from weco_deploy import connect
from weco_deploy.aws.api import Limit
from weco_deploy.aws.rates import Rates, TokenBucket
from weco_deploy.aws.session import Login
from weco_deploy.local.interrupts import Signals

UPDATES = Limit("updates", 50, 5)
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/acme"


def test_requests_within_the_burst_do_not_wait() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES)

    for _ in range(50):
        bucket.take(clock)

    assert clock.waited == []


def test_requests_beyond_the_burst_wait_for_the_refill() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES)

    for _ in range(60):
        bucket.take(clock)

    assert sum(clock.waited) == pytest.approx(10 / 5)


def test_bucket_refills_up_to_its_burst() -> None:
    clock = StillClock()
    bucket = TokenBucket(UPDATES)
    for _ in range(50):
        bucket.take(clock)

    clock.wait(3600)
    clock.waited.clear()
    for _ in range(51):
        bucket.take(clock)

    assert clock.waited == [pytest.approx(0.2)]


def test_clock_set_back_neither_refills_nor_empties_the_bucket() -> None:
    clock = StillClock()
    bucket = TokenBucket(Limit("reads", 2, 1))
    bucket.take(clock)

    clock._now -= timedelta(hours=1)
    bucket.take(clock)
    assert clock.waited == []
    bucket.take(clock)
    assert clock.waited == [pytest.approx(1.0)]


class FrozenClock(StillClock):
    """Records waits without moving, as if all threads waited at the same time."""

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def test_waiting_threads_get_different_moments() -> None:
    clock = FrozenClock()
    bucket = TokenBucket(Limit("updates", 4, 2))

    with ThreadPoolExecutor(8) as pool:
        for taken in [pool.submit(bucket.take, clock) for _ in range(12)]:
            taken.result()

    assert sorted(clock.waited) == pytest.approx([0.5 * place for place in range(1, 9)])


def test_calls_share_a_bucket_only_if_aws_counts_them_together(
    aws: ScriptedAws,
) -> None:
    aws.says("ListTasks", json_answer(taskArns=[]))
    aws.says("DescribeTasks", json_answer(tasks=[]))
    clock = StillClock()
    client = Login(clock, Rates()).account("eu-west-1").client("ecs")

    for _ in range(50):
        client.list_tasks(cluster=CLUSTER)
        client.describe_tasks(cluster=CLUSTER, tasks=["a"])
    assert clock.waited == []

    client.list_tasks(cluster=CLUSTER)
    assert clock.waited == [pytest.approx(1 / 20)]


def test_each_region_has_its_own_buckets_which_its_clients_share(aws: ScriptedAws) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    clock = StillClock()
    login = Login(clock, Rates())
    here = login.account("eu-west-1")

    for _ in range(50):
        here.client("ecs").list_clusters()
    here.in_region("eu-central-1").client("ecs").list_clusters()
    assert clock.waited == []

    here.ecs_without_retries().list_clusters()
    assert len(clock.waited) == 1


def test_logins_share_the_buckets_of_an_account_and_region(aws: ScriptedAws) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    rates, first_clock, second_clock = Rates(), StillClock(), StillClock()
    first = Login(first_clock, rates).account("eu-west-1").client("ecs")
    second = Login(second_clock, rates).account("eu-west-1").client("ecs")

    for _ in range(25):
        first.list_clusters()
        second.list_clusters()
    assert first_clock.waited == second_clock.waited == []

    second.list_clusters()
    assert (first_clock.waited, len(second_clock.waited)) == ([], 1)


def test_connections_of_a_process_share_the_buckets_of_an_account_and_region(
    aws: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    clocks: list[StillClock] = []

    def still_clock(_: Signals) -> StillClock:
        clocks.append(StillClock())
        return clocks[-1]

    monkeypatch.setattr(connect, "PROCESS_RATES", Rates())
    monkeypatch.setattr(connect, "SystemClock", still_clock)
    acme = project(images={"web": ("web",)}, environments=("stage",))
    stage = acme.environment("stage")
    runtimes = [connect.connect(acme, Signals(), purpose="test").runtime(stage) for _ in range(2)]

    for runtime in runtimes:
        for _ in range(26):
            runtime.clusters()

    first_clock, second_clock = clocks
    assert (first_clock.waited, len(second_clock.waited)) == ([], 2)
