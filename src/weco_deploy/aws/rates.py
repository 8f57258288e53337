"""Keeps requests within AWS's published rate limits, and slows down if AWS throttles them all the same.

A token bucket holds as many tokens as a limit's burst, and refills at the limit's rate. Each request takes a token, and
waits if there is none. Clients take a token on botocore's event `before-sign`, which fires for every attempt, including
retries.

Others use the same limits: other deployments, people in the console, Terraform. If AWS throttles a request although
there was a token, the bucket refills at 70% of its rate, and then speeds up again until the next refusal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from weco_deploy.aws.api import CALLS, ApiCall, Limit
from weco_deploy.aws.error_translation import is_throttled
from weco_deploy.ports import THROTTLING_PATIENCE, Clock

if TYPE_CHECKING:
    from botocore.client import BaseClient

SLOWEST = 1 / 16
"""The part of a limit that a bucket always tries to use."""
SLOW_DOWN_INTERVAL = timedelta(seconds=1)
"""Requests are sent side by side, so several are refused for one reason. The bucket slows down once for all of them."""
SLOWER = 0.7
"""What is left of the rate after a refusal."""
FASTER = 0.1
"""By which part the rate grows in a second without a refusal: from the slowest to the full rate takes half a minute."""
PERMISSION_CHECK_INTERVAL = 1.0
"""Seconds after which a waiting change checks again whether it is still allowed."""
MESSAGE_AFTER = timedelta(seconds=5)
MESSAGE_INTERVAL = timedelta(seconds=30)
_THROTTLED_SINCE = "weco_deploy_throttled_since"


class TokenBucket:
    """The tokens of one limit, for requests from any thread.

    A request beyond the burst reserves the next token and waits for it outside the lock. So requests are sent in the
    order in which they asked.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._tokens = float(limit.burst)
        self._rate = limit.refill
        self._filled_at: datetime | None = None
        self._slowed_at: datetime | None = None
        self._waiting_since: datetime | None = None
        self._message_due: datetime | None = None

    def take(
        self,
        clock: Clock,
        say: Callable[[str], None] | None = None,
        allowed: Callable[[], None] | None = None,
    ) -> None:
        """Take a token; wait for it if there is none.

        Args:
            clock: has the time, and waits.
            say: gets a line if requests have been waiting for some seconds, and another one now and then.
            allowed: raises once the request is no longer allowed. It is called about once a second, and at the end of the wait.

        """
        now = clock.utc()
        with self._lock:
            seconds = self._reserve(now)
            message_due = self._is_message_due(now, seconds)
        if message_due and say is not None:
            say(f"waiting for the rate limit of {self._limit.name}")
        while allowed is not None and seconds > PERMISSION_CHECK_INTERVAL:
            clock.wait(PERMISSION_CHECK_INTERVAL)
            allowed()
            seconds -= PERMISSION_CHECK_INTERVAL
        if seconds > 0:
            clock.wait(seconds)
            if allowed is not None:
                allowed()

    def slow_down(self, now: datetime) -> None:
        """Reduce the rate and drop all tokens, because AWS refused a request for which there was a token."""
        with self._lock:
            self._refill(now)
            self._tokens = min(self._tokens, 0.0)
            if self._slowed_at is None or now - self._slowed_at >= SLOW_DOWN_INTERVAL:
                self._slowed_at = now
                self._rate = max(self._rate * SLOWER, self._limit.refill * SLOWEST)

    def _reserve(self, now: datetime) -> float:
        """Reserve a token, and return the seconds until it is there."""
        self._refill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def _refill(self, now: datetime) -> None:
        # If the wall clock is set back, the bucket neither refills nor empties.
        elapsed = max(0.0, (now - (self._filled_at or now)).total_seconds())
        self._filled_at = now
        full = self._limit.refill
        # While it recovers it saves no tokens for a burst, which others would have used by then.
        most = self._limit.burst if self._rate == full else min(self._limit.burst, 1.0)
        self._tokens = min(max(most, self._tokens), self._tokens + elapsed * self._rate)
        self._rate = min(full, self._rate * (1 + FASTER) ** elapsed)

    def _is_message_due(self, now: datetime, seconds: float) -> bool:
        """Whether requests have been waiting long enough that a reader wants to know."""
        if seconds <= 0:
            self._waiting_since = self._message_due = None
            return False
        if self._waiting_since is None or self._message_due is None:
            self._waiting_since, self._message_due = now, now + MESSAGE_AFTER
        if now + timedelta(seconds=seconds) < self._message_due:
            return False
        self._message_due = now + MESSAGE_INTERVAL
        return True


