"""A limit that others use, too, slows its bucket down. Reads that AWS throttles are sent again; changes are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.aws.scripted import LOST, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.api import Limit
from weco_deploy.aws.rates import PERMISSION_CHECK_INTERVAL, SLOWER, Rates, TokenBucket
from weco_deploy.aws.session import Login
from weco_deploy.errors import LeaseLost
from weco_deploy.ports import THROTTLING_PATIENCE

READS = Limit("ECS task reads", 100, 20)
THROTTLED = refusal("ThrottlingException", "Rate exceeded")
NO_CLUSTERS = json_answer(clusterArns=[])


def seconds_for(bucket: TokenBucket, clock: StillClock, tokens: int) -> float:
    begun = clock.utc()
    for _ in range(tokens):
        bucket.take(clock)
    return (clock.utc() - begun).total_seconds()


def test_throttled_bucket_has_no_burst_and_is_slower() -> None:
    clock, bucket = StillClock(), TokenBucket(READS)

    bucket.slow_down(clock.utc())

    assert seconds_for(bucket, clock, 5) == pytest.approx(5 / (20 * SLOWER), rel=0.1)


def test_requests_refused_side_by_side_slow_the_bucket_down_once() -> None:
    clock, bucket = StillClock(), TokenBucket(READS)

    for _ in range(16):
        bucket.slow_down(clock.utc())

    assert seconds_for(bucket, clock, 5) == pytest.approx(5 / (20 * SLOWER), rel=0.1)


def test_bucket_gets_faster_again_and_then_saves_tokens_for_a_burst() -> None:
    clock, bucket = StillClock(), TokenBucket(READS)
    for _ in range(20):
        bucket.slow_down(clock.utc())
        clock.wait(1)

    clock.wait(30)
    assert seconds_for(bucket, clock, 40) == pytest.approx(40 / 20, rel=0.1)

    clock.wait(3600)
    assert seconds_for(bucket, clock, 100) == 0


def test_bucket_never_stands_still() -> None:
    clock, bucket = StillClock(), TokenBucket(READS)
    for _ in range(100):
        bucket.slow_down(clock.utc())
        clock.wait(1)

    assert seconds_for(bucket, clock, 1) <= 1


class SharedLimit:
    """AWS's bucket, from which others take their share of the refill first."""

    def __init__(self, limit: Limit, clock: StillClock, others: float) -> None:
        self._limit = limit
        self._clock = clock
        self._others = others
        self._tokens, self._filled_at = 0.0, clock.utc()
        self.refused = 0

    def refuses(self) -> bool:
        now = self._clock.utc()
        left = self._limit.refill * (1 - self._others)
        self._tokens = min(1.0, self._tokens + left * (now - self._filled_at).total_seconds())
        self._filled_at = now
        if self._tokens < 1:
            self.refused += 1
            return True
        self._tokens -= 1
        return False


@pytest.mark.parametrize("others", [0.25, 0.5, 0.75, 0.9])
def test_most_of_what_others_leave_of_a_limit_is_used(others: float) -> None:
    clock, bucket = StillClock(), TokenBucket(READS)
    limit = SharedLimit(READS, clock, others)
    begun, answered, sent = clock.utc(), 0, 0

    while answered < 400:
        bucket.take(clock)
        sent += 1
        if limit.refuses():
            bucket.slow_down(clock.utc())
        else:
            answered += 1

    took = (clock.utc() - begun).total_seconds()
    assert took <= 1.4 * 400 / (READS.refill * (1 - others))
    assert limit.refused / sent < 0.4


def test_throttled_read_is_sent_again_until_it_is_answered(aws: ScriptedAws) -> None:
    aws.says("ListClusters", *[THROTTLED] * 20, NO_CLUSTERS)
    clock = StillClock()

    answer = Login(clock, Rates()).account("eu-west-1").client("ecs").list_clusters()

    assert answer["clusterArns"] == []
    assert len(aws.calls) == 21
    assert 1 < sum(clock.waited) < THROTTLING_PATIENCE.total_seconds()


