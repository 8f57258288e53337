"""Images on this machine, and what became of publishing one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from weco_deploy.model.image import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image in the Docker Engine.

    `id` is the digest of its config, or with the containerd image store that of its manifest or index;
    `digests` are all the digests that it is known by, at the registries it came from or was pushed to.
    """

    name: str
    id: str
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """The way into a registry, for some hours. `host` may have a port. Never shown, logged or stored."""

    host: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """How the push of a layer stands, in the engine's words. Sizes are in bytes, None if it tells none."""

    layer: str
    status: str
    sent: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A layer or a config, known by its digest. `size` is in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """An image in an OCI layout: what is tagged, the manifests it is an index of, and all their blobs.

    `parts` are in the order in which a registry takes them: each manifest before the index that names it.
    """

    top: Manifest
    parts: tuple[Manifest, ...]
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A blob's upload that ECR has begun. `part_size` is what it expects of each part but the last, in bytes."""

    id: str
    part_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a blob, in bytes."""

    first: int
    length: int

    @classmethod
    def all_of(cls, size: int, most: int) -> Iterator[Part]:
        """The parts of that many bytes, each as long as it may be."""
        for first in range(0, size, most):
            yield cls(first=first, length=min(most, size - first))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The commit that is checked out, and the files that differ from it (new ones too)."""

    commit: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """Publish an image as `ref` (`ref.<commit>`), and move `label` to it.

    `force_ref` moves a ref that is in the registry with another digest.
    """

    image_id: str
    ref: str
    label: str
    force_ref: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An image that is in ECR, or before anything was done, one that will be.

    `digest` is None while only the push can tell it; `pushed` is false if the ref was there with that
    digest already, `label_moved` if the label was.
    """

    image_id: str
    repository: str
    ref: str
    digest: str | None
    label: str
    pushed: bool
    label_moved: bool
