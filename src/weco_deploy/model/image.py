"""Images and repositories in ECR, as they were observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
"""The media types of manifests."""
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""The media types of indexes (manifest lists), which name several manifests."""

MEDIA_TYPES = (*MANIFESTS, *INDEXES)
"""All media types that ECR stores. ECR may convert an image of a type that is not requested, which changes its digest."""

ACTIVE = "ACTIVE"
"""The `imageStatus` of an image that can be pulled. ECR has others: ARCHIVED, ACTIVATING."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedImage:
    """An image: its digest and all its tags. `status` is ECR's `imageStatus`."""

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime | None = None
    status: str = ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest or index, with the exact bytes in the registry.

    `children` are the digests of the manifests that an index names. A task may report the digest of the index or that
    of the child that it runs.
    """

    digest: str
    media_type: str
    body: str = field(repr=False)
    children: tuple[str, ...] = ()

    @property
    def accepted(self) -> frozenset[str]:
        """All digests that a container of this image may report."""
        return frozenset((self.digest, *self.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """A repository's manifest of a release's digest, and the digest that its environment tag points at.

    `manifest` is None if the repository does not (or no longer) have the digest, or does not give it: then `unreadable` is
    ECR's reason. `tagged` is None if it has no such tag. `status` is ECR's `imageStatus` of the digest.
    """

    manifest: Manifest | None
    tagged: str | None
    unreadable: str = ""
    status: str = ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository and its tag mutability: MUTABLE or IMMUTABLE, or one of these with `_WITH_EXCLUSION`.

    `uri` is its name in task definitions, `<registry>/<name>`. `exclusions` are the wildcard patterns of the tags that the setting doesn't apply to.
    """

    name: str
    uri: str
    mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()

    @property
    def registry(self) -> str:
        """The host name of its registry."""
        return self.uri.removesuffix(f"/{self.name}")
