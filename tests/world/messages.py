"""The port Messenger, and the secrets that a run can read. Both are used in the threads of event sinks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from weco_deploy.errors import AwsError, NotFound
from weco_deploy.model.notification import Message
from weco_deploy.ports import NotDelivered


@dataclass(slots=True)
class Mail:
    """What was sent, by the URL; which URLs fail, and why. A URL in `hangs` is not answered until its event is set.

    `secrets` are the values of `env:NAME` and `ssm:NAME`; an error is raised.
    """

    installed: bool = True
    sent: list[tuple[str, Message]] = field(default_factory=list)
    fails: dict[str, str] = field(default_factory=dict)
    hangs: dict[str, threading.Event] = field(default_factory=dict)
    secrets: dict[str, str | AwsError] = field(default_factory=dict)

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.sent]

    def secret(self, reference: str) -> str:
        value = self.secrets.get(reference)
        if isinstance(value, AwsError):
            raise value
        if value is None:
            raise NotFound(f"{reference} is not set")
        return value


class WorldMessenger:
    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    def installed(self) -> bool:
        return self._mail.installed

    def accepts(self, url: str) -> bool:
        return "://" in url

    def send(self, url: str, message: Message) -> None:
        if url in self._mail.hangs:
            self._mail.hangs[url].wait(60)
        if url in self._mail.fails:
            raise NotDelivered(self._mail.fails[url])
        self._mail.sent.append((url, message))
