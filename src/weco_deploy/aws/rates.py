"""Keeps requests within AWS's published rate limits, so that AWS doesn't throttle them.

A token bucket holds as many tokens as a limit's burst, and refills at the limit's rate. Each request takes a token, and
waits if there is none. Clients take a token on botocore's event `before-sign`, which fires for every attempt, including
retries.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from weco_deploy.aws.api import CALLS, ApiCall, Limit
from weco_deploy.ports import Clock

if TYPE_CHECKING:
    from botocore.client import BaseClient


class TokenBucket:
    """The tokens of one limit, for requests from any thread.

    A request beyond the burst reserves the next token and waits for it outside the lock. So requests are sent in the
    order in which they asked.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._tokens = float(limit.burst)
        self._filled_at: datetime | None = None

    def take(self, clock: Clock) -> None:
        """Take a token; wait for it if there is none."""
        seconds = self._reserve(clock.utc())
        if seconds > 0:
            clock.wait(seconds)

    def _reserve(self, now: datetime) -> float:
        """Reserve a token, and return the seconds until it is there."""
        with self._lock:
            # If the wall clock is set back, the bucket neither refills nor empties.
            elapsed = max(0.0, (now - (self._filled_at or now)).total_seconds())
            self._filled_at = now
            self._tokens = min(self._limit.burst, self._tokens + elapsed * self._limit.refill) - 1
            return max(0.0, -self._tokens / self._limit.refill)


class Rates:
    """The token buckets of every account and region, one for each limit."""

    def __init__(self, calls: Sequence[ApiCall] = CALLS) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, Limit], TokenBucket] = {}

    def pace(self, client: BaseClient, account: str, region: str, clock: Clock) -> None:
        """Make a client keep to the limits of its account and region, which it shares with all other clients there.

        Args:
            client: a client of any service.
            account: an account's id, or empty for the account of the caller's own credentials.
            region: a region, such as `eu-west-1`.
            clock: waits for tokens.

        """
        service = client.meta.service_model.service_name
        for call in self._calls:
            if call.client == service and call.limit is not None:
                _take_before(call.operation, client, self._bucket(account, region, call.limit), clock)

    def _bucket(self, account: str, region: str, limit: Limit) -> TokenBucket:
        with self._lock:
            return self._buckets.setdefault((account, region, limit), TokenBucket(limit))


PROCESS_RATES = Rates()
"""The buckets of the whole process. AWS counts the requests of all its deployments together."""


def _take_before(operation: str, client: BaseClient, bucket: TokenBucket, clock: Clock) -> None:
    def take(**_: object) -> None:
        bucket.take(clock)

    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service_id}.{operation}", take)
