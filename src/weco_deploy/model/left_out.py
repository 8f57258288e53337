"""What a deployment leaves out of its project, and what allowed that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What is left out."""

    SERVICE = "service"


class Allowance(StrEnum):
    """Why a service or an image may be left out. The values are recorded and printed as JSON.

    `optional`: the project file says so. `allow_missing`: somebody allowed it with this flag. `rollback`: rollbacks go on
    without services that are missing. `unused`: the service uses others of its images, but not this one.
    """

    OPTIONAL = "optional"
    ALLOW_MISSING = "allow_missing"
    ROLLBACK = "rollback"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A service of the project that a deployment leaves out.

    Args:
        kind: what is left out.
        id: the service's id.
        images: the ids of the images that nobody observes in this service.
        why: what allowed it.
        reason: what is missing, for people.

    """

    kind: Part = Part.SERVICE
    id: str
    images: tuple[str, ...] = ()
    why: Allowance
    reason: str
