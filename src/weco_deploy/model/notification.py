"""Messages about deployments: where they go, about which events, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment

VARIABLE, PARAMETER = "env", "ssm"
"""Where a destination's URL is: in an environment variable, or in a parameter of SSM."""


class NotifyEvent(StrEnum):
    """What a message can be about. `failed` is every end of a deployment but `succeeded` and `rolled_back`."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    WAITING = "waiting"
    OVERDUE = "overdue"


DEFAULT_EVENTS = (NotifyEvent.SUCCEEDED, NotifyEvent.FAILED, NotifyEvent.ROLLED_BACK)

PLACEHOLDERS = (
    "project",
    "environment",
    "release",
    "deployment",
    "status",
    "description",
    "requested_by",
    "duration",
    "services",
    "commits",
    "failures",
    "links",
    "summary",
)
"""What a template may contain, in braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where messages go. `url_from` says where its URL is, `env:NAME` or `ssm:NAME`, because the URL itself is a secret.

    `environments` are the ids of the environments that messages are about. `templates` are texts that replace the default
    ones; the first line is the title.
    """

    url_from: str
    events: tuple[NotifyEvent, ...] = DEFAULT_EVENTS
    environments: tuple[str, ...]
    templates: Mapping[NotifyEvent, str] = field(default_factory=dict, hash=False)

    @property
    def parameter(self) -> str | None:
        """The name of the SSM parameter with the URL; None if the URL is in an environment variable."""
        kind, _, name = self.url_from.partition(":")
        return name if kind == PARAMETER else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A reason to send a message: an event, with the deployment as it was then.

    `text` is what is waited for, or what is overdue; then `commits` are the overdue ones.
    """

    event: NotifyEvent
    deployment: Deployment | None = None
    text: str = ""
    commits: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in plain text. `good` is None if it is neither good nor bad news."""

    title: str
    body: str
    good: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationTest:
    """The result of a test message. `sent` is None if none was to be sent; `problem` says why it was not."""

    destination: Destination
    sent: bool | None = None
    problem: str = ""
