"""Images in ECR as they were seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from weco_deploy.model.tags import REF_PREFIX

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
"""Media types of an image's manifest."""
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Media types of what names several manifests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedImage:
    """An image that a tag points at: its digest and all the tags it has."""

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime | None = None

    @property
    def refs(self) -> tuple[str, ...]:
        """Its `ref.*` tags, sorted: the first one names the image wherever one must be chosen."""
        return tuple(sorted(tag for tag in self.tags if tag.startswith(REF_PREFIX)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest byte for byte as the registry holds it.

    `children` are the digests of the manifests that an index (or manifest list) names: a task may
    report either the index's digest or the one of the child it runs.
    """

    digest: str
    media_type: str
    body: str = field(repr=False)
    children: tuple[str, ...] = ()

    @property
    def accepted(self) -> frozenset[str]:
        """The digests that a container of this image may report."""
        return frozenset((self.digest, *self.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """What a repository holds of a release's digest and where its environment tag points.

    `manifest` is None if the digest is not there (any more), `tagged` None if the tag does not exist.
    """

    manifest: Manifest | None
    tagged: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository and its tag mutability: MUTABLE, IMMUTABLE, or either `_WITH_EXCLUSION`.

    `exclusions` are the wildcard patterns that the exclusion names.
    """

    name: str
    uri: str
    mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()
