"""Reads a project's state from the emulator, with boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tests.local_aws import LocalAws
from weco_deploy.model.project import Project
from weco_deploy.sandbox.accounts import home, services_of
from weco_deploy.sandbox.estate import legal_name
from weco_deploy.sandbox.running import Sandbox
from weco_deploy.sandbox.state import MadeService

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import (
        ServiceDeploymentTypeDef,
        ServiceTypeDef,
        TaskTypeDef,
    )

_A_CALL = 10


@dataclass(frozen=True, slots=True)
class Rollout:
    """How often a service has been redeployed, and its current deployment."""

    times: int
    deployment_id: str
    begun: datetime


class Aws:
    def __init__(self, project: Project, sandbox: Sandbox) -> None:
        self._project = project
        self._caller = sandbox.state.account
        self._made = {
            (made.environment_id, made.service_id): made
            for made in sandbox.state.services
            if made.project_id == project.id
        }
        self._local = LocalAws.of(sandbox)
        self._times: dict[str, int] = {}
        """How often its service had been redeployed when an ECS deployment was the service's current one, by its id."""

    def digests(self, tag: str) -> dict[str, str]:
        """The digest that `tag` points at, by image id, without images that lack the tag."""
        return {image.id: tags[tag] for image in self._project.images if tag in (tags := self.tags(image.id))}

    def latest_and_deployed(self, environment_id: str) -> tuple[dict[str, str], dict[str, str]]:
        """`digests("latest")` and `deployed(environment_id)`, from one read of each repository."""
        environment = self._project.environment(environment_id)
        latest: dict[str, str] = {}
        deployed: dict[str, str] = {}
        for image in self._project.images:
            tags = self.tags(image.id)
            for found, tag in ((latest, "latest"), (deployed, image.tag_in(environment))):
                if tag in tags:
                    found[image.id] = tags[tag]
        return latest, deployed

    def deployed(self, environment_id: str) -> dict[str, str]:
        """The digest of each image's floating tag of an environment, by image id, without images that lack the tag."""
        return self.latest_and_deployed(environment_id)[1]

    def tags(self, image_id: str) -> dict[str, str]:
        """The digests of an image's tags, by tag."""
        ecr = self._local.ecr(home(self._project, self._caller))
        repository = self._project.image(image_id).repository
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        return {
            tag: image["imageDigest"]
            for page in pages
            for image in page["imageDetails"]
            for tag in image.get("imageTags", ())
        }

    def rollouts(self, environment_id: str) -> dict[str, Rollout]:
        """The rollouts, by service id."""
        found: dict[str, Rollout] = {}
        for service_id, service in self._services(environment_id).items():
            current = service["deployments"][0]
            if current["id"] not in self._times:
                # Each redeployment has a deployment of its own: while that is current, there was no other.
                self._times[current["id"]] = len(self._arns(environment_id, service_id))
            found[service_id] = Rollout(self._times[current["id"]], current["id"], current["createdAt"])
        return found

    def latest(self, environment_id: str, service_id: str) -> ServiceDeploymentTypeDef:
        """The service's latest service deployment."""
        arn = self._arns(environment_id, service_id)[0]
        ecs = self.ecs(environment_id)
        return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]

    def _arns(self, environment_id: str, service_id: str) -> list[str]:
        """The ARNs of a service's service deployments, the latest first."""
        made = self.made(environment_id, service_id)
        listed = self.ecs(environment_id).list_service_deployments(
            cluster=made.cluster, service=made.name, maxResults=100
        )
        return [deployment["serviceDeploymentArn"] for deployment in listed["serviceDeployments"]]

    def running(self, environment_id: str) -> dict[str, dict[str, set[str]]]:
        """The digests of the containers in tasks that should run, by service id and image id."""
        ids = {f"service:{made.name}": made.service_id for made in self._in(environment_id)}
        images = {legal_name(image.id): image.id for image in self._project.images}
        found: dict[str, dict[str, set[str]]] = {service_id: {} for service_id in self._project.services}
        for task in self._tasks(environment_id):
            containers = found[ids[task["group"]]]
            for container in task["containers"]:
                digests = containers.setdefault(images[container["name"]], set())
                digests.add(container.get("imageDigest", ""))
        return found

    def tables(self) -> Sequence[str]:
        return self._dynamodb().list_tables()["TableNames"]

    def items(self) -> list[Mapping[str, object]]:
        """All items of the project's table."""
        table = self._project.release_table
        return list(self._dynamodb().scan(TableName=table)["Items"]) if table in self.tables() else []

    def everything(self) -> object:
        """Everything that commands could change. Two of these are equal if nothing has changed."""
        return (
            {image.id: self.tags(image.id) for image in self._project.images},
            {
                environment.id: (
                    {
                        service_id: (
                            service["desiredCount"],
                            service["taskDefinition"],
                            service["deployments"],
                            service["events"],
                        )
                        for service_id, service in self._services(environment.id).items()
                    },
                    self.running(environment.id),
                )
                for environment in self._project.environments
            },
            self.tables(),
            self.items(),
        )

    def _services(self, environment_id: str) -> dict[str, ServiceTypeDef]:
        ecs = self.ecs(environment_id)
        found: dict[str, ServiceTypeDef] = {}
        for cluster in self._clusters(environment_id):
            names = {
                made.name: made.service_id for made in self._in(environment_id) if made.cluster == cluster
            }
            for some in _batches(list(names)):
                described = ecs.describe_services(cluster=cluster, services=some)["services"]
                found |= {names[service["serviceName"]]: service for service in described}
        return found

    def _tasks(self, environment_id: str) -> Iterator[TaskTypeDef]:
        ecs = self.ecs(environment_id)
        for cluster in self._clusters(environment_id):
            for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING"):
                if page["taskArns"]:
                    yield from ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]

    def made(self, environment_id: str, service_id: str) -> MadeService:
        """The service as the sandbox made it."""
        return self._made[environment_id, service_id]

    def _in(self, environment_id: str) -> list[MadeService]:
        """The services of an environment as the sandbox made them."""
        return [made for (environment, _), made in self._made.items() if environment == environment_id]

    def _clusters(self, environment_id: str) -> list[str]:
        return sorted({made.cluster for made in self._in(environment_id)})

    def ecs(self, environment_id: str) -> ECSClient:
        environment = self._project.environment(environment_id)
        return self._local.ecs(services_of(self._project, environment, self._caller))

    def _dynamodb(self) -> DynamoDBClient:
        return self._local.dynamodb(home(self._project, self._caller))


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[first : first + _A_CALL] for first in range(0, len(names), _A_CALL))
