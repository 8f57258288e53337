"""Creates a project's resources in the emulator: repositories with images, clusters, services.

Each environment gets a cluster `<project>-<environment>` with a service for each service id. The service has the
id as its name, the tags by which the tool finds it, and a task definition with a container for each of its images.
Circuit breakers are on and roll back. Resources are created where the tool looks for them (`accounts.py`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.tags import commit_tag
from weco_deploy.sandbox import images
from weco_deploy.sandbox.accounts import Place, home, image_name, services_of
from weco_deploy.sandbox.behaviour import GOOD
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.threads import side_by_side

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef

LATEST = "latest"
_CPU, _MEMORY = 64, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedServices:
    """The services created in a cluster."""

    place: Place
    cluster: str
    names: tuple[str, ...]


def new_commit() -> str:
    """A random commit id."""
    return secrets.token_hex(20)


def provision(
    project: Project, aws: LocalAws, registry: Registry, caller: str, *, env_tags: bool = True
) -> tuple[CreatedServices, ...]:
    """Create all resources of the project; returns the services, whose tasks are still starting.

    `caller` is the account (12 digits) of resources without an account of their own. With `env_tags` the first
    image of each repository also gets the tag of each environment. Without, no task can start before the
    first deployment, as in an environment that was never deployed to.
    """
    tags = tuple(environment.tag for environment in project.environments) if env_tags else ()
    _create_repositories(project, aws, caller)
    side_by_side(
        partial(_push_first_image, home(project, caller), image, registry, tags) for image in project.images
    )
    return tuple(
        _create_environment(project, environment, aws, caller) for environment in project.environments
    )


def cluster_name(project: Project, environment: Environment) -> str:
    """The name of the environment's cluster."""
    return legal_name(f"{project.id}-{environment.id}")


def legal_name(name: str) -> str:
    """`name` as a legal name of a cluster, service, container or family: letters, digits, `-` and `_`, up to 255.

    A changed name ends with a hash of the original, because two names may change into the same text.
    """
    legal = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:240]
    if legal == name:
        return name
    return f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _create_repositories(project: Project, aws: LocalAws, caller: str) -> None:
    ecr = aws.ecr(home(project, caller))

    def create(repository: str) -> None:
        try:
            ecr.create_repository(repositoryName=repository)
        except ecr.exceptions.RepositoryAlreadyExistsException:
            return  # another project of the file has it too

    side_by_side(partial(create, image.repository) for image in project.images)


def _push_first_image(place: Place, image: Image, registry: Registry, env_tags: Sequence[str]) -> None:
    commit = new_commit()
    built = images.build(image.repository, commit, GOOD)
    registry.push(place, image.repository, built, (commit_tag(commit), LATEST, *env_tags))


def _create_environment(
    project: Project, environment: Environment, aws: LocalAws, caller: str
) -> CreatedServices:
    place = services_of(project, environment, caller)
    ecs = aws.ecs(place)
    cluster = cluster_name(project, environment)
    ecs.create_cluster(clusterName=cluster)
    names = side_by_side(
        partial(_create_service, ecs, cluster, environment, service_id, containers)
        for service_id, containers in _containers(project, environment, place, caller).items()
    )
    return CreatedServices(place=place, cluster=cluster, names=tuple(names))


def _create_service(
    ecs: ECSClient,
    cluster: str,
    environment: Environment,
    service_id: str,
    containers: Sequence[ContainerDefinitionTypeDef],
) -> str:
    name = legal_name(service_id)
    registered = ecs.register_task_definition(family=f"{cluster}-{name}", containerDefinitions=containers)
    ecs.create_service(
        cluster=cluster,
        serviceName=name,
        taskDefinition=registered["taskDefinition"]["taskDefinitionArn"],
        desiredCount=1,
        deploymentConfiguration={
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        tags=[
            {"key": "deployment:service", "value": service_id},
            {"key": "deployment:env", "value": environment.id},
        ],
    )
    return name


def _containers(
    project: Project, environment: Environment, place: Place, caller: str
) -> dict[str, list[ContainerDefinitionTypeDef]]:
    """Service id → the containers of its task definition."""
    return {
        service_id: [
            {
                "name": legal_name(image_id),
                "image": f"{image_name(project, project.image(image_id), caller)}:{environment.tag}",
                "cpu": _CPU,
                "memory": _MEMORY,
                "essential": True,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": f"/ecs/{cluster_name(project, environment)}",
                        "awslogs-region": place.region,
                        "awslogs-stream-prefix": legal_name(service_id),
                        "awslogs-create-group": "true",
                    },
                },
            }
            for image_id in image_ids
        ]
        for service_id, image_ids in project.services.items()
    }
