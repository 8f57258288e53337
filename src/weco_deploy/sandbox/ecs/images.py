"""The one port of the simulation: where images come from.

The simulation asks while none of its locks is held, for all images that it needs at that moment in one call.
Whoever implements the port may cache behaviours by digest: an image never changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from weco_deploy.sandbox.ecs.behaviour import GOOD, Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a reference leads to.

    `reported` is the digest that a task reports, where it is not `digest`: the child that runs of an index.
    """

    digest: str
    behaviour: Behaviour = GOOD
    reported: str = ""


@dataclass(frozen=True, slots=True)
class NotPullable:
    """Why a reference can't be pulled, as the end of ECS's sentence: `not found`, `403 Forbidden`."""

    reason: str = "not found"


Resolved = Mapping[str, Image | NotPullable]
"""Reference → what it leads to."""


class ImageResolver(Protocol):
    """A registry, asked by references as task definitions have them: with a tag, a digest or neither."""

    def resolve(self, references: Collection[str]) -> Resolved:
        """An answer for each of the references. Called from any thread."""


def repository_of(reference: str) -> str:
    """The reference without its tag or digest."""
    name = reference.split("@", 1)[0]
    head, separator, last = name.rpartition("/")
    return head + separator + last.split(":", 1)[0]


def by_digest(reference: str, digest: str) -> str:
    """The reference of the same repository that names the digest."""
    return f"{repository_of(reference)}@{digest}"
