"""boto clients as this tool needs them: with its timeouts and retries, paced, and traced with `--verbose`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.config import Config

from weco_deploy.aws.answers import require_json
from weco_deploy.aws.error_translation import translate_boto_errors
from weco_deploy.aws.rates import Rates
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
"""The timeouts of services that answer within milliseconds and are called by the thread that renews the lease.

A lost answer costs 4 s at most, with the pause before the next attempt. Where no answer comes at all, five attempts and
the pauses between them (1, 2, 4, 8 s at most) take 30 s: a quarter of the usual lease.
"""
BRIEF = frozenset({"dynamodb", "sts"})
"""The record, and the credentials to reach it with."""
SENDING_SECONDS = 600
"""The connection timeout of calls with large bodies: urllib3 leaves it on the socket while a request is sent, and
Python applies it to sending the whole request."""
CONNECTIONS = 16
"""As many as `local/concurrent_calls.py` has workers."""


class ClientFactory:
    """Makes the clients of one `Login`.

    One client at a time, because a botocore session is not thread-safe. Making one takes 5 to 60 ms.

    Args:
        rates: the limits that all clients keep to.
        clock: waits for them.
        log_call: takes a line for each call to AWS, in whichever thread makes it; None: nobody wants them.

    """

    def __init__(self, rates: Rates, clock: Clock, log_call: Callable[[str], None] | None) -> None:
        self._rates = rates
        self._clock = clock
        self._log_call = log_call
        self._lock = threading.Lock()

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
        """A client of a service.

        Args:
            session: has the credentials.
            service: as boto calls it.
            region: as in `eu-west-1`.
            account: whose limits it keeps to: an id, or empty for the account of the caller's own credentials.
            attempts: how often botocore tries a call.
            connect_seconds: how long a connection may take. `BRIEF` services have a shorter timeout of their own.

        Raises:
            NoCredentials: the configuration is broken. AwsError: the endpoint or the region makes no sense.

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
        require_json(client)
        self._rates.pace(client, account, region, self._clock)
        if self._log_call is not None:
            trace(client, self._log_call)
        return client
