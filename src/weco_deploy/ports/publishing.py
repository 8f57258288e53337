"""What only `publish` needs: sources of images, and uploads to ECR.

Methods of `ImageUploads` may raise AwsError. The other protocols name their errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import (
    Head,
    LayerState,
    LayoutImage,
    LocalImage,
    Part,
    RegistryLogin,
    Upload,
)


class ImageUploads(Protocol):
    """Uploads to ECR with its own API, which needs no registry password."""

    def login(self) -> RegistryLogin:
        """A registry password, for the Docker Engine's push."""

    def absent(self, repository: str, digests: Sequence[str]) -> frozenset[str]:
        """The blobs that the repository lacks, of up to a hundred."""

    def begin(self, repository: str) -> Upload:
        """Begin the upload of a blob. An upload that is never completed leaves nothing behind."""

    def send(self, repository: str, upload: Upload, part: Part, content: bytes) -> None:
        """Send the part that follows the previous one. Sending a part again is fine."""

    def complete(self, repository: str, upload: Upload, digest: str) -> None:
        """Complete the upload. It is fine if the repository has the blob already."""

    def put(self, repository: str, manifest: Manifest) -> None:
        """Create an image without a tag from blobs or manifests that the repository has. Idempotent."""


class ImageEngine(Protocol):
    """The Docker Engine. Every method may raise DockerError."""

    def find(self, name: str) -> LocalImage | None: ...

    def push(
        self,
        image: LocalImage,
        repository: str,
        tag: str,
        login: RegistryLogin,
        tell: Callable[[LayerState], None],
    ) -> str:
        """Push the image to `repository` (`<host>/<name>`) and return its digest there.

        Leaves the engine's own image names as they were. Raises AccessDenied if the registry refuses.
        """


class ImageLayout(Protocol):
    """An OCI image layout in a directory or tar archive. Every method may raise BadImageLayout."""

    @property
    def name(self) -> str:
        """Its path, for people."""

    def image(self) -> LayoutImage: ...

    def read(self, digest: str, part: Part) -> bytes:
        """A part of a blob. Nothing is compared with the digest."""


class WorkTree(Protocol):
    """The working directory, and the git repository around it if there is one."""

    def released(self, image_id: str) -> str | None:
        """The content of `.releases/<image id>` at the repository's root; None if there is no such file."""

    def head(self, besides: Path | None = None) -> Head:
        """What is checked out. Raises NotFound if there is no repository, or no commit in it.

        A change to the path `besides` does not count: it may be the image built from the commit.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """What only `publish` reaches. `engine` raises DockerError if there is none."""

    uploads: ImageUploads
    engine: Callable[[], ImageEngine]
    work_tree: WorkTree
