"""What a deployment leaves out of its project, and what allowed that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What is left out."""

    SERVICE = "service"
    IMAGE = "image"


class Allowance(StrEnum):
    """Why a service or an image may be left out. The values are recorded and printed as JSON.

    `optional`: the project file says so. `allow_missing`: somebody allowed it with this flag. `rollback`: rollbacks go on
    without services that are missing. `unused`: the service uses others of its images, but not this one.
    `deployed_by`: the project file says that something else deploys the service.
    Of images: `incomplete_release`: the release was made without it on purpose. `earlier_version`: an earlier version of the
    tool made the release without it. `added_later`: the project has the image only since.
    """

    OPTIONAL = "optional"
    ALLOW_MISSING = "allow_missing"
    ROLLBACK = "rollback"
    UNUSED = "unused"
    DEPLOYED_BY = "deployed_by"
    INCOMPLETE_RELEASE = "incomplete_release"
    EARLIER_VERSION = "earlier_version"
    ADDED_LATER = "added_later"


BY_DECLARATION = frozenset({Allowance.OPTIONAL, Allowance.DEPLOYED_BY})
"""The allowances by which the project file says that there is no such service, or none that we deploy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A service or an image of the project that a deployment leaves out.

    Args:
        kind: what is left out.
        id: the id of the service or image.
        images: the ids of the images that nobody observes in this service; empty for an image.
        why: what allowed it.
        reason: what is missing, for people.

    """

    kind: Part = Part.SERVICE
    id: str
    images: tuple[str, ...] = ()
    why: Allowance
    reason: str
