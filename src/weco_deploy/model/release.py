"""A release is a set of image versions that are deployed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.model.tags import commit_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVersion:
    """One image in a release.

    `ref` is the tag that names its commit or version; `refs` are all such tags of the image. An image without such a tag
    has the commit that its label names as `ref`. `digest` is `sha256:…`, or None in a release that 5.x made: then
    deploying the release resolves it. `name` is the commit or version in `ref`, where it isn't just what follows `ref.`.
    """

    ref: str
    refs: tuple[str, ...] = ()
    digest: str | None = None
    name: str | None = None

    @property
    def commit(self) -> str:
        """The commit or version that `ref` names."""
        return commit_in(self.ref, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDeployment:
    """A deployment in the list of its release, which has no verdict.

    `deployment_id` is None if 5.x made the deployment.
    """

    environment: str
    date_created: datetime
    requested_by: str
    description: str
    deployment_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An immutable set of image versions, by image id. The version is None for an image that didn't have the label.

    `commit` is the full id of the commit that it was made of, if it wasn't made of a label; then `commits_behind` says of each
    image by how many commits, counted along first parents, its version is older. `missing` are the images of the project that the release lacked when it was made. `complete` says whether there were none;
    None if an earlier version of the tool made it and recorded nothing about that.
    """

    release_id: str
    project_id: str
    project_name: str
    date_created: datetime
    requested_by: str
    description: str
    images: Mapping[str, ImageVersion | None]
    build_url: str | None = None
    from_label: str | None = None
    commit: str | None = None
    commits_behind: Mapping[str, int] = field(default_factory=dict)
    complete: bool | None = None
    missing: tuple[str, ...] = ()
    deployments: tuple[ReleaseDeployment, ...] = field(default=())

    @property
    def versions(self) -> Mapping[str, ImageVersion]:
        """The versions that are not None."""
        return {image_id: version for image_id, version in self.images.items() if version is not None}
