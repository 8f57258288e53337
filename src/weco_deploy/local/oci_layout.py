"""Reads an OCI image layout, as buildx, skopeo and others write it.

The layout is a directory, or a tar archive of a directory, which is read without unpacking it. The path of a blob follows
from its digest. (OCI image specification, `image-layout.md` and `image-index.md`.)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weco_deploy.errors import BadImageLayout
from weco_deploy.local.layout_files import files_at
from weco_deploy.model.image import INDEXES, MANIFESTS, Manifest
from weco_deploy.model.publication import Blob, LayoutImage, Part

CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
"""The media types of the configs of runnable images. Artifacts have other types."""
ATTESTATION = "application/vnd.in-toto+json"
"""The media type of the layers of an attestation (provenance, SBOM), which buildx adds to an image.

An attestation has the config of an image, but can't run.
"""
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""ECR's limit for `imageManifest`."""
MAX_INDEX_DEPTH = 8
"""How deep indexes may be nested. Real images need one level. Digests make cycles impossible, but not deep nesting."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class OciLayout:
    """Implements `ports.ImageLayout` for the layout at `path`."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._files = files_at(path)

    def image(self) -> LayoutImage:
        """The layout's only image. Reads and checks its manifests, but no blobs."""
        marker = self._json("oci-layout", self._files.read_all("oci-layout", MAX_MANIFEST_BYTES))
        version = marker.get("imageLayoutVersion")
        if not isinstance(version, str) or version.split(".")[0] != "1":
            raise self._invalid(f"oci-layout says version {version!r}, and only 1.0.0 is known")
        index = self._json("index.json", self._files.read_all("index.json", MAX_MANIFEST_BYTES))
        collected = _Collected()
        top = self._collect(self._only_image(index), collected, depth=0)
        if not collected.runnable:
            raise self._invalid(
                f"nothing in {top.digest} is an image that can be run", "is it the right layout?"
            )
        return LayoutImage(
            top=top,
            parts=tuple(part for part in collected.manifests.values() if part.digest != top.digest),
            blobs=tuple(collected.blobs.values()),
        )

    def read(self, digest: str, part: Part) -> bytes:
        return self._files.read(_path(digest), part)

    def _only_image(self, index: Mapping[str, Any]) -> _Descriptor:
        # Some tools list an image once for each of its tags.
        descriptors = self._descriptors("index.json", index, "manifests")
        found = {descriptor.digest: descriptor for descriptor in descriptors}
        if len(found) == 1:
            return next(iter(found.values()))
        if not found:
            raise self._invalid("index.json lists no image")
        raise self._invalid(
            f"index.json lists {len(found)} images: {', '.join(found)}",
            "write a layout of one image; one for several architectures has an index of its own",
        )

    def _collect(self, descriptor: _Descriptor, collected: _Collected, depth: int) -> Manifest:
        """Read a manifest and the manifests it lists, and add them to `collected`, children first."""
        if descriptor.digest in collected.manifests:
            return collected.manifests[descriptor.digest]
        if depth > MAX_INDEX_DEPTH:
            raise self._invalid(f"more than {MAX_INDEX_DEPTH} indexes are inside one another")
        body = self._manifest_body(descriptor)
        content = self._json(descriptor.digest, body)
        children: tuple[Manifest, ...] = ()
        if descriptor.media_type in INDEXES:
            listed = self._descriptors(descriptor.digest, content, "manifests")
            children = tuple(self._collect(child, collected, depth + 1) for child in listed)
        elif descriptor.media_type in MANIFESTS:
            config, *layers = self._blobs(descriptor.digest, content)
            is_attestation = any(layer.media_type == ATTESTATION for layer in layers)
            collected.runnable |= config.media_type in CONFIGS and not is_attestation
            for blob in (config, *layers):
                collected.blobs.setdefault(blob.digest, Blob(digest=blob.digest, size=blob.size))
        else:
            raise self._invalid(
                f"{descriptor.digest} is a {descriptor.media_type!r}, which is no image that ECR takes",
                f"known are {', '.join((*MANIFESTS, *INDEXES))}",
            )
        manifest = Manifest(
            digest=descriptor.digest,
            media_type=descriptor.media_type,
            body=body.decode(),
            children=tuple(dict.fromkeys(child.digest for child in children)),
        )
        collected.manifests[manifest.digest] = manifest
        return manifest

    def _manifest_body(self, descriptor: _Descriptor) -> bytes:
        body = self._files.read_all(_path(descriptor.digest), MAX_MANIFEST_BYTES)
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != descriptor.digest:
            raise self._invalid(
                f"the content of {_path(descriptor.digest)} has another digest than its name says"
            )
        return body

    def _blobs(self, where: str, manifest: Mapping[str, Any]) -> list[_Descriptor]:
        """The config, then the layers. Checks that each exists and has the right size."""
        config = self._descriptor(f"{where}, config", manifest.get("config"))
        blobs = [config, *self._descriptors(where, manifest, "layers")]
        for blob in blobs:
            size = self._files.size(_path(blob.digest))
            if size != blob.size:
                raise self._invalid(
                    f"{_path(blob.digest)} has {size} bytes, and should have {blob.size}",
                    "it may have been cut off while it was copied: write it again",
                )
        return blobs

    def _descriptors(self, where: str, document: Mapping[str, Any], key: str) -> list[_Descriptor]:
        listed = document.get(key)
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise self._invalid(f"{where} has no list of {key}")
        return [self._descriptor(f"{where}, {key}[{index}]", item) for index, item in enumerate(listed)]

    def _descriptor(self, where: str, item: object) -> _Descriptor:
        match item:
            case {"digest": str(digest), "size": int(size), "mediaType": str(media_type)} if (
                _DIGEST.fullmatch(digest) and size >= 0
            ):
                return _Descriptor(digest, size, media_type)
        raise self._invalid(f"{where} is no descriptor with mediaType, size and a sha256 digest")

    def _json(self, where: str, content: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise self._invalid(f"{where} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise self._invalid(f"{where} is no JSON object")
        return document

    def _invalid(self, problem: str, hint: str = "") -> BadImageLayout:
        return BadImageLayout(f"{self.name}: {problem}", hint)


@dataclass(frozen=True, slots=True)
class _Descriptor:
    digest: str
    size: int
    media_type: str


@dataclass(slots=True)
class _Collected:
    """The manifests and blobs found so far, by digest. `runnable` is True if they include an image that can run."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    runnable: bool = False


def _path(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"
