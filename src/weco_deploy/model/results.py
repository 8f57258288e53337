"""Results of operations that are more than a release or a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.release import ImageVersion, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRelease:
    """A new release and the previous one. `subjects` are the first lines of commit messages, by commit."""

    release: Release
    previous: Release | None
    subjects: Mapping[str, str] = field(default_factory=dict)

    def change(self, image_id: str) -> tuple[ImageVersion | None, ImageVersion | None]:
        """The image's versions in the previous release and in this one."""
        before = self.previous.images.get(image_id) if self.previous else None
        return before, self.release.images.get(image_id)


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
    one; both are None if nothing was deployed there since.
    """

    deployment: Deployment
    release: Release | None = None
    undid: Deployment | None = None
    following: Deployment | None = None
    last: Deployment | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)
