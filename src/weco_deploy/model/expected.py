"""What the containers of an image must run."""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.model.registry import EcrAddress, ImageName, same_registry
from weco_deploy.model.replica import Replica


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the containers of an image must run. `image` is `<repository>:<tag>`; any of `digests` is right.

    `registry` is the host name of the repository's registry. None if the repository doesn't exist any more: then images of
    any registry count. `replica_region` is the region whose replicas of the repository count, too.
    """

    image_id: str
    image: str
    digests: frozenset[str]
    registry: str | None
    replica_region: str | None = None

    def concerns(self, image: str) -> bool:
        """Whether a container whose definition names `image` uses this image."""
        name = ImageName.parse(image)
        return self._same_tag(name) and self._counts(name.registry)

    def may_concern(self, image: str) -> bool:
        """Whether `image` names this image's repository and only a digest, so that its tag is unknown."""
        name = ImageName.parse(image)
        return name.by_digest and name.repository == self._repository and self._counts(name.registry)

    def is_elsewhere(self, image: str) -> bool:
        """Whether `image` has the name and tag of this image in a registry that does not count."""
        name = ImageName.parse(image)
        return self._same_tag(name) and not self._counts(name.registry)

    def replica_of(self, image: str) -> Replica | None:
        """The replica that a container pulls this image from; None if it pulls from the repository itself."""
        name = ImageName.parse(image)
        source, address = EcrAddress.parse(self.registry or ""), EcrAddress.parse(name.registry)
        ours = self.concerns(image) or self.may_concern(image)
        if not ours or source is None or address is None or address == source:
            return None
        repository, _, tag = self.image.rpartition(":")
        return Replica(image_id=self.image_id, repository=repository, tag=tag, source=source, address=address)

    @property
    def full_name(self) -> str:
        """The image with its registry, if that is known."""
        return f"{self.registry}/{self.image}" if self.registry else self.image

    def _counts(self, registry: str) -> bool:
        if self.registry is None or same_registry(registry, self.registry):
            return True
        address = EcrAddress.parse(registry)
        return address is not None and address.region == self.replica_region

    def _same_tag(self, name: ImageName) -> bool:
        return f"{name.repository}:{name.tag}" == self.image

    @property
    def _repository(self) -> str:
        return self.image.rpartition(":")[0]
