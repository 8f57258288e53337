"""Three estates of teams whose services have no tags: what they run, and how they name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.world.projects import project
from tests.world.state import ACCOUNT
from tests.world.world import World
from weco_deploy.model.project import DEFAULT_NAMESPACE
from weco_deploy.model.service import DefinedContainer, ServiceKey
from weco_deploy.sandbox.ecs import Behaviour


@dataclass(frozen=True)
class Estate:
    """By environment id what AWS's names say; the forms of names; by service what images it runs."""

    environments: Mapping[str, str]
    cluster: str
    name: str
    services: Mapping[str, tuple[str, ...]]
    version_tag: str = "ref.{commit}"

    def key(self, environment: str, service_id: str) -> ServiceKey:
        aws_name = self.environments[environment]
        return ServiceKey(
            f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/{self.cluster.format(e=aws_name)}",
            self.name.format(e=aws_name, s=service_id),
        )

    @property
    def images(self) -> list[str]:
        return sorted({image for images in self.services.values() for image in images})


STORAGE = Estate(
    environments={"stage": "staging", "prod": "prod"},
    cluster="storage-{e}",
    name="storage-{e}-{s}",
    services={
        "bag-indexer": ("bag_indexer",),
        "bag_register": ("bag_register",),
        "bag-replicator_azure": ("bag_replicator",),
        "bag-replicator_glacier": ("bag_replicator",),
        "bag-replicator_primary": ("bag_replicator",),
        "bag-verifier-pre-replication": ("bag_verifier",),
        "ingests-service": ("ingests_api", "ingests_tracker", "ingests_worker"),
    },
    version_tag="{commit}",
)
CATALOGUE_API = Estate(
    environments={"stage": "stage", "prod": "prod"},
    cluster="catalogue-api-2021-04-26",
    name="{e}-{s}",
    services={"search-api": ("search",), "items-api": ("items",), "concepts-api": ("concepts",)},
)
CATALOGUE_PIPELINE = Estate(
    environments={"2025-10-02": "2025-10-02", "2026-07-03": "2026-07-03"},
    cluster="catalogue-{e}",
    name="{s}",
    services={"transformer_calm": ("transformer_calm",), "transformer_mets": ("transformer_mets",)},
    version_tag="{commit}",
)


def world_of(estate: Estate) -> World:
    """A world with the estate, up and running. Its project is that of nobody: only the account counts."""
    world = World(project({}, environments=()))
    for number, image in enumerate(estate.images):
        repository = f"{DEFAULT_NAMESPACE}/{image}"
        world.repository(repository)
        commit = f"{number:07x}".replace("0", "a") + "0" * 33
        tags = (f"env.{environment}" for environment in estate.environments)
        world.put(
            repository, estate.version_tag.format(commit=commit), "latest", *tags, behaviour=Behaviour()
        )
    for environment in estate.environments:
        for service_id, images in estate.services.items():
            containers = tuple(
                DefinedContainer(
                    name=image, image=f"{world.host}/{DEFAULT_NAMESPACE}/{image}:env.{environment}"
                )
                for image in images
            )
            key = estate.key(environment, service_id)
            world.cluster(key.cluster_name)
            world.run(world.place, key, containers, None)
    return world
