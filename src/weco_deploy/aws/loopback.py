"""Endpoints on this machine: the sandbox, or another emulator of AWS."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import EndpointConnectionError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.endpoint import Endpoint


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class LocalEndpoints:
    """Makes clients give up at once on an endpoint of this machine that refuses connections and has never answered.

    Such an emulator is not running, so trying again for half a minute would only delay the message. An endpoint that has
    answered before may come back, and AWS is never on this machine: both get all attempts.
    """

    def __init__(self) -> None:
        self._answered: set[str] = set()

    def observe(self, client: BaseClient) -> None:
        """Give up on behalf of this client; what one client learns of an endpoint counts for all."""
        # Before botocore's own handler, which waits and tries again.
        client.meta.events.register_first(
            f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", self._attempted
        )

    def _attempted(
        self, response: object, endpoint: Endpoint, caught_exception: Exception | None, **_: object
    ) -> None:
        if response is not None:
            self._answered.add(endpoint.host)
        elif caught_exception and endpoint.host not in self._answered and refused_here(caught_exception):
            raise caught_exception


def refused_here(error: Exception | None) -> str:
    """The URL on this machine that refused the connection, because nothing listens there; empty for any other error."""
    if not isinstance(error, EndpointConnectionError):
        return ""
    url = str(error.kwargs.get("endpoint_url", ""))
    cause = getattr(error.kwargs.get("error"), "__cause__", None)
    refused = is_loopback(urlsplit(url).hostname or "") and isinstance(cause, ConnectionRefusedError)
    return url if refused else ""
