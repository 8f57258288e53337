"""Local images, and the result of publishing an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from weco_deploy.model.image import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image in the Docker Engine.

    `id` is the digest of its config or, with the containerd image store, that of its manifest or index. `digests` are
    the digests that it has in the registries it was pulled from or pushed to.
    """

    name: str
    id: str
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """Credentials for a registry, valid for some hours. `host` may have a port. Never shown, logged or stored."""

    host: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """The progress of pushing a layer, in the engine's words. Sizes are in bytes; None if the engine names none."""

    layer: str
    status: str
    sent: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A layer or a config. `size` is in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """An image in an OCI layout: the tagged manifest or index (`top`), the manifests below it, and all their blobs.

    `parts` are in the order in which a registry accepts them: each manifest before the index that names it.
    """

    top: Manifest
    parts: tuple[Manifest, ...]
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload of a blob that ECR has begun. ECR expects parts of `part_size` bytes, except the last."""

    id: str
    part_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a blob. `first` is its first byte, `length` in bytes."""

    first: int
    length: int

    @classmethod
    def all_of(cls, size: int, most: int) -> Iterator[Part]:
        """The parts of a blob of `size` bytes, each of at most `most` bytes."""
        for first in range(0, size, most):
            yield cls(first=first, length=min(most, size - first))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The commit that is checked out, and the files that differ from it, including new files."""

    commit: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """Publish an image as `ref` (`ref.<commit>`), and move `label` to it.

    `force_ref` moves the ref tag if it points at another digest.
    """

    image_id: str
    ref: str
    label: str
    force_ref: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An image that was published, or that will be.

    `digest` is None if it is unknown before the push. `pushed` is False if the ref tag already pointed at the digest;
    `label_moved` is False if the label did.
    """

    image_id: str
    repository: str
    ref: str
    digest: str | None
    label: str
    pushed: bool
    label_moved: bool
