"""AWS's published request rates, kept on our side.

A bucket holds `burst` requests and refills by `refill` a second. Taking one that is there costs
nothing; one that is not there yet is waited for. The buckets hang on botocore's `before-sign`, which
fires for every attempt, retries included.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from weco_deploy.ports import Clock

if TYPE_CHECKING:
    from botocore.client import BaseClient


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket that `operations` of a service share. `burst` in requests, `refill` in requests a second."""

    service: str
    operations: frozenset[str]
    burst: float
    refill: float


LIMITS = (
    Limit("ecs", frozenset({"UpdateService"}), 50, 5),
    Limit("ecs", frozenset({"DescribeServices", "ListServices"}), 100, 20),
    Limit("ecs", frozenset({"DescribeTasks", "ListTasks"}), 100, 20),
    Limit("ecs", frozenset({"ListClusters"}), 50, 20),
    Limit("ecs", frozenset({"DescribeTaskDefinition"}), 50, 20),
    Limit("ecs", frozenset({"ListServiceDeployments", "DescribeServiceDeployments"}), 50, 20),
    Limit("ecs", frozenset({"DescribeServiceRevisions"}), 50, 20),
    Limit("ecr", frozenset({"PutImage"}), 10, 10),
    Limit("ecr", frozenset({"BatchGetImage", "DescribeImages"}), 2000, 2000),
    Limit("resourcegroupstaggingapi", frozenset({"GetResources"}), 15, 15),
)
"""Per account and region, from the service quotas pages of ECS, ECR and the tagging API."""


class TokenBucket:
    """Requests of one kind, from any thread.

    Places are given in the order of asking: a request beyond the burst books the next free moment
    and waits for it outside the lock.
    """

    def __init__(self, limit: Limit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(limit.burst)
        self._filled_at = clock.utc()

    def take(self) -> None:
        """Take one request's token, waiting for it if it must be."""
        seconds = self._booked(self._clock.utc())
        if seconds > 0:
            self._clock.wait(seconds)

    def _booked(self, now: datetime) -> float:
        with self._lock:
            # A wall clock may be set back: then nothing has been refilled, and nothing is taken away.
            elapsed = max(0.0, (now - self._filled_at).total_seconds())
            self._filled_at = now
            self._tokens = min(self._limit.burst, self._tokens + elapsed * self._limit.refill) - 1
            return max(0.0, -self._tokens / self._limit.refill)


class Rates:
    """The buckets of every place, a place being an account and a region."""

    def __init__(self, clock: Clock, limits: tuple[Limit, ...] = LIMITS) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], Mapping[tuple[str, str], TokenBucket]] = {}

    def slow(self, client: BaseClient, account: str, region: str) -> None:
        """Make a client keep to the rates of its account and region, which other clients may share."""
        service = client.meta.service_model.service_name
        for (limited, operation), bucket in self._buckets(account, region).items():
            if limited == service:
                _hang(client, operation, bucket)

    def _buckets(self, account: str, region: str) -> Mapping[tuple[str, str], TokenBucket]:
        with self._lock:
            place = (account, region)
            if place not in self._places:
                self._places[place] = {
                    (limit.service, operation): bucket
                    for limit in self._limits
                    for bucket in (TokenBucket(limit, self._clock),)
                    for operation in limit.operations
                }
            return self._places[place]


def _hang(client: BaseClient, operation: str, bucket: TokenBucket) -> None:
    def take(**_: object) -> None:
        bucket.take()

    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service_id}.{operation}", take)
