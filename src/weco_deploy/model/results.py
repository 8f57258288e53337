"""What operations answer where a release or a deployment alone does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from weco_deploy.model.release import ImageVersion, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRelease:
    """A release and the one before it. `subjects` are the first lines of commits' messages, by commit."""

    release: Release
    previous: Release | None
    subjects: Mapping[str, str] = field(default_factory=dict)

    def change(self, image_id: str) -> tuple[ImageVersion | None, ImageVersion | None]:
        """The image's version before and in this release."""
        before = self.previous.images.get(image_id) if self.previous else None
        return before, self.release.images.get(image_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDifference:
    """What distinguishes two releases, by image id: (in `base`, in `release`)."""

    release: Release
    base: Release
    images: Mapping[str, tuple[ImageVersion | None, ImageVersion | None]]
    subjects: Mapping[str, str] = field(default_factory=dict)