def test_read_that_stays_throttled_fails_after_five_minutes(aws: ScriptedAws) -> None:
    aws.says("ListClusters", THROTTLED)
    clock = StillClock()
    client = Login(clock, Rates()).account("eu-west-1").client("ecs")

    with pytest.raises(client.exceptions.ClientError, match="Rate exceeded"):
        client.list_clusters()

    assert (
        THROTTLING_PATIENCE.total_seconds() <= sum(clock.waited) <= THROTTLING_PATIENCE.total_seconds() + 30
    )


def test_client_without_retries_sends_a_throttled_read_once_and_slows_down(aws: ScriptedAws) -> None:
    aws.says("ListClusters", THROTTLED)
    clock = StillClock()
    client = Login(clock, Rates()).account("eu-west-1").ecs_without_retries()

    for sent in (1, 2):
        with pytest.raises(client.exceptions.ClientError, match="Rate exceeded"):
            client.list_clusters()
        assert len(aws.calls) == sent

    assert sum(clock.waited) > 0, "the second request waited"


def test_change_waits_for_its_rate_only_as_long_as_it_is_allowed() -> None:
    clock, bucket = StillClock(), TokenBucket(Limit("ECS service modifications", 50, 5))
    for _ in range(20):
        bucket.slow_down(clock.utc())
        clock.wait(1)
    for _ in range(10):
        bucket._reserve(clock.utc())
    over = clock.utc() + timedelta(seconds=1.5)

    def allowed() -> None:
        if clock.utc() > over:
            raise LeaseLost("our lock ran out")

    with pytest.raises(LeaseLost):
        bucket.take(clock, allowed=allowed)

    assert clock.utc() - over <= timedelta(seconds=PERMISSION_CHECK_INTERVAL)


def test_throttled_change_is_repeated_by_nothing_but_botocore(aws: ScriptedAws) -> None:
    aws.says("PutImage", THROTTLED)
    client = Login(StillClock(), Rates()).account("eu-west-1").client("ecr")

    with pytest.raises(client.exceptions.ClientError, match="Rate exceeded"):
        client.put_image(repositoryName="web", imageManifest="{}")

    assert len(aws.calls) == 5


def test_read_is_sent_again_after_a_lost_answer_between_refusals(aws: ScriptedAws) -> None:
    aws.says("ListClusters", THROTTLED, LOST, THROTTLED, NO_CLUSTERS)

    answer = Login(StillClock(), Rates()).account("eu-west-1").client("ecs").list_clusters()

    assert answer["clusterArns"] == []


def test_long_wait_for_a_limit_is_said_after_five_seconds_and_then_every_half_minute() -> None:
    clock, lines = StillClock(), list[tuple[float, str]]()
    bucket = TokenBucket(Limit("ECS service modifications", 50, 5))
    begun = clock.utc()

    for _ in range(50 + 40 * 5):
        bucket.take(clock, lambda line: lines.append(((clock.utc() - begun).total_seconds(), line)))

    assert [line for _, line in lines] == ["waiting for the rate limit of ECS service modifications"] * 2
    first, second = (moment for moment, _ in lines)
    assert first == pytest.approx(5, abs=0.5)
    assert second - first == pytest.approx(30, abs=0.5)


def test_short_wait_for_a_limit_is_not_said() -> None:
    clock, lines = StillClock(), list[str]()
    bucket = TokenBucket(READS)

    for _ in range(10):
        for _ in range(101):
            bucket.take(clock, lines.append)
        clock.wait(3600)

    assert lines == []


def test_wait_for_a_limit_is_said_by_the_clients_of_a_login(aws: ScriptedAws) -> None:
    aws.says("ListClusters", *[THROTTLED] * 100, NO_CLUSTERS)
    lines = list[str]()

    Login(StillClock(), Rates(), say=lines.append).account("eu-west-1").client("ecs").list_clusters()

    assert lines
    assert set(lines) == {"waiting for the rate limit of ECS cluster reads"}


def test_clock_set_back_leaves_a_slow_bucket_its_rate() -> None:
    clock, bucket = StillClock(), TokenBucket(READS)
    bucket.slow_down(clock.utc())
    clock._now -= timedelta(hours=1)

    assert seconds_for(bucket, clock, 5) == pytest.approx(5 / (20 * SLOWER), rel=0.1)
