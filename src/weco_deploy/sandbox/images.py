"""Builds the smallest valid images in memory.

An image has one layer (a tar archive of one small file), a config with labels for the commit and the
behaviour, and a manifest. A multi-arch image has a manifest for each of two platforms, and an OCI index. The
digest of an image is the digest of the manifest or index that its tags point at.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BEHAVIOUR_LABEL = "weco-deploy.sandbox.behaviour"
"""The label that says how an image behaves, in the words of `ecs/behaviour.py`. An image without it is good."""
GOOD = "good"
REVISION_LABEL = "org.opencontainers.image.revision"
"""The label for the commit that an image was built from, from the OCI image specification."""

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"

_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_Json = Mapping[str, object] | Sequence[object]


@dataclass(frozen=True, slots=True)
class Blob:
    """Content with its digest."""

    content: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltManifest:
    media_type: str
    blob: Blob


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """What a push uploads, in this order: `blobs`, then `parts` by digest, then `top` by tag."""

    blobs: tuple[Blob, ...]
    parts: tuple[BuiltManifest, ...]
    top: BuiltManifest

    @property
    def digest(self) -> str:
        return self.top.blob.digest


def build(name: str, commit: str, behaviour: str = GOOD) -> BuiltImage:
    """A single-platform image in Docker's own format. `name` and `commit` make its digest unique."""
    archive = _archive(name, commit)
    layer, config = Blob(gzip.compress(archive, mtime=0)), _config(archive, commit, behaviour, "amd64")
    manifest = _manifest(DOCKER_MANIFEST, _DOCKER_CONFIG, _DOCKER_LAYER, config, layer)
    return BuiltImage(blobs=(layer, config), parts=(), top=manifest)


def build_multi_arch(name: str, commit: str, behaviour: str = GOOD) -> BuiltImage:
    """An OCI index of an amd64 and an arm64 image, which share the layer."""
    archive = _archive(name, commit)
    layer = Blob(gzip.compress(archive, mtime=0))
    architectures = ("amd64", "arm64")
    configs = tuple(_config(archive, commit, behaviour, architecture) for architecture in architectures)
    parts = tuple(_manifest(OCI_MANIFEST, _OCI_CONFIG, _OCI_LAYER, config, layer) for config in configs)
    manifests = [
        _descriptor(part.media_type, part.blob) | {"platform": {"os": "linux", "architecture": architecture}}
        for part, architecture in zip(parts, architectures, strict=True)
    ]
    index = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
    return BuiltImage(
        blobs=(layer, *configs), parts=parts, top=BuiltManifest(media_type=OCI_INDEX, blob=index)
    )


def _archive(name: str, commit: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        content = f"{name} {commit}\n".encode()
        entry = tarfile.TarInfo("etc/image")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def _config(archive: bytes, commit: str, behaviour: str, architecture: str) -> Blob:
    return _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {
                "Cmd": ["/bin/service"],
                "Labels": {BEHAVIOUR_LABEL: behaviour, REVISION_LABEL: commit},
            },
            "rootfs": {"type": "layers", "diff_ids": [Blob(archive).digest]},
        }
    )


def _manifest(media_type: str, config_type: str, layer_type: str, config: Blob, layer: Blob) -> BuiltManifest:
    blob = _json(
        {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": _descriptor(config_type, config),
            "layers": [_descriptor(layer_type, layer)],
        }
    )
    return BuiltManifest(media_type=media_type, blob=blob)


def _descriptor(media_type: str, blob: Blob) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(blob.content), "digest": blob.digest}


def _json(document: _Json) -> Blob:
    return Blob(json.dumps(document, separators=(",", ":")).encode())
