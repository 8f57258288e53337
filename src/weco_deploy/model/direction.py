"""Which way an image moves in git's history, if a deployment replaces its version by another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weco_deploy.model.commits import Commit


class Direction(StrEnum):
    """The direction from the commit that an environment has to that of a release.

    `ahead`: nothing is lost. `same`: the same image, or one of the same commit. `behind`: the release is older. `diverged`: both
    have commits that the other one lacks. `off_branch`: the commit is not on the project's branch, such as the build of a pull
    request. `unknown`: git can't tell.
    """

    AHEAD = "ahead"
    SAME = "same"
    BEHIND = "behind"
    DIVERGED = "diverged"
    OFF_BRANCH = "off_branch"
    UNKNOWN = "unknown"


class Backwards(StrEnum):
    """Whether an image that does not certainly move forward may be deployed to an environment."""

    REFUSE = "refuse"
    WARN = "warn"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDirection:
    """The direction of an image.

    `commits` is the number of commits that it is ahead or behind, and 0 for the same commit; None if the number is not known,
    or the direction has none. `added` are the commits that only the new image includes, newest first; empty if `commits` is
    not known because the history is shallow. `lost` are those that only the environment's image includes. `why`
    explains an unknown direction. `fetch_may_tell` says that it may be known after a fetch.
    """

    direction: Direction
    commits: int | None = None
    added: tuple[Commit, ...] = ()
    lost: tuple[Commit, ...] = ()
    why: str = ""
    fetch_may_tell: bool = False


UNKNOWN = ImageDirection(direction=Direction.UNKNOWN)
SAME = ImageDirection(direction=Direction.SAME, commits=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCommits:
    """The commits that an image may be of: those of its version tags.

    `before` are those of the image that the environment has; empty if they are not known, and None if it has no image.
    """

    before: tuple[str, ...] | None
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """How some commits are related, as far as the local git repository knows.

    Args:
        ids: the full ids of those commits that the repository has, by the ids that were asked for.
        commits: those commits and all their ancestors, except the ancestors that all of them have in common. Children
            come before their parents. The nearest common ancestor may be among the parents only.
        branch: the full id of the newest commit of the remote's branch, if the repository has it.
        shallow: whether the repository lacks the older part of the history.
        fetched: whether the remote's branches were fetched since the tool was started.
        problem: why nothing is known at all; empty if something may be known.

    """

    ids: Mapping[str, str] = field(default_factory=dict)
    commits: tuple[Commit, ...] = ()
    branch: str | None = None
    shallow: bool = False
    fetched: bool = False
    problem: str = ""
