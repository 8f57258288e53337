"""The port ImageRegistry, for one run of the tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.world.ecr import StoredRepository
from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.errors import AwsError, NotFound, PlanRefused
from weco_deploy.model.image import ACTIVE, ImageView, Manifest, Repository, TaggedImage
from weco_deploy.ports import TAGS_A_CALL

INACCESSIBLE = "ImageInaccessible: the image is archived"


class WorldRegistry:
    def __init__(self, repositories: dict[str, StoredRepository], host: str, gate: Gate, run: Run) -> None:
        self._repositories = repositories
        self._host = host
        self._gate = gate
        self._run = run

    def find(self, repository: str, reference: str) -> TaggedImage | None:
        with self._gate.passing(self._run, "registry.find", repository, reference):
            stored = self._stored(repository)
            digest = stored.tags.get(reference, reference)
            if digest not in stored.images:
                return None
            return TaggedImage(
                digest=digest,
                tags=stored.tags_of(digest),
                pushed_at=stored.images[digest].pushed_at,
                status=stored.images[digest].status,
            )

    def existing_tags(self, repository: str, tags: Sequence[str]) -> frozenset[str]:
        with self._gate.passing(self._run, "registry.existing_tags", repository, *tags):
            if len(tags) > TAGS_A_CALL:
                raise AwsError("ecr:BatchGetImage", f"InvalidParameterException: {len(tags)} image ids")
            return frozenset(tags) & frozenset(self._stored(repository).tags)

    def statuses(self, repository: str, digests: Sequence[str]) -> Mapping[str, str]:
        with self._gate.passing(self._run, "registry.statuses", repository, *digests):
            images = self._stored(repository).images
            return {digest: images[digest].status for digest in digests if digest in images}

    def repositories(self, names: Sequence[str]) -> Mapping[str, Repository]:
        with self._gate.passing(self._run, "registry.repositories", *names):
            found = [self._repositories[name] for name in names if name in self._repositories]
            return {
                one.name: Repository(
                    name=one.name,
                    uri=f"{self._host}/{one.name}",
                    mutability=one.mutability,
                    exclusions=one.exclusions,
                )
                for one in found
            }

    def manifest_and_tag(self, repository: str, digest: str, tag: str) -> ImageView:
        with self._gate.passing(self._run, "registry.manifest_and_tag", repository, digest, tag):
            stored = self._stored(repository)
            image = stored.images.get(digest)
            given = image is not None and (image.status == ACTIVE or stored.gives_archived)
            return ImageView(
                manifest=image.manifest if image and given else None,
                tagged=stored.tags.get(tag),
                unreadable="" if image is None or given else INACCESSIBLE,
            )

    def tagged(self, repository: str, tags: Sequence[str]) -> Mapping[str, Manifest]:
        with self._gate.passing(self._run, "registry.tagged", repository, *tags):
            stored = self._stored(repository)
            return {tag: stored.images[stored.tags[tag]].manifest for tag in tags if tag in stored.tags}

    def revision(self, repository: str, digest: str) -> str | None:
        with self._gate.passing(self._run, "registry.revision", repository, digest):
            return self._stored(repository).revisions.get(digest)

    def point(self, repository: str, tag: str, manifest: Manifest) -> None:
        with self._gate.passing(self._run, "registry.point", repository, tag, manifest.digest):
            stored = self._stored(repository)
            if manifest.digest not in stored.images:
                raise AwsError(
                    "ecr:PutImage", f"LayersNotFoundException: {repository} lacks {manifest.digest}"
                )
            if stored.tags.get(tag) == manifest.digest:
                return
            if tag in stored.tags and not stored.movable(tag):
                raise PlanRefused(f"tag {tag} of {repository} can't be moved: it is immutable")
            stored.point(tag, manifest.digest)

    def _stored(self, repository: str) -> StoredRepository:
        if repository not in self._repositories:
            raise NotFound(f"there is no repository {repository}", "push an image to it first")
        return self._repositories[repository]
