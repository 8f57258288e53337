"""Makes boto clients with this tool's timeouts, retries, rate limits and `--verbose` tracing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.config import Config

from weco_deploy.aws.answers import check_bodies
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.error_translation import translate_boto_errors
from weco_deploy.aws.loopback import LocalEndpoints
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.slow_calls import SlowCalls
from weco_deploy.aws.trace import trace
from weco_deploy.errors import AwsError
from weco_deploy.ports import Clock

if TYPE_CHECKING:
    import botocore.session
    from botocore.client import BaseClient

MAX_ATTEMPTS = 5
CONNECT_SECONDS = 5
READ_SECONDS = 30
BRIEF_SECONDS = 3
"""The timeouts of the services in `BRIEF`, which answer within milliseconds.

The thread that renews the lease calls them. A lost answer costs at most 4 s, including the pause before the next
attempt. If no answer comes at all, five attempts and the pauses between them (at most 1, 2, 4 and 8 s) take 30 s: a
quarter of the default lease.
"""
BRIEF = frozenset({"dynamodb", "sts"})
"""The services of the record, and of the credentials for it."""
SENDING_SECONDS = 600
"""The connection timeout of calls with large bodies: urllib3 leaves it on the socket while a request is sent, and
Python applies it to sending the whole request."""
CONNECTIONS = 16
"""One for each worker of `local/concurrent_calls.py`."""


class ClientFactory:
    """Makes the clients of one `Login`.

    It makes one client at a time, because a botocore session is not thread-safe. A client takes 5 to 60 ms.

    Args:
        rates: the rate limits of all clients.
        clock: waits for the limits.
        log_call: gets a line for each call to AWS, in the thread that makes the call; None to log nothing.
        slow_calls: watches the calls of all clients; None to watch nothing.
        say: gets a line if requests wait for a rate limit, in the thread that waits; None to say nothing.

    """

    def __init__(
        self,
        rates: Rates,
        clock: Clock,
        log_call: Callable[[str], None] | None,
        slow_calls: SlowCalls | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._log_call = log_call
        self._slow_calls = slow_calls
        self._say = say
        self._local_endpoints = LocalEndpoints()
        self._lock = threading.Lock()

    def wait_for_rate(self, call: ApiCall, region: str, account: str, allowed: Callable[[], None]) -> None:
        """Wait until the rate limit leaves room for a change by a client that tries each call once.

        Args:
            call: the change.
            region: a region, such as `eu-west-1`.
            account: as in `client`.
            allowed: raises once the change is no longer allowed. It is called about once a second.

        """
        self._rates.take(call, account, region, self._clock, say=self._say, allowed=allowed)

    def client(
        self,
        session: botocore.session.Session,
        service: str,
        region: str,
        account: str,
        *,
        attempts: int = MAX_ATTEMPTS,
        connect_seconds: int = CONNECT_SECONDS,
    ) -> BaseClient:
        """Make a client of a service.

        Args:
            session: has the credentials.
            service: the service's name in boto.
            region: a region, such as `eu-west-1`.
            account: the account whose rate limits apply: an id, or empty for that of the caller's own credentials.
            attempts: how often botocore tries a call.
            connect_seconds: the connection timeout. The services in `BRIEF` have a shorter one.

        Raises:
            NoCredentials: the configuration is broken. AwsError: the endpoint or the region is invalid.

        """
        config = Config(
            region_name=region,
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=BRIEF_SECONDS if service in BRIEF else connect_seconds,
            read_timeout=BRIEF_SECONDS if service in BRIEF else READ_SECONDS,
            max_pool_connections=CONNECTIONS,
        )
        try:
            with self._lock, translate_boto_errors():
                client = session.create_client(service, region_name=region, config=config)
        except ValueError as error:
            raise AwsError("", str(error), "look at AWS_ENDPOINT_URL and at the region's name") from error
        check_bodies(client)
        self._local_endpoints.observe(client)
        self._rates.pace(client, account, region, self._clock, repeat=attempts > 1, say=self._say)
        if self._log_call is not None:
            trace(client, self._log_call)
        if self._slow_calls is not None:
            self._slow_calls.observe(client, attempts)
        return client
