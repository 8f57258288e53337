"""Makes OCI layouts for tests: with an image for one or several architectures, as a directory or a tar archive."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

Descriptor = dict[str, object]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def blob_file(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


@dataclass
class Layout:
    """The files of a layout, by name. Methods that add content return its descriptor."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    )

    def blob(self, content: bytes, media_type: str = LAYER) -> Descriptor:
        digest = digest_of(content)
        self.files[blob_file(digest)] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def document(self, media_type: str, **content: object) -> Descriptor:
        body = {"schemaVersion": 2, "mediaType": media_type, **content}
        return self.blob(json.dumps(body, indent=1).encode(), media_type)

    def image(self, *layers: bytes, config: bytes = b"{}") -> Descriptor:
        descriptors = [self.blob(layer) for layer in layers]
        return self.document(IMAGE, config=self.blob(config, CONFIG), layers=descriptors)

    def index(self, *children: Descriptor) -> Descriptor:
        return self.document(INDEX, manifests=list(children))

    def listing(self, *images: Descriptor) -> Layout:
        """Writes an index.json that lists these images."""
        self.files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": list(images)}).encode()
        return self

    def directory(self, path: Path) -> Path:
        for name, content in self.files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return path

    def archive(self, path: Path, *, mode: str = "w", prefix: str = "") -> Path:
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # any mode
            for name, content in self.files.items():
                entry = tarfile.TarInfo(f"{prefix}{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return path


@dataclass(frozen=True)
class ImageLayout:
    """A layout with a single image; `top` is the digest of its manifest or index."""

    layout: Layout
    top: str


def single(seed: str = "search", layers: tuple[bytes, ...] | None = None) -> ImageLayout:
    layout = Layout()
    top = layout.image(
        *(layers or (f"{seed} base".encode(), f"{seed} app".encode())), config=f'{{"of": "{seed}"}}'.encode()
    )
    return ImageLayout(layout.listing(top), str(top["digest"]))


def multi_arch(seed: str = "search") -> ImageLayout:
    """Two architectures that share a layer."""
    layout = Layout()
    children = [
        layout.image(
            b"shared", f"{seed} {architecture}".encode(), config=f'{{"arch": "{architecture}"}}'.encode()
        )
        for architecture in ("amd64", "arm64")
    ]
    top = layout.index(*children)
    return ImageLayout(layout.listing(top), str(top["digest"]))
