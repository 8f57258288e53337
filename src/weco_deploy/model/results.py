"""Results of operations that are more than a release or a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Lock
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.web_repository import WebRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRelease:
    """A new release and the previous one. `subjects` are the first lines of commit messages, by commit.

    `copies_previous` says whether only some images were looked up, and the others are those of the previous release (`update`).
    """

    release: Release
    previous: Release | None
    subjects: Mapping[str, str] = field(default_factory=dict)
    copies_previous: bool = False

    def change(self, image_id: str) -> tuple[ImageVersion | None, ImageVersion | None]:
        """The image's versions in the previous release and in this one."""
        before = self.previous.images.get(image_id) if self.previous else None
        return before, self.release.images.get(image_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage:
    """An image that a label points at. `version` is None if nothing names it; `remark` says then what an index is made around."""

    digest: str
    version: ImageVersion | None
    pushed_at: datetime | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDifference:
    """The difference between two releases. `images` has the versions (in `base`, in `release`), by image id."""

    release: Release
    base: Release
    images: Mapping[str, tuple[ImageVersion | None, ImageVersion | None]]
    subjects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentDetails:
    """A deployment, with everything that explains it.

    Its failures have the log lines that CloudWatch still has. `release` is None if its record is gone. `undid` is the
    failed deployment that this one rolled back. `following` is the next deployment to the environment, and `last` the last
    one; both are None if nothing was deployed there since. `lock` is a lock by hand that keeps the next deployment out.
    """

    deployment: Deployment
    release: Release | None = None
    undid: Deployment | None = None
    following: Deployment | None = None
    last: Deployment | None = None
    lock: Lock | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCommit:
    """A commit, and the ids of the images that have it on one side of a comparison only."""

    commit: Commit
    images: tuple[str, ...]
    pull_request: int | None = None

    @property
    def merges(self) -> bool:
        return len(self.commit.parents) > 1

    @property
    def reverts(self) -> bool:
        """Whether its subject is that of git's own reverts."""
        return self.commit.subject.startswith('Revert "')


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The commits between two releases or environments, newest first.

    `base` and `head` are what they are called: an environment's id or a release's. `commits` are those that only the
    head's images have, `lost` those that only the base's have. `unknown` says, by image id, why an image's commits are not
    known. `unchanged` are the ids of the images that are the same on both sides. `repository` is None if nothing is known
    of its web pages.
    """

    base: str
    head: str
    at: datetime
    commits: tuple[ChangedCommit, ...]
    lost: tuple[ChangedCommit, ...]
    unknown: Mapping[str, str]
    unchanged: tuple[str, ...]
    repository: WebRepository | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveImage:
    """An image in an environment that has a commit, and the deployment that brought the commit there.

    `since` and `deployment_id` are None if that deployment is too long ago to be found.
    """

    image_id: str
    since: datetime | None
    deployment_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitInEnvironment:
    """Which images of an environment have a commit.

    The versions that were deployed last have it and worked (`live`), have it and failed (`failed`), don't have it
    (`without`), or are not known to the git repository (`unknown`).
    """

    environment: str
    live: tuple[LiveImage, ...]
    failed: tuple[str, ...]
    without: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereCommitIs:
    """Where a commit is: in which releases (newest first, with the ids of their images that have it) and environments."""

    commit: Commit
    at: datetime
    releases: Mapping[str, tuple[str, ...]]
    environments: tuple[CommitInEnvironment, ...]
    repository: WebRepository | None = None
