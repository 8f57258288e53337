"""The calls to AWS that pass the proxy, and how many of them waited for each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.proxy.messages import Message
from weco_deploy.aws.api import CALLS

CHANGES = frozenset(call.name for call in CALLS if call.changes)
"""The calls that change something in AWS."""

_SERVICES = {
    "AmazonEC2ContainerRegistry": "ecr",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "DynamoDB": "dynamodb",
    "Logs": "logs",
    "ResourceGroupsTaggingAPI": "tag",
}


@dataclass(slots=True, kw_only=True)
class Call:
    """A call and its times, in seconds since the epoch; None for what has not happened.

    Attributes:
        arrived: when the proxy had read the request.
        forwarded: when the proxy sent the request to AWS.
        acted: when AWS's response arrived at the proxy.
        ended: when the proxy sent a response to the tool.

    """

    number: int
    name: str
    arrived: float
    forwarded: float | None = None
    acted: float | None = None
    ended: float | None = None

    @property
    def changes(self) -> bool:
        """Whether the call may change something in AWS."""
        return self.name in CHANGES


def name_of(request: Message) -> str:
    """The name of the requested call, like `ecs:UpdateService`: IAM's prefix and the API's name."""
    target = request.header("X-Amz-Target")
    if target:
        service, _, operation = target.partition(".")
        return f"{_SERVICES[service.partition('_')[0]]}:{operation}"
    action = parse_qs(request.body.decode()).get("Action", ["unknown"])[0]
    return f"sts:{action}"


def account_of(request: Message) -> str:
    """The account whose credentials signed the request."""
    return request.header("Authorization").partition("Credential=")[2].partition("/")[0]


def longest_chain(calls: Iterable[Call]) -> list[Call]:
    """The longest sequence of calls of which each arrived after the previous call had ended."""
    chains: list[tuple[float, list[Call]]] = []
    for call in sorted((call for call in calls if call.ended is not None), key=_ended):
        earlier = (chain for ended, chain in chains if ended <= call.arrived)
        chains.append((_ended(call), [*max(earlier, key=len, default=list[Call]()), call]))
    return max((chain for _, chain in chains), key=len, default=[])


def _ended(call: Call) -> float:
    assert call.ended is not None
    return call.ended
