"""The ports behind `publish`, for one run of the tool: ECR's uploads, a Docker Engine, a work tree."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.world.behaviour import good
from tests.world.ecr import StoredImage, StoredRepository, plain_manifest
from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.errors import AwsError, DockerError, NotFound
from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import Head, LayerState, LocalImage, Part, RegistryLogin, Upload
from weco_deploy.ports import ImageEngine, Publishing

PASSWORD = "the registry's secret"
PART_SIZE = 5 * 1024 * 1024


@dataclass(slots=True)
class Desktop:
    """The machine that the tool runs on. `images` are the engine's, by name; without an engine there are none."""

    images: dict[str, LocalImage] = field(default_factory=dict)
    has_engine: bool = True
    released: dict[str, str] = field(default_factory=dict)
    head: Head | None = None
    pushes: list[tuple[str, str]] = field(default_factory=list)

    def build(self, name: str, *digests: str) -> LocalImage:
        """An image of that name, unlike those of other names."""
        manifest_config = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        image = LocalImage(name=name, id=manifest_config, digests=digests)
        self.images[name] = image
        return image


def publishing(
    desktop: Desktop,
    repositories: dict[str, StoredRepository],
    host: str,
    now: Callable[[], datetime],
    gate: Gate,
    run: Run,
) -> Publishing:
    registry = _Registry(repositories, host, now, gate, run)

    def engine() -> ImageEngine:
        if not desktop.has_engine:
            raise DockerError("the Docker Engine can't be reached")
        return WorldEngine(desktop, registry)

    return Publishing(uploads=WorldUploads(registry), engine=engine, work_tree=WorldWorkTree(desktop))


@dataclass(slots=True)
class _Registry:
    repositories: dict[str, StoredRepository]
    host: str
    now: Callable[[], datetime]
    gate: Gate
    run: Run

    def stored(self, repository: str) -> StoredRepository:
        if repository not in self.repositories:
            raise NotFound(f"there is no repository {repository}", "push an image to it first")
        return self.repositories[repository]

    def add(self, repository: str, manifest: Manifest) -> None:
        self.stored(repository).add(
            StoredImage(manifest=manifest, pushed_at=self.now(), behaviour=good(), reported=manifest.digest)
        )


class WorldUploads:
    def __init__(self, registry: _Registry) -> None:
        self._registry = registry
        self._parts: dict[str, bytes] = {}
        self._numbers = itertools.count(1)

    def login(self) -> RegistryLogin:
        with self._registry.gate.passing(self._registry.run, "uploads.login"):
            return RegistryLogin(host=self._registry.host, username="AWS", password=PASSWORD)

    def absent(self, repository: str, digests: Sequence[str]) -> frozenset[str]:
        with self._registry.gate.passing(self._registry.run, "uploads.absent", repository, *digests):
            return frozenset(digests) - self._registry.stored(repository).blobs.keys()

    def begin(self, repository: str) -> Upload:
        with self._registry.gate.passing(self._registry.run, "uploads.begin", repository):
            self._registry.stored(repository)
            upload = Upload(id=str(next(self._numbers)), part_size=PART_SIZE)
            self._parts[upload.id] = b""
            return upload

    def send(self, repository: str, upload: Upload, part: Part, content: bytes) -> None:
        with self._registry.gate.passing(self._registry.run, "uploads.send", repository, upload.id):
            had = self._parts[upload.id]
            if len(content) != part.length or part.first > len(had):
                raise AwsError("ecr:UploadLayerPart", "InvalidLayerPartException: not the next part")
            self._parts[upload.id] = had[: part.first] + content

    def complete(self, repository: str, upload: Upload, digest: str) -> None:
        with self._registry.gate.passing(self._registry.run, "uploads.complete", repository, digest):
            content = self._parts.pop(upload.id)
            if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
                raise AwsError("ecr:CompleteLayerUpload", "InvalidLayerException: another digest")
            self._registry.stored(repository).blobs[digest] = content

    def put(self, repository: str, manifest: Manifest) -> None:
        with self._registry.gate.passing(self._registry.run, "uploads.put", repository, manifest.digest):
            stored = self._registry.stored(repository)
            lacking = [child for child in manifest.children if child not in stored.images]
            if lacking:
                raise AwsError("ecr:PutImage", f"ReferencedImagesNotFoundException: {lacking[0]}")
            if manifest.digest not in stored.images:
                self._registry.add(repository, manifest)


class WorldEngine:
    """What it pushes differs for each image, and for nothing else."""

    def __init__(self, desktop: Desktop, registry: _Registry) -> None:
        self._desktop = desktop
        self._registry = registry

    def find(self, name: str) -> LocalImage | None:
        with self._registry.gate.passing(self._registry.run, "engine.find", name):
            return self._desktop.images.get(name)

    def push(
        self,
        image: LocalImage,
        repository: str,
        tag: str,
        login: RegistryLogin,
        tell: Callable[[LayerState], None],
    ) -> str:
        with self._registry.gate.passing(self._registry.run, "engine.push", image.name, repository, tag):
            if login.password != PASSWORD:
                raise DockerError("the registry refused: denied")
            host, _, name = repository.partition("/")
            assert host == login.host
            self._desktop.pushes.append((name, tag))
            manifest = pushed_manifest(image)
            tell(LayerState(layer="5f70bf18a086", status="Pushing", sent=1_000_000, size=2_000_000))
            tell(LayerState(layer="5f70bf18a086", status="Pushed"))
            self._registry.add(name, manifest)
            self._registry.stored(name).point(tag, manifest.digest)
            return manifest.digest


def pushed_manifest(image: LocalImage) -> Manifest:
    """The manifest that an image has once it is in a registry; its config is the local image's id."""
    return plain_manifest(image.name, config=image.id)


class WorldWorkTree:
    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop

    def released(self, image_id: str) -> str | None:
        return self._desktop.released.get(image_id)

    def head(self, besides: Path | None = None) -> Head:
        head = self._desktop.head
        if head is None:
            raise NotFound("there is no commit checked out", "say which one with --ref")
        return Head(commit=head.commit, changed=tuple(each for each in head.changed if each != str(besides)))
