"""An OCI image layout, as buildx, skopeo and others write it: `ports.ImageLayout`.

A directory, or the same in a tar archive, which is read where it lies: nothing is unpacked. Blobs are only ever
looked for by a name made of their digest. (OCI image specification, `image-layout.md`, `image-index.md`.)
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
"""Media types of the configs of images that can be run; artifacts have others."""
ATTESTATION = "application/vnd.in-toto+json"
"""Media type of a layer of what buildx adds to an image (provenance, contents): it has an image's config, but can't run."""
LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; ECR takes no longer one (`imageManifest`)."""
DEEPEST = 8
"""How many indexes may be inside one another. Nobody needs two; digests can't go in circles, but in depth."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class OciLayout:
    """The image in the layout at `path`."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._files = files_at(path)

    def image(self) -> LayoutImage:
        """The one image of the layout, with manifests read and checked, and blobs only listed."""
        marker = self._json("oci-layout", self._files.whole("oci-layout", LARGEST_MANIFEST))
        version = marker.get("imageLayoutVersion")
        if not isinstance(version, str) or version.split(".")[0] != "1":
            raise self._bad(f"oci-layout says version {version!r}, and only 1.0.0 is known")
        index = self._json("index.json", self._files.whole("index.json", LARGEST_MANIFEST))
        collected = _Collected()
        top = self._collect(self._only_image(index), collected, depth=0)
        if not collected.runnable:
            raise self._bad(f"nothing in {top.digest} is an image that can be run", "is it the right layout?")
        return LayoutImage(
            top=top,
            parts=tuple(part for part in collected.manifests.values() if part.digest != top.digest),
            blobs=tuple(collected.blobs.values()),
        )

    def read(self, digest: str, part: Part) -> bytes:
        return self._files.stretch(_path(digest), part)

    def _only_image(self, index: Mapping[str, Any]) -> _Descriptor:
        # A tool may list one image once for each of its tags.
        listed = self._descriptors("index.json", index, "manifests")
        found = {one.digest: one for one in listed}
        if len(found) == 1:
            return next(iter(found.values()))
        if not found:
            raise self._bad("index.json lists no image")
        raise self._bad(
            f"index.json lists {len(found)} images: {', '.join(found)}",
            "write a layout of one image; one for several architectures has an index of its own",
        )

    def _collect(self, descriptor: _Descriptor, collected: _Collected, depth: int) -> Manifest:
        """Read a manifest and all below it, which is collected first."""
        if descriptor.digest in collected.manifests:
            return collected.manifests[descriptor.digest]
        if depth > DEEPEST:
            raise self._bad(f"more than {DEEPEST} indexes are inside one another")
        body = self._manifest_body(descriptor)
        content = self._json(descriptor.digest, body)
        children: tuple[Manifest, ...] = ()
        if descriptor.media_type in INDEXES:
            listed = self._descriptors(descriptor.digest, content, "manifests")
            children = tuple(self._collect(child, collected, depth + 1) for child in listed)
        elif descriptor.media_type in MANIFESTS:
            config, *layers = self._blobs(descriptor.digest, content)
            attests = any(layer.media_type == ATTESTATION for layer in layers)
            collected.runnable |= config.media_type in CONFIGS and not attests
            for one in (config, *layers):
                collected.blobs.setdefault(one.digest, Blob(digest=one.digest, size=one.size))
        else:
            raise self._bad(
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
        body = self._files.whole(_path(descriptor.digest), LARGEST_MANIFEST)
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != descriptor.digest:
            raise self._bad(
                f"the content of {_path(descriptor.digest)} has another digest than its name says"
            )
        return body

    def _blobs(self, where: str, manifest: Mapping[str, Any]) -> list[_Descriptor]:
        """The config, then the layers, all of them there."""
        config = self._descriptor(f"{where}, config", manifest.get("config"))
        described = [config, *self._descriptors(where, manifest, "layers")]
        for one in described:
            there = self._files.size(_path(one.digest))
            if there != one.size:
                raise self._bad(
                    f"{_path(one.digest)} has {there} bytes, and should have {one.size}",
                    "it may have been cut off while it was copied: write it again",
                )
        return described

    def _descriptors(self, where: str, document: Mapping[str, Any], key: str) -> list[_Descriptor]:
        listed = document.get(key)
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise self._bad(f"{where} has no list of {key}")
        return [
            self._descriptor(f"{where}, {key}[{place}]", described) for place, described in enumerate(listed)
        ]

    def _descriptor(self, where: str, described: object) -> _Descriptor:
        match described:
            case {"digest": str(digest), "size": int(size), "mediaType": str(media_type)} if (
                _DIGEST.fullmatch(digest) and size >= 0
            ):
                return _Descriptor(digest, size, media_type)
        raise self._bad(f"{where} is no descriptor with mediaType, size and a sha256 digest")

    def _json(self, where: str, content: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise self._bad(f"{where} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise self._bad(f"{where} is no JSON object")
        return document

    def _bad(self, what: str, hint: str = "") -> BadImageLayout:
        return BadImageLayout(f"{self.name}: {what}", hint)


@dataclass(frozen=True, slots=True)
class _Descriptor:
    digest: str
    size: int
    media_type: str


@dataclass(slots=True)
class _Collected:
    """What was met so far, each once, by digest; `runnable`: whether an image that can be run is among it."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    runnable: bool = False


def _path(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"
