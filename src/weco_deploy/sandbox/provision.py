"""Creates the resources of projects in the sandbox: repositories with images, clusters, services.

Each environment gets a cluster with a service for each service id, whose task definition has a container for each
of its images. Circuit breakers are on and roll back. Resources are created where the tool looks for them
(`accounts.py`), by the names and with the tags that an `Estate` says.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.tags import commit_tag
from weco_deploy.sandbox import images
from weco_deploy.sandbox.accounts import Place, home, image_name, services_of
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.state import MadeService
from weco_deploy.sandbox.threads import side_by_side

LATEST = "latest"
LONGEST_NAME = 255
_CPU, _MEMORY = 64, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """How a team keeps its resources.

    Attributes:
        tagged: whether services carry `deployment:service` and `deployment:env`.
        cluster_name: the names of clusters, with `{project}` and `{environment}`.
        service_name: the names of services, with `{project}`, `{environment}` and `{service}`.
        bare_commits: whether images are tagged with the bare commit instead of `ref.<commit>`.
        env_tags: whether images have the tags of the environments, without which no task can start.

    """

    tagged: bool = True
    cluster_name: str = "{project}-{environment}"
    service_name: str = "{service}"
    bare_commits: bool = False
    env_tags: bool = True

    def cluster(self, project: Project, environment: Environment) -> str:
        """The name of the environment's cluster."""
        return legal_name(self.cluster_name.format(project=project.id, environment=environment.id))

    def service(self, project: Project, environment: Environment, service_id: str) -> str:
        """The name of a service."""
        name = self.service_name.format(project=project.id, environment=environment.id, service=service_id)
        return legal_name(name)

    def version_tag(self, commit: str) -> str:
        """The tag that names the commit of an image."""
        return commit if self.bare_commits else commit_tag(commit)


USUAL = Estate()
"""As the tool's own documentation has it."""


def new_commit() -> str:
    """A random commit id."""
    return secrets.token_hex(20)


def push_first_images(project: Project, registry: Registry, caller: str, estate: Estate) -> None:
    """Create the project's repositories, each with an image.

    `caller` is the account (12 digits) of resources without an account of their own.
    """
    place = home(project, caller)
    environments = project.environments if estate.env_tags else ()
    side_by_side(
        partial(_push_first_image, place, image, registry, estate, environments) for image in project.images
    )


def _push_first_image(
    place: Place, image: Image, registry: Registry, estate: Estate, environments: Sequence[Environment]
) -> None:
    commit = new_commit()
    registry.create(place, image.repository)
    built = images.build(image.repository, commit)
    tags = (image.tag_in(environment) for environment in environments)
    registry.push(place, image.repository, built, (estate.version_tag(commit), LATEST, *tags))


def services_of_project(project: Project, caller: str, estate: Estate) -> Iterator[MadeService]:
    """The services of all environments; `caller` as for `push_first_images`."""
    for environment in project.environments:
        place = services_of(project, environment, caller)
        for service_id in project.services:
            yield MadeService(
                project_id=project.id,
                environment_id=environment.id,
                service_id=service_id,
                account=place.account,
                region=place.region,
                cluster=estate.cluster(project, environment),
                name=estate.service(project, environment, service_id),
            )


def requests(
    project: Project, services: Iterable[MadeService], caller: str, estate: Estate
) -> Iterator[Json]:
    """The requests that create the project's clusters and services, for `sandbox:Provision`."""
    for environment in project.environments:
        place = services_of(project, environment, caller)
        yield _request(place, "ecs:CreateCluster", {"clusterName": estate.cluster(project, environment)})
    for service in services:
        place = Place(service.account, service.region)
        family = f"{service.cluster}-{service.name}"[:LONGEST_NAME]
        environment = project.environment(service.environment_id)
        used = [project.image(image_id) for image_id in project.services[service.service_id]]
        containers = [
            _container(service, image.id, f"{image_name(project, image, caller)}:{image.tag_in(environment)}")
            for image in used
        ]
        definition = {"family": family, "containerDefinitions": containers}
        yield _request(place, "ecs:RegisterTaskDefinition", definition)
        yield _request(place, "ecs:CreateService", _service(service, family, tagged=estate.tagged))


def legal_name(name: str) -> str:
    """`name` as a legal name of a cluster, service, container or family: letters, digits, `-` and `_`, up to 255.

    A changed name ends with a hash of the original, because two names may change into the same text.
    """
    legal = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:240]
    if legal == name:
        return name
    return f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _request(place: Place, operation: str, content: Json) -> Json:
    return {"account": place.account, "region": place.region, "operation": operation, "request": content}


def _service(service: MadeService, family: str, *, tagged: bool) -> Json:
    tags = {"deployment:service": service.service_id, "deployment:env": service.environment_id}
    return {
        "cluster": service.cluster,
        "serviceName": service.name,
        "taskDefinition": family,
        "desiredCount": 1,
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "tags": [{"key": key, "value": value} for key, value in tags.items()] if tagged else [],
    }


def _container(service: MadeService, image_id: str, image: str) -> Json:
    return {
        "name": legal_name(image_id),
        "image": image,
        "cpu": _CPU,
        "memory": _MEMORY,
        "essential": True,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": f"/ecs/{service.cluster}",
                "awslogs-region": service.region,
                "awslogs-stream-prefix": service.name,
                "awslogs-create-group": "true",
            },
        },
    }
