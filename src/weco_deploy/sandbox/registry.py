"""Creates repositories, and pushes and finds images, in the emulator's ECR, over HTTP.

The host name of an ECR registry contains its account and region, `<account>.dkr.ecr.<region>.amazonaws.com`.
The emulator serves all registries on one loopback address and chooses by the `Host` header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.ecs import Behaviour, Image, NotPullable
from weco_deploy.sandbox.ecs.behaviour import parse
from weco_deploy.sandbox.http_calls import Connection, start_of
from weco_deploy.sandbox.images import BEHAVIOUR_LABEL, GOOD, Blob, BuiltImage, BuiltManifest

_ECR = "AmazonEC2ContainerRegistry_V20150921"
_NAME = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[^:@]+)(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[\w.-]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """The name of an ECR image in a task definition; `reference` is a tag or a digest."""

    place: Place
    repository: str
    reference: str

    @classmethod
    def parse(cls, text: str) -> ImageName | None:
        """None for an image that is not in ECR."""
        match = _NAME.fullmatch(text)
        if match is None:
            return None
        return cls(
            place=Place(match["account"], match["region"]),
            repository=match["repository"],
            reference=match["digest"] or match["tag"] or "latest",
        )

    @property
    def by_digest(self) -> bool:
        return self.reference.startswith("sha256:")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstImage:
    """The image that a new repository gets, and its tags."""

    place: Place
    repository: str
    image: BuiltImage
    tags: Sequence[str]


class Registry:
    """The registries of all accounts and regions, in the emulator on a loopback port.

    Each method makes its requests over one connection.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._behaviours: dict[str, Behaviour] = {}
        """By digest: an image never changes."""

    def create_with_images(self, first_images: Iterable[FirstImage]) -> None:
        """Create repositories, unless they exist, each with its image. SandboxError if the registry refuses."""
        with Connection(self._port) as connection:
            for first in first_images:
                _create(connection, first.place, first.repository)
                _push(connection, first.place, first.repository, first.image, first.tags)

    def push(self, place: Place, repository: str, image: BuiltImage, tags: Sequence[str]) -> None:
        """Upload the image and point the tags at it. SandboxError if the registry refuses."""
        with Connection(self._port) as connection:
            _push(connection, place, repository, image, tags)

    def tag(self, place: Place, repository: str, tag: str, more: Sequence[str]) -> None:
        """Point more tags at the image of a tag. SandboxError if there is no such image."""
        with Connection(self._port) as connection:
            manifest = _manifest(connection, ImageName(place=place, repository=repository, reference=tag))
            if manifest is None:
                raise SandboxError(f"the sandbox's registry has no image {repository}:{tag}")
            for name in more:
                _put_manifest(connection, place, repository, name, manifest)

    def resolve(self, references: Collection[str]) -> dict[str, Image | NotPullable]:
        """What the references lead to: the simulated ECS asks."""
        with Connection(self._port) as connection:
            return {reference: self._resolved(connection, reference) for reference in references}

    def _resolved(self, connection: Connection, reference: str) -> Image | NotPullable:
        name = ImageName.parse(reference)
        manifest = None if name is None else _manifest(connection, name)
        if name is None or manifest is None:
            return NotPullable()
        digest = manifest.blob.digest
        if digest not in self._behaviours:
            try:
                labels = self._labels_of(connection, name, manifest)
                self._behaviours[digest] = parse(labels.get(BEHAVIOUR_LABEL, GOOD))
            except ValueError as error:
                return NotPullable(str(error))
        return Image(digest=digest, behaviour=self._behaviours[digest])

    def _labels_of(
        self, connection: Connection, name: ImageName, manifest: BuiltManifest
    ) -> Mapping[str, str]:
        document = json.loads(manifest.blob.content)
        if "manifests" in document:
            first = ImageName(
                place=name.place, repository=name.repository, reference=document["manifests"][0]["digest"]
            )
            part = _manifest(connection, first)
            return {} if part is None else self._labels_of(connection, name, part)
        digest = document.get("config", {}).get("digest", "")
        host = {"Host": _host(name.place)}
        status, config = connection.send("GET", f"/v2/{name.repository}/blobs/{digest}", b"", host)
        if status != 200:
            return {}  # the emulator does not keep blobs uploaded through ECR's own API
        labels: Mapping[str, str] | None = json.loads(config).get("config", {}).get("Labels")
        return labels or {}


def _manifest(connection: Connection, name: ImageName) -> BuiltManifest | None:
    """The manifest, from ECR's own API: the emulator's registry protocol does not find images put by digest."""
    image_id = {"imageDigest": name.reference} if name.by_digest else {"imageTag": name.reference}
    request = {"repositoryName": name.repository, "imageIds": [image_id]}
    status, answer = _call(connection, name.place, "BatchGetImage", request)
    if status != 200:
        return None
    found = json.loads(answer)["images"]
    if not found:
        return None
    image = found[0]
    return BuiltManifest(
        media_type=image["imageManifestMediaType"], blob=Blob(image["imageManifest"].encode())
    )


def _create(connection: Connection, place: Place, repository: str) -> None:
    status, answer = _call(connection, place, "CreateRepository", {"repositoryName": repository})
    if status != 200 and b"RepositoryAlreadyExistsException" not in answer:
        raise SandboxError(f"the sandbox's registry refused {repository!r}: {start_of(answer)}")


def _push(
    connection: Connection, place: Place, repository: str, image: BuiltImage, tags: Sequence[str]
) -> None:
    for blob in image.blobs:
        path = f"/v2/{repository}/blobs/uploads/?digest={quote(blob.digest)}"
        _send(connection, "POST", place, path, blob.content, "application/octet-stream")
    for part in image.parts:
        _put_manifest(connection, place, repository, part.blob.digest, part)
    for tag in tags:
        _put_manifest(connection, place, repository, tag, image.top)


def _put_manifest(
    connection: Connection, place: Place, repository: str, reference: str, manifest: BuiltManifest
) -> None:
    path = f"/v2/{repository}/manifests/{reference}"
    _send(connection, "PUT", place, path, manifest.blob.content, manifest.media_type)


def _call(
    connection: Connection, place: Place, operation: str, request: Mapping[str, object]
) -> tuple[int, bytes]:
    """A call of ECR's own API."""
    return connection.call(place, f"{_ECR}.{operation}", request)


def _send(
    connection: Connection, method: str, place: Place, path: str, content: bytes, media_type: str
) -> None:
    headers = {"Host": _host(place), "Content-Type": media_type}
    status, answer = connection.send(method, path, content, headers)
    if status != 201:
        raise SandboxError(f"the sandbox's registry refused {method} {path} ({status}): {start_of(answer)}")


def _host(place: Place) -> str:
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
