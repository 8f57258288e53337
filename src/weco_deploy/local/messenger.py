"""Sends messages with apprise, which is an extra and imported only when it is used.

No text of apprise's own is passed on, because it may contain the URL, which is a secret.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING

from weco_deploy.model.notification import Message
from weco_deploy.ports import NotDelivered

if TYPE_CHECKING:
    from apprise import NotifyBase, NotifyType

CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 2.0
"""Sinks have five seconds for the last message, so apprise's own timeouts, of four seconds each, would be too long."""

_STATUS = re.compile(r"\berror\s*=\s*(\d{3})\b")
_LOGGER = "apprise"


class AppriseMessenger:
    """Implements `ports.Messenger`."""

    def installed(self) -> bool:
        return find_spec("apprise") is not None

    def accepts(self, url: str) -> bool:
        with _status_of_failure():
            return _service(url) is not None

    def send(self, url: str, message: Message) -> None:
        with _status_of_failure() as statuses:
            sent = self._sent(url, message)
        if not sent:
            answered = f"the service answered {statuses[-1]}" if statuses else "the service did not answer"
            raise NotDelivered(answered)

    def _sent(self, url: str, message: Message) -> bool:
        try:
            import apprise

            service = _service(url)
            if service is None:
                raise NotDelivered("its URL is none that apprise knows")
            sender = apprise.Apprise(asset=service.asset)
            sender.add(service)
            return bool(
                sender.notify(
                    title=message.title,
                    body=message.body,
                    notify_type=_kind(message),
                    body_format=apprise.NotifyFormat.TEXT,
                )
            )
        except NotDelivered:
            raise
        except ModuleNotFoundError as error:
            raise NotDelivered(f"a package is not installed: {error.name}") from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its text may contain the URL
            raise NotDelivered(f"apprise failed with {type(error).__name__}") from None


def _service(url: str) -> NotifyBase | None:
    """The service of a URL, with timeouts that fit into the time after the verdict; None if the URL is invalid."""
    import apprise

    asset = apprise.AppriseAsset(app_id="weco-deploy", app_desc="weco-deploy", async_mode=False)
    # An instance for each message: apprise makes an instance wait between two messages.
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if not isinstance(service, apprise.NotifyBase):
        return None
    service.socket_connect_timeout = min(service.socket_connect_timeout, CONNECT_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, ANSWER_SECONDS)
    return service


def _kind(message: Message) -> NotifyType:
    from apprise import NotifyType

    return {True: NotifyType.SUCCESS, False: NotifyType.FAILURE, None: NotifyType.INFO}[message.good]


@contextmanager
def _status_of_failure() -> Iterator[list[str]]:
    """Collect the HTTP statuses that apprise logs about this message, and let nothing that it logs reach a stream."""
    statuses: list[str] = []
    logger = logging.getLogger(_LOGGER)
    if _HANDLER not in logger.handlers:  # without any handler, Python writes warnings to stderr
        logger.addHandler(_HANDLER)
    token = _statuses.set(statuses)
    try:
        yield statuses
    finally:
        _statuses.reset(token)


class _Statuses(logging.Handler):
    """Several messages are sent at once, and apprise may use a thread of its own, to which it passes the context."""

    def emit(self, record: logging.LogRecord) -> None:
        found = _statuses.get()
        if found is not None:
            found += _STATUS.findall(record.getMessage())


_HANDLER = _Statuses(logging.WARNING)
_statuses: ContextVar[list[str] | None] = ContextVar("statuses", default=None)