class Rates:
    """The token buckets of every account and region, one for each limit."""

    def __init__(self, calls: Sequence[ApiCall] = CALLS) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, Limit], TokenBucket] = {}

    def pace(
        self,
        client: BaseClient,
        account: str,
        region: str,
        clock: Clock,
        *,
        repeat: bool = True,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Make a client keep to the limits of its account and region, which it shares with all other clients there.

        Args:
            client: a client of any service.
            account: an account's id, or empty for the account of the caller's own credentials.
            region: a region, such as `eu-west-1`.
            clock: waits for tokens.
            repeat: whether botocore repeats requests of this client. If so, reads that AWS throttles are sent again, for as
                long as `THROTTLING_PATIENCE`. If not, changes don't take tokens: whoever makes one calls `take` before, and checks
                meanwhile that the change is still allowed.
            say: gets a line if requests wait for some seconds.

        """
        service = client.meta.service_model.service_name
        for call in self._calls:
            if call.client == service and call.limit is not None:
                bucket = self._bucket(account, region, call.limit)
                _slow_down_when_throttled(call, client, bucket, clock, repeat=repeat and not call.changes)
                if repeat or not call.changes:
                    _take_before(call, client, bucket, clock, say)

    def take(
        self,
        call: ApiCall,
        account: str,
        region: str,
        clock: Clock,
        *,
        say: Callable[[str], None] | None,
        allowed: Callable[[], None],
    ) -> None:
        """Take a token for a change before it is made. The arguments are those of `pace` and of `TokenBucket.take`."""
        if call.limit is not None:
            self._bucket(account, region, call.limit).take(clock, say, allowed)

    def _bucket(self, account: str, region: str, limit: Limit) -> TokenBucket:
        with self._lock:
            return self._buckets.setdefault((account, region, limit), TokenBucket(limit))


PROCESS_RATES = Rates()
"""The buckets of the whole process. AWS counts the requests of all its deployments together."""


def _take_before(
    call: ApiCall, client: BaseClient, bucket: TokenBucket, clock: Clock, say: Callable[[str], None] | None
) -> None:
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(
        f"before-sign.{service_id}.{call.operation}", lambda **_: bucket.take(clock, say)
    )


def _slow_down_when_throttled(
    call: ApiCall, client: BaseClient, bucket: TokenBucket, clock: Clock, *, repeat: bool
) -> None:
    def repeat_if_throttled(response: object, request_dict: dict[str, Any], **_: object) -> int | None:
        """Return the seconds until botocore is to send the request again; None to let botocore decide."""
        if not is_throttled(response):
            return None
        now = clock.utc()
        bucket.slow_down(now)
        since = request_dict["context"].setdefault(_THROTTLED_SINCE, now)
        # The next attempt takes a token, and that is the pause.
        return 0 if repeat and now - since < THROTTLING_PATIENCE else None

    service_id = client.meta.service_model.service_id.hyphenize()
    # botocore asks the handlers of an operation before its own, which are the service's, and follows the first answer.
    client.meta.events.register(
        f"needs-retry.{service_id}.{call.operation}",
        repeat_if_throttled,  # type: ignore[arg-type]  # the stubs don't know that this event's handlers answer
    )
