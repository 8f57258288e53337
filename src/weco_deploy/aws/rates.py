"""AWS's published rate limits, kept on our side so that AWS need not refuse anything.

A token bucket holds as many requests as a limit's burst, and refills at its rate. A request that finds a token is sent
at once; otherwise it waits for the next one. Clients take a token on botocore's event `before-sign`, which it fires for
every attempt, retries included.
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
    """The requests that count against one limit, from any thread.

    A request beyond the burst reserves the next free moment and waits for it outside the lock, so requests are sent in
    the order in which they asked.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._tokens = float(limit.burst)
        self._filled_at: datetime | None = None

    def take(self, clock: Clock) -> None:
        """Take a token, waiting for it if there is none."""
        seconds = self._reserve(clock.utc())
        if seconds > 0:
            clock.wait(seconds)

    def _reserve(self, now: datetime) -> float:
        """Take a token, which may have to be waited for: the seconds until then."""
        with self._lock:
            # A wall clock may be set back: then the bucket neither refills nor empties.
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
        """Make a client keep to the limits of its account and region, together with all other clients there.

        Args:
            client: of any service.
            account: the account's id, or empty for that of the caller's own credentials, whose id need not be known.
            region: as in `eu-west-1`.
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
"""The buckets of this process. AWS counts the requests of all its deployments together."""


def _take_before(operation: str, client: BaseClient, bucket: TokenBucket, clock: Clock) -> None:
    def take(**_: object) -> None:
        bucket.take(clock)

    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service_id}.{operation}", take)
