"""Where the simulated ECS finds images: the world's repositories."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tests.world.behaviour import good
from tests.world.ecr import StoredRepository, plain_manifest
from tests.world.replicas import StoredReplica
from weco_deploy.model.image import ACTIVE
from weco_deploy.model.registry import EcrAddress
from weco_deploy.sandbox.ecs import Image, NotPullable
from weco_deploy.sandbox.ecs.images import repository_of


class WorldImages:
    """The project's registry, its replicas, and for every other name an image that simply works (sidecars)."""

    def __init__(
        self,
        host: str,
        repositories: Mapping[str, StoredRepository],
        replicas: Mapping[EcrAddress, StoredReplica],
    ) -> None:
        self._host = host
        self._repositories = repositories
        self._replicas = replicas

    def resolve(self, references: Collection[str]) -> dict[str, Image | NotPullable]:
        return {reference: self._find(reference) for reference in references}

    def _find(self, reference: str) -> Image | NotPullable:
        name = repository_of(reference)
        host, _, path = name.partition("/")
        address = EcrAddress.parse(host)
        replica = self._replicas.get(address) if address is not None else None
        if host != self._host and replica is None:
            return Image(digest=plain_manifest(reference).digest, behaviour=good())
        stored = self._repositories.get(path)
        if stored is None:
            return NotPullable()
        named = reference[len(name) + 1 :]
        tags = stored.tags if replica is None else replica.tags_of(path)
        digest = tags.get(named, named)
        image = stored.images.get(digest)
        if image is None or image.status != ACTIVE:
            return NotPullable()
        return Image(digest=digest, behaviour=image.behaviour, reported=image.reported)
