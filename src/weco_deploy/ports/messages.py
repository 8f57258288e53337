"""Messages to people."""

from __future__ import annotations

from typing import Protocol

from weco_deploy.model.notification import Message


class NotDelivered(Exception):
    """A message was not delivered. The text says why, without any secret."""


class Messenger(Protocol):
    """Sends messages to URLs as apprise defines them."""

    def installed(self) -> bool:
        """Whether the extra that sends messages is installed."""

    def accepts(self, url: str) -> bool:
        """Whether the URL names a service that messages can be sent to. Sends nothing."""

    def send(self, url: str, message: Message) -> None:
        """Send a message. Raises NotDelivered. Never takes longer than a few seconds if the service does not answer."""
