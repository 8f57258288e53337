"""The state of ECR: repositories, their images and their tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

from weco_deploy.model.image import ACTIVE, Manifest
from weco_deploy.rules.runnable import ARCHIVED
from weco_deploy.sandbox.ecs import Behaviour

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image in a repository; `reported` is the digest that a task which runs it reports."""

    manifest: Manifest
    pushed_at: datetime
    behaviour: Behaviour
    reported: str
    status: str = ACTIVE


def nobody_follows(repository: str, tag: str, digest: str) -> None:
    """The repository has no replicas."""


@dataclass(slots=True, kw_only=True)
class StoredRepository:
    """A repository: images by digest, tags to digests, the commits that images name themselves by digest.

    `moved` gets the repository's name, the tag and the digest whenever a tag is pointed at an image.
    With `gives_archived` it gives the manifests of archived images too: AWS documents only that a pull fails.
    """

    name: str
    mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()
    gives_archived: bool = False
    images: dict[str, StoredImage] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    moved: Callable[[str, str, str], None] = nobody_follows

    def movable(self, tag: str) -> bool:
        """Whether `tag` may be pointed at another image. Exclusions name the exceptions from the rule."""
        excluded = any(fnmatchcase(tag, pattern) for pattern in self.exclusions)
        match self.mutability:
            case "MUTABLE":
                return True
            case "IMMUTABLE":
                return False
            case "IMMUTABLE_WITH_EXCLUSION":
                return excluded
            case _:
                return not excluded

    def tags_of(self, digest: str) -> tuple[str, ...]:
        return tuple(sorted(tag for tag, where in self.tags.items() if where == digest))

    def point(self, tag: str, digest: str) -> None:
        self.tags[tag] = digest
        self.moved(self.name, tag, digest)

    def add(self, image: StoredImage) -> None:
        self.images[image.manifest.digest] = image

    def archive(self, digest: str, status: str = ARCHIVED) -> None:
        """What a lifecycle policy or UpdateImageStorageClass does: the image is described, and not given any more."""
        self.images[digest] = replace(self.images[digest], status=status)

    def remove(self, digest: str) -> None:
        """What a lifecycle policy does: the image and its tags are gone."""
        self.images.pop(digest, None)
        for tag in self.tags_of(digest):
            del self.tags[tag]


def plain_manifest(seed: str, *, config: str | None = None) -> Manifest:
    """The manifest of an image that differs for each seed, or for each `config`, the digest of its config."""
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": {"digest": config or digest_of(seed)},
            "layers": [],
        }
    )
    return Manifest(digest=digest_of(body), media_type=IMAGE, body=body)


def index_manifest(children: tuple[Manifest, ...]) -> Manifest:
    """The index of an image for several architectures."""
    named = [{"mediaType": child.media_type, "digest": child.digest} for child in children]
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": named})
    return Manifest(
        digest=digest_of(body),
        media_type=INDEX,
        body=body,
        children=tuple(child.digest for child in children),
    )
