"""Pushes and finds images in the emulator's registry, over HTTP.

The host name of an ECR registry contains its account and region, `<account>.dkr.ecr.<region>.amazonaws.com`.
The emulator serves all registries on one loopback address and chooses by the `Host` header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.images import Blob, BuiltImage, BuiltManifest

TIMEOUT_SECONDS = 30.0
"""For one answer of the emulator, which is on the same machine but may be busy."""

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
class FoundImage:
    """The image that a name refers to: the digest of its manifest or index, and the labels of its config."""

    digest: str
    media_type: str
    size: int
    labels: Mapping[str, str]


class Registry:
    """The registries of all accounts and regions, in the emulator on a loopback port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._labels: dict[tuple[Place, str, str], Mapping[str, str]] = {}

    def push(self, place: Place, repository: str, image: BuiltImage, tags: Sequence[str]) -> None:
        """Upload the image and point the tags at it. SandboxError if the registry refuses."""
        for blob in image.blobs:
            path = f"/v2/{repository}/blobs/uploads/?digest={quote(blob.digest)}"
            self._send("POST", place, path, blob.content, "application/octet-stream")
        for part in image.parts:
            self._put_manifest(place, repository, part.blob.digest, part)
        for tag in tags:
            self._put_manifest(place, repository, tag, image.top)

    def find(self, name: ImageName) -> FoundImage | None:
        """The image, None if there is none."""
        manifest = self._manifest(name)
        if manifest is None:
            return None
        key = (name.place, name.repository, manifest.blob.digest)
        if key not in self._labels:  # a digest's content never changes
            self._labels[key] = self._labels_of(name, manifest)
        return FoundImage(
            digest=manifest.blob.digest,
            media_type=manifest.media_type,
            size=len(manifest.blob.content),
            labels=self._labels[key],
        )

    def _labels_of(self, name: ImageName, manifest: BuiltManifest) -> Mapping[str, str]:
        document = json.loads(manifest.blob.content)
        if "manifests" in document:
            first = ImageName(
                place=name.place, repository=name.repository, reference=document["manifests"][0]["digest"]
            )
            part = self._manifest(first)
            return {} if part is None else self._labels_of(name, part)
        digest = document.get("config", {}).get("digest", "")
        host = {"Host": _host(name.place)}
        status, config = self._request("GET", f"/v2/{name.repository}/blobs/{digest}", b"", host)
        if status != 200:
            return {}  # the emulator does not keep blobs uploaded through ECR's own API
        labels: Mapping[str, str] | None = json.loads(config).get("config", {}).get("Labels")
        return labels or {}

    def _manifest(self, name: ImageName) -> BuiltManifest | None:
        """The manifest, from ECR's own API: the emulator's registry protocol does not find images put by digest."""
        image_id = {"imageDigest": name.reference} if name.by_digest else {"imageTag": name.reference}
        request = {"repositoryName": name.repository, "imageIds": [image_id]}
        status, answer = self._request(
            "POST",
            "/",
            json.dumps(request).encode(),
            {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.BatchGetImage",
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                f"{name.place.account}/20200101/{name.place.region}/ecr/aws4_request, SignedHeaders=host, Signature=0",
            },
        )
        if status != 200:
            return None
        found = json.loads(answer)["images"]
        if not found:
            return None
        image = found[0]
        return BuiltManifest(
            media_type=image["imageManifestMediaType"], blob=Blob(image["imageManifest"].encode())
        )

    def _put_manifest(self, place: Place, repository: str, reference: str, manifest: BuiltManifest) -> None:
        path = f"/v2/{repository}/manifests/{reference}"
        self._send("PUT", place, path, manifest.blob.content, manifest.media_type)

    def _send(self, method: str, place: Place, path: str, content: bytes, media_type: str) -> None:
        headers = {"Host": _host(place), "Content-Type": media_type}
        status, answer = self._request(method, path, content, headers)
        if status != 201:
            raise SandboxError(
                f"the sandbox's registry refused {method} {path} ({status}): "
                f"{answer[:300].decode(errors='replace')}"
            )

    def _request(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise SandboxError(
                f"the sandbox does not answer on port {self._port}: {error}",
                "is it running? weco-deploy sandbox start",
            ) from error
        finally:
            connection.close()


def _host(place: Place) -> str:
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
