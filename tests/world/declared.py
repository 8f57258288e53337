"""The words that declare what there is: repositories, images, services."""

from __future__ import annotations

import hashlib
from typing import Unpack

from tests.world.behaviour import good
from tests.world.ecr import StoredImage, StoredRepository, index_manifest, plain_manifest
from tests.world.ecs import ServiceOptions
from tests.world.replicas import StoredReplica
from tests.world.state import WorldState, place_of
from weco_deploy.model.image import Manifest
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.service import DefinedContainer, ServiceKey
from weco_deploy.rules.runnable import ARCHIVED
from weco_deploy.sandbox.ecs import Behaviour
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Place


class Declared(WorldState):
    """A world whose state can be declared."""

    def repository(
        self, name: str, mutability: str = "MUTABLE", exclusions: tuple[str, ...] = ()
    ) -> StoredRepository:
        """The repository of that full name, empty if it is new, with this tag mutability from now on."""
        stored = self.repositories.setdefault(name, StoredRepository(name=name, moved=self._moved))
        stored.mutability, stored.exclusions = mutability, exclusions
        return stored

    def image(self, image_id: str, *tags: str) -> str:
        """The image's repository with a first, good image: `ref.<commit>`, `latest` and these tags. Its digest."""
        self.repository(self.repository_name(image_id))
        digest = self.push(image_id)
        for tag in tags:
            self.point(image_id, tag, digest)
        return digest

    def push(
        self,
        image_id: str,
        behaviour: Behaviour | None = None,
        *,
        multi_arch: bool = False,
        reports_child: bool = False,
    ) -> str:
        """A new image of a new commit, as CI pushes it, with `latest` moved to it. Its digest.

        A task that runs a `multi_arch` image reports the index's digest, or with `reports_child` the
        digest of the child that it runs.
        """
        made = len(self.stored(image_id).images)
        commit = hashlib.sha1(f"{image_id} {made}".encode(), usedforsecurity=False).hexdigest()
        self.git.commit(commit, f"Change {image_id} once more, after {made} images", self.now())
        return self.put(
            self.repository_name(image_id),
            f"ref.{commit}",
            "latest",
            behaviour=behaviour or good(),
            multi_arch=multi_arch,
            reports_child=reports_child,
        )

    def put(
        self,
        repository: str,
        *tags: str,
        behaviour: Behaviour,
        multi_arch: bool = False,
        reports_child: bool = False,
    ) -> str:
        """A new image in the repository of that full name, with these tags moved to it. Its digest."""
        stored = self.repositories[repository]
        seed = f"{repository} {len(stored.images)}"
        manifest = plain_manifest(seed)
        if multi_arch:
            children = (plain_manifest(f"{seed} amd64"), plain_manifest(f"{seed} arm64"))
            manifest = index_manifest(children)
            for child in children:
                stored.add(self._image(child, behaviour, child.digest))
        reported = manifest.children[0] if reports_child else manifest.digest
        stored.add(self._image(manifest, behaviour, reported))
        for tag in tags:
            stored.point(tag, manifest.digest)
        return manifest.digest

    def point(self, image_id: str, tag: str, digest: str) -> None:
        """Somebody points a tag at an image, by hand."""
        self.stored(image_id).point(tag, digest)

    def replicate(
        self, address: EcrAddress, lag: float, *, failure_code: str = "", rules: bool = True
    ) -> StoredReplica:
        """ECR replicates the registry there from now on, tags with this lag; what there is now is there already."""
        replica = StoredReplica(lag, failure_code, rules)
        replica.copy(self.repositories)
        self.replicas[address] = replica
        return replica

    def _moved(self, repository: str, tag: str, digest: str) -> None:
        for replica in self.replicas.values():
            replica.moved(repository, tag, digest, self.schedule.after)

    def untag(self, image_id: str, tag: str) -> None:
        """Somebody removes a tag."""
        self.stored(image_id).tags.pop(tag, None)

    def expire(self, image_id: str, digest: str) -> None:
        """A lifecycle policy removes an image with all its tags."""
        self.stored(image_id).remove(digest)

    def archive(self, image_id: str, digest: str, status: str = ARCHIVED) -> None:
        """A lifecycle policy archives an image, or with the status ACTIVATING somebody restores it."""
        self.stored(image_id).archive(digest, status)

    def stored(self, image_id: str) -> StoredRepository:
        return self.repositories[self.repository_name(image_id)]

    def floating_tag(self, image_id: str, environment: str) -> str:
        """The image's tag in the environment, by the project's template or, of strangers to it, by the usual one."""
        images = {image.id: image for image in self.project.images}
        environments = {known.id: known for known in self.project.environments}
        if image_id in images and environment in environments:
            return images[image_id].tag_in(environments[environment])
        return f"env.{environment}"

    def cluster(self, name: str, place: Place | None = None) -> str:
        """A cluster, by its ARN; an empty one if it is new."""
        return self.ecs.cluster(place or self.place, name)

    def service(
        self,
        service_id: str,
        environment: str,
        images: list[str],
        cluster: str | None = None,
        name: str | None = None,
        sidecars: tuple[str, ...] = (),
        registry: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> Service:
        """A service with a container for each image, at its tag in the environment, and for each sidecar (a full image name).

        It runs at once if all its tags exist; if not it goes on trying. `cluster` is named after the
        environment, the service after its id, unless told otherwise. `registry` is the host name of a replica from which it pulls.
        """
        place = self._place(environment)
        key = ServiceKey(self.cluster(cluster or environment, place), name or service_id)
        named = {
            one: f"{registry or self.host}/{self.repository_name(one)}:{self.floating_tag(one, environment)}"
            for one in images
        }
        named |= {f"sidecar-{number}": image for number, image in enumerate(sidecars, 1)}
        containers = tuple(
            DefinedContainer(
                name=container,
                image=image,
                log_driver="awslogs",
                log_group=f"/ecs/{service_id}",
                log_region=place.region,
                log_stream_prefix="ecs",
            )
            for container, image in named.items()
        )
        return self.run(place, key, containers, (service_id, environment), **options)

    def run(
        self,
        place: Place,
        key: ServiceKey,
        containers: tuple[DefinedContainer, ...],
        tags: tuple[str, str] | None,
        **options: Unpack[ServiceOptions],
    ) -> Service:
        """A service of these containers; `tags` are its service id and environment, None for a service of nobody."""
        with self.gate.lock:
            return self.ecs.service(place, key, containers, tags, options)

    def _image(self, manifest: Manifest, behaviour: Behaviour, reported: str) -> StoredImage:
        return StoredImage(manifest=manifest, pushed_at=self.now(), behaviour=behaviour, reported=reported)

    def _place(self, environment_id: str) -> Place:
        known = {environment.id: environment for environment in self.project.environments}
        if environment_id not in known:
            return self.place
        return place_of(self.project, known[environment_id], self.place)
