"""Calls to AWS as the proxy sees them pass, and how many of them had to wait for one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.proxy.messages import Message

CHANGES = frozenset(
    {
        "dynamodb:CreateTable",
        "dynamodb:PutItem",
        "dynamodb:TransactWriteItems",
        "dynamodb:UpdateItem",
        "ecr:PutImage",
        "ecs:UpdateService",
    }
)
"""The calls that change something."""

_SERVICES = {
    "AmazonEC2ContainerRegistry": "ecr",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "DynamoDB": "dynamodb",
    "Logs": "logs",
    "ResourceGroupsTaggingAPI": "tag",
}


@dataclass(slots=True, kw_only=True)
class Call:
    """One call. Its times are seconds since the epoch; what has not happened (yet) is None.

    `arrived`: its request was read. `forwarded`: it went on to AWS, which `acted` when its answer came
    back. `ended`: that answer, or another one, left for the tool.
    """

    number: int
    name: str
    arrived: float
    forwarded: float | None = None
    acted: float | None = None
    ended: float | None = None

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.name in CHANGES


def name_of(request: Message) -> str:
    """The call that a request makes, as `ecs:UpdateService`: IAM's prefix and the API's name."""
    target = request.header("X-Amz-Target")
    if target:
        service, _, operation = target.partition(".")
        return f"{_SERVICES[service.partition('_')[0]]}:{operation}"
    action = parse_qs(request.body.decode()).get("Action", ["unknown"])[0]
    return f"sts:{action}"


def account_of(request: Message) -> str:
    """The account whose credentials signed it."""
    return request.header("Authorization").partition("Credential=")[2].partition("/")[0]


def longest_chain(calls: Iterable[Call]) -> list[Call]:
    """As many calls as possible of which each one arrived after the one before had ended."""
    best: list[tuple[float, list[Call]]] = []
    for call in sorted((call for call in calls if call.ended is not None), key=_ended):
        before = max((chain for ended, chain in best if ended <= call.arrived), key=len, default=list[Call]())
        best.append((_ended(call), [*before, call]))
    return max((chain for _, chain in best), key=len, default=[])


def _ended(call: Call) -> float:
    assert call.ended is not None
    return call.ended
