"""Creates the resources of projects in the sandbox: repositories with images, clusters, services.

Each environment gets a cluster with a service for each service id, whose task definition has a container with a health
check for each of its images. Tasks before the restart get a task definition with an image of the service that they are like. Circuit breakers are on and roll back. Resources are created where the tool looks for
them (`accounts.py`), with the names and tags of an `Estate`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from functools import partial

from weco_deploy.model.arn import resource_name
from weco_deploy.model.project import Project
from weco_deploy.model.template import fill
from weco_deploy.sandbox import images
from weco_deploy.sandbox.accounts import Place, home, image_name, services_of
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.estate import STRATEGIES, Estate, legal_name
from weco_deploy.sandbox.registry import FirstImage, Registry
from weco_deploy.sandbox.state import MadeService, MadeTask, PushTarget
from weco_deploy.sandbox.threads import WORKERS, side_by_side

LATEST = "latest"
LONGEST_NAME = 255
_CPU, _MEMORY = 64, 64
_PORT = 80


def new_commit() -> str:
    """A random commit id."""
    return secrets.token_hex(20)


def targets_of_project(project: Project, caller: str, estate: Estate) -> Iterator[PushTarget]:
    """The repositories of the project's images.

    `caller` is the account (12 digits) of resources without an account of their own.
    """
    place = home(project, caller)
    environments = project.environments if estate.env_tags else ()
    for image in project.images:
        yield PushTarget(
            project_id=project.id,
            image_id=image.id,
            account=place.account,
            region=place.region,
            repository=image.repository,
            env_tags=tuple(image.tag_in(environment) for environment in environments),
            refs=image.refs,
        )


def services_of_project(project: Project, caller: str, estate: Estate) -> Iterator[MadeService]:
    """The services of all environments, by the names in the project file or else by the estate's; `caller` as before."""
    for environment in project.environments:
        place = services_of(project, environment, caller)
        named = project.named_services(environment)
        for service_id, image_ids in project.services.items():
            key = named.get(service_id)
            yield MadeService(
                project_id=project.id,
                environment_id=environment.id,
                service_id=service_id,
                images={
                    image.id: f"{image_name(project, image, caller)}:{image.tag_in(environment)}"
                    for image in map(project.image, image_ids)
                },
                account=place.account,
                region=place.region,
                cluster=key.cluster_name if key else estate.cluster(project, environment),
                name=key.name if key else estate.service(project, environment, service_id),
            )


def tasks_of_project(project: Project, caller: str, estate: Estate) -> Iterator[MadeTask]:
    """The task definitions of the tasks before the restart, by their families; `caller` as before.

    The file does not say which image a task runs: it is the first of the service that it is like, or of the project.
    """
    families: set[tuple[str, ...]] = set()
    services = {
        (service.environment_id, service.service_id): service
        for service in services_of_project(project, caller, estate)
    }
    for environment in project.environments:
        place = services_of(project, environment, caller)
        for task in environment.before:
            like = services.get((environment.id, task.like or ""))
            image = project.image(next(iter(like.images))) if like else project.images[0]
            cluster = like.cluster if like else resource_name(fill(task.cluster or "", environment.values))
            made = MadeTask(
                project_id=project.id,
                account=place.account,
                region=place.region,
                cluster=cluster,
                family=resource_name(fill(task.task_definition, environment.values)).partition(":")[0],
                container=task.container or legal_name(image.id),
                image=f"{image_name(project, image, caller)}:{image.tag_in(environment)}",
            )
            if made.address not in families:
                families.add(made.address)
                yield made


def push_first_images(targets: Iterable[PushTarget], registry: Registry, estate: Estate) -> None:
    """Create the repositories, each with an image. Each thread has its share of them, and one connection for all of it."""
    known = list(targets)
    shares = [known[first::WORKERS] for first in range(min(WORKERS, len(known)))]
    side_by_side(partial(_push_share, share, registry, estate) for share in shares)


def _push_share(share: Iterable[PushTarget], registry: Registry, estate: Estate) -> None:
    registry.create_with_images(_first_image(target, estate) for target in share)


def _first_image(target: PushTarget, estate: Estate) -> FirstImage:
    commit = new_commit()
    return FirstImage(
        place=target.place,
        repository=target.repository,
        image=images.build(target.repository, commit),
        tags=(estate.version_tag(commit, target.refs), LATEST, *target.env_tags),
    )


def requests(services: Iterable[MadeService], estate: Estate) -> Iterator[Json]:
    """The requests that create the services and their clusters, for `sandbox:Provision`."""
    for service in services:
        family = f"{service.cluster}-{service.name}"[:LONGEST_NAME]
        containers = [_container(service, image_id, image) for image_id, image in service.images.items()]
        definition = {"family": family, "containerDefinitions": containers}
        yield _request(service.place, "ecs:CreateCluster", {"clusterName": service.cluster})
        yield _request(service.place, "ecs:RegisterTaskDefinition", definition)
        created = _service(service, containers[0]["name"], family, estate)
        yield _request(service.place, "ecs:CreateService", created)


def task_requests(tasks: Iterable[MadeTask]) -> Iterator[Json]:
    """The requests that create the task definitions of tasks and their clusters, as `requests`."""
    for task in tasks:
        container = {
            "name": task.container,
            "image": task.image,
            "command": ["task"],  # so it ends after a while, as a service's container does not
            "cpu": _CPU,
            "memory": _MEMORY,
            "essential": True,
            "logConfiguration": _log(f"/ecs/{task.cluster}", task.region, task.family),
        }
        definition = {"family": task.family, "containerDefinitions": [container]}
        yield _request(task.place, "ecs:CreateCluster", {"clusterName": task.cluster})
        yield _request(task.place, "ecs:RegisterTaskDefinition", definition)


def _request(place: Place, operation: str, content: Json) -> Json:
    return {"account": place.account, "region": place.region, "operation": operation, "request": content}


def _service(service: MadeService, first_container: str, family: str, estate: Estate) -> Json:
    tags = {"deployment:service": service.service_id, "deployment:env": service.environment_id}
    target = {
        "targetGroupArn": _target_group(service),
        "containerName": first_container,
        "containerPort": _PORT,
    }
    return {
        "cluster": service.cluster,
        "serviceName": service.name,
        "taskDefinition": family,
        "desiredCount": 1,
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "strategy": estate.strategy,
            **STRATEGIES[estate.strategy],
        },
        "tags": [{"key": key, "value": value} for key, value in tags.items()] if estate.tagged else [],
        "loadBalancers": [target] if estate.load_balancers else [],
    }


def _target_group(service: MadeService) -> str:
    """The ARN of the service's target group, whose name is a hash: names have at most 32 characters."""
    digest = hashlib.sha256(f"{service.cluster}/{service.name}".encode()).hexdigest()
    return (
        f"arn:aws:elasticloadbalancing:{service.region}:{service.account}:"
        f"targetgroup/sandbox-{digest[:16]}/{digest[16:32]}"
    )


def _container(service: MadeService, image_id: str, image: str) -> Json:
    return {
        "name": legal_name(image_id),
        "image": image,
        "cpu": _CPU,
        "memory": _MEMORY,
        "essential": True,
        "portMappings": [{"containerPort": _PORT}],
        "healthCheck": {"command": ["CMD-SHELL", "true"]},  # images with the behaviour `unhealthy` fail it
        "logConfiguration": _log(f"/ecs/{service.cluster}", service.region, service.name),
    }


def _log(group: str, region: str, prefix: str) -> Json:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": group,
            "awslogs-region": region,
            "awslogs-stream-prefix": prefix,
            "awslogs-create-group": "true",
        },
    }
