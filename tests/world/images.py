"""What a task finds when it pulls: image names to digests, digests to images."""

from __future__ import annotations

from datetime import datetime

from tests.world.behaviour import Behaviour, good
from tests.world.ecr import StoredImage, StoredRepository, plain_manifest


class Images:
    """The project's registry, and for every other name an image that simply works (sidecars)."""

    def __init__(self, host: str, repositories: dict[str, StoredRepository], since: datetime) -> None:
        self._host = host
        self._repositories = repositories
        self._since = since

    def resolve(self, image: str) -> str | None:
        """The digest that `image` (`<host>/<repository>:<tag>` or `…@<digest>`) names now; None if there is none."""
        repository = self._repository(image)
        if repository is None:
            return plain_manifest(image).digest
        if "@" in image:
            return image.partition("@")[2]
        return repository.tags.get(image.rpartition(":")[2])

    def pull(self, image: str, digest: str) -> StoredImage | None:
        """The image of `digest` in the repository that `image` names; None if it can't be pulled."""
        repository = self._repository(image)
        if repository is None:
            return StoredImage(
                manifest=plain_manifest(image), pushed_at=self._since, behaviour=good(), reported=digest
            )
        found = repository.images.get(digest)
        return found if found is not None and found.behaviour.pullable else None

    def behaviour(self, image: str, digest: str | None) -> Behaviour:
        """How the image of `digest` behaves; the default one if it can't be pulled."""
        found = self.pull(image, digest) if digest else None
        return found.behaviour if found else Behaviour()

    def _repository(self, image: str) -> StoredRepository | None:
        host, _, rest = image.partition("/")
        name = rest.partition("@")[0].rpartition(":")[0] or rest.partition("@")[0]
        if host != self._host:
            return None
        return self._repositories.get(name, StoredRepository(name=name))
