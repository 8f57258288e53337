"""The world's ECS: the simulation, and what others do to it while nobody counts their calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypedDict

from tests.simulation.account import simulated_account
from weco_deploy.aws.session import Account
from weco_deploy.model.code_deploy import DeploymentGroup, Revision
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG, DefinedContainer, ServiceKey
from weco_deploy.sandbox.ecs import Image, ImageResolver, Settings, Simulation, Timings
from weco_deploy.sandbox.ecs.client import Client
from weco_deploy.sandbox.ecs.express_calls import CONTAINER
from weco_deploy.sandbox.ecs.images import repository_of
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Json, Place

TIMINGS = Timings(counted=1.0, stop=1.0, steady=2.0)
"""A rollout of one task takes about twenty seconds: to poll it for longer would show tests nothing new."""


UP_FOR = timedelta(hours=1)
"""How long the tasks of a service have been running when it is declared."""
HEALTH_CHECK = {"healthCheck": {"command": ["CMD-SHELL", "true"]}}


class ServiceOptions(TypedDict, total=False):
    """What of a service is not as usual.

    `classic`: it is behind a Classic Load Balancer; `balanced`: it has a target group; `indexed`: the tagging API knows it; `pulls_once`: its instance
    keeps to the image that it pulled first (ECS_IMAGE_PULL_BEHAVIOR=once); `pins_tags`: its containers have version
    consistency; `breaker_threshold`: its circuit breaker gives up after so many failures; `health_check`: the task definition
    checks the health of its containers; `alarm`: a CloudWatch alarm watches its deployments, and rolls them back;
    `launch_type`: FARGATE or EC2; `host_port`: its tasks have no address of their own, but this port of their host;
    `express`: it is an Express service, of one container;
    `configuration`: more of its deployment configuration, in AWS's words; `properties`: more of CreateService's request.
    """

    desired: int
    breaker: bool
    breaker_threshold: int
    health_check: bool
    alarm: str
    configuration: Mapping[str, Any]
    properties: Mapping[str, Any]
    rolls_back: bool
    scheduling: str
    controller: str
    strategy: str
    pins_tags: bool
    classic: bool
    balanced: bool
    indexed: bool
    pulls_once: bool
    launch_type: str
    host_port: int
    express: bool


class Ecs:
    """All accounts and regions of a world. What it does is not counted among the calls of the tool."""

    def __init__(self, images: ImageResolver, now: Callable[[], datetime]) -> None:
        self.simulation = Simulation(images, Settings(timings=TIMINGS, rollback_has_new_id=True))
        self._images = images
        self._now = now
        self.client = cache(self._client)
        self.cluster = cache(self._cluster)

    def account(self, place: Place) -> Account:
        return simulated_account(self.simulation, place.account, place.region, self._now, checks=False)

    def services(self) -> Iterator[Service]:
        for region in self.simulation.regions():
            for cluster in region.clusters.values():
                yield from cluster.services.values()

    def _cluster(self, place: Place, name: str) -> str:
        """A cluster, by its ARN; an empty one if it is new."""
        return str(self.client(place).create_cluster(clusterName=name)["cluster"]["clusterArn"])

    def service(
        self,
        place: Place,
        key: ServiceKey,
        containers: Sequence[DefinedContainer],
        tags: tuple[str, str] | None,
        options: ServiceOptions,
    ) -> Service:
        """A service that is up at once if its images are there, and else goes on trying."""
        family = f"{key.cluster_name}-{key.name}"
        express = options.get("express", False)
        if express:
            containers = [replace(container, name=CONTAINER) for container in containers]
        defined = self.define(
            place,
            family,
            containers,
            pins_tags=options.get("pins_tags", True),
            health_check=options.get("health_check", False),
            host_port=options.get("host_port"),
        )
        request = _request(key, family, tags, options)
        if options.get("balanced", False):
            group = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:targetgroup/{key.name}/0123456789abcdef"
            balancer = {"targetGroupArn": group, "containerName": containers[0].name, "containerPort": 80}
            request["loadBalancers"] = [balancer]
        with self._at_once() if self._all_good(containers) else _as_usual():
            if express:
                self.client(place).create_express_gateway_service(**_express(request, defined))
            else:
                self.client(place).create_service(**request)
            self.simulation.run_due(self._now())
        service = self.find(place, key)
        for task in service.tasks.values():
            if task.started_at is not None:
                task.started_at -= UP_FOR
                task.view = None
        if not options.get("indexed", True):
            service.tag_history.clear()
        service.trouble.pulls_once = options.get("pulls_once", False)
        return service

    def define(
        self,
        place: Place,
        family: str,
        containers: Sequence[DefinedContainer],
        *,
        pins_tags: bool = True,
        health_check: bool = False,
        host_port: int | None = None,
    ) -> str:
        """A new revision of a task definition, by its ARN."""
        consistency = "enabled" if pins_tags else "disabled"
        added: dict[str, Any] = dict(HEALTH_CHECK if health_check else {})
        if host_port is not None:
            added["portMappings"] = [{"containerPort": 80, "hostPort": host_port}]
        answer = self.client(place).register_task_definition(
            family=family,
            containerDefinitions=[_defined(container, consistency) | added for container in containers],
            **({} if host_port is None else {"networkMode": "bridge"}),
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def find(self, place: Place, key: ServiceKey) -> Service:
        """The service as it really is."""
        region = self.simulation.region(place.account, place.region)
        return region.clusters[key.cluster_name].services[key.name]

    def trouble(self, service: Service, kind: str) -> None:
        self._answer("sandbox:MakeTrouble", service, kind=kind)

    def protect_tasks(self, service: Service, minutes: int) -> None:
        """Protect all tasks of a service from scale-in."""
        if service.tasks:
            self.client(place_of_arn(service.arn)).update_task_protection(
                cluster=service.cluster.name,
                tasks=list(service.tasks),
                protectionEnabled=True,
                expiresInMinutes=minutes,
            )

    def redeploy(self, service: Service) -> str:
        """Somebody forces a new deployment. Its id."""
        answer = self._answer("ecs:UpdateService", service, forceNewDeployment=True)
        return str(answer["service"]["deployments"][0]["id"])

    def scale(self, service: Service, desired: int) -> None:
        self._answer("ecs:UpdateService", service, desiredCount=desired)

    def redefine(self, service: Service, tag: str, registry: str | None = None) -> None:
        """Give the service a new revision of its task definition, whose images have this tag, and this registry if it is given."""

        def renamed(image: str) -> str:
            host, _, path = repository_of(image).partition("/")
            return f"{registry or host}/{path}:{tag}"

        containers = [
            container | {"image": renamed(container["image"])} for container in service.definition.containers
        ]
        self.client(place_of_arn(service.arn)).register_task_definition(
            family=service.definition.family, containerDefinitions=containers
        )
        self._answer("ecs:UpdateService", service, taskDefinition=service.definition.family)

    def hand_over(self, service: Service, controller: str) -> None:
        """From now on another controller manages the service: ECS knows no task definition of it."""
        service.request |= {"deploymentController": {"type": controller}}
        service.definition = replace(service.definition, arn="")
        service.view = None

    def stop_deployment(self, service: Service) -> None:
        """Somebody stops the service's latest deployment; ECS refuses that once the deployment has ended."""
        latest = service.service_deployments[0].arn
        self._answer("ecs:StopServiceDeployment", service, serviceDeploymentArn=latest)

    def deployment_group(
        self, service: Service, application: str, name: str, configuration: str, waits: Json, **more: Any
    ) -> None:
        """Make a deployment group of CodeDeploy for a service, and its application."""
        client = self._code_deploy(service)
        client.create_application(applicationName=application)
        client.create_deployment_group(
            applicationName=application,
            deploymentGroupName=name,
            deploymentConfigName=configuration,
            blueGreenDeploymentConfiguration=waits,
            ecsServices=[{"clusterName": service.cluster.name, "serviceName": service.name}],
            **more,
        )

    def code_deploy(self, service: Service) -> str:
        """Somebody deploys a service with CodeDeploy, as it is. The id of the deployment."""
        region = self.simulation.region(*_account_and_region(service))
        group = next(found for found in region.code_deploy.groups.values() if found.service == service.name)
        revision = Revision(
            group=DeploymentGroup(group.application, group.name),
            task_definition=service.definition.arn,
            container=str(service.definition.containers[0]["name"]),
            port=80,
        )
        answer = self._code_deploy(service).create_deployment(
            applicationName=group.application,
            deploymentGroupName=group.name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": revision.app_spec}},
        )
        return str(answer["deploymentId"])

    def stop_code_deploy(self, service: Service) -> None:
        """Somebody stops the latest deployment of a service by CodeDeploy, and lets it roll back."""
        region = self.simulation.region(*_account_and_region(service))
        latest = [found for found in region.code_deploy.deployments.values() if found.service is service][-1]
        self._code_deploy(service).stop_deployment(deploymentId=latest.id, autoRollbackEnabled=True)

    def _code_deploy(self, service: Service) -> Client:
        return Client(
            self.simulation, "codedeploy", *_account_and_region(service), self._now, checks_requests=False
        )

    def run_task(self, service: Service) -> None:
        """Somebody runs a task of the service's task definition, outside the service."""
        self._answer("ecs:RunTask", service, taskDefinition=service.definition.arn)

    def delete(self, service: Service) -> None:
        """Delete a service: ECS goes on answering it, INACTIVE once its tasks have stopped."""
        self._answer("ecs:DeleteService", service, force=True)

    def _answer(self, operation: str, service: Service, **request: object) -> dict[str, Any]:
        place = place_of_arn(service.arn)
        named = {"cluster": service.cluster.name, "service": service.name, **request}
        return self.simulation.answer(place.account, place.region, operation, named, self._now())

    def _client(self, place: Place) -> Client:
        return Client(self.simulation, "ecs", place.account, place.region, self._now, checks_requests=False)

    def _all_good(self, containers: Sequence[DefinedContainer]) -> bool:
        found = self._images.resolve([container.image for container in containers]).values()
        return all(
            isinstance(image, Image) and image.behaviour.pullable and image.behaviour.exits_after is None
            for image in found
        )

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """What is begun now takes no time."""
        self.simulation.settings.speed = math.inf
        try:
            yield
        finally:
            self.simulation.settings.speed = 1.0


@contextmanager
def _as_usual() -> Iterator[None]:
    yield


def _account_and_region(service: Service) -> tuple[str, str]:
    place = place_of_arn(service.arn)
    return place.account, place.region


def place_of_arn(arn: str) -> Place:
    _, _, _, region, account, _ = arn.split(":", 5)
    return Place(account, region)


def _defined(container: DefinedContainer, consistency: str) -> dict[str, Any]:
    defined: dict[str, Any] = {
        "name": container.name,
        "image": container.image,
        "versionConsistency": consistency,
        "essential": container.essential,
    }
    if container.log_driver:
        options = {
            "awslogs-group": container.log_group,
            "awslogs-region": container.log_region,
            "awslogs-stream-prefix": container.log_stream_prefix,
        }
        defined["logConfiguration"] = {"logDriver": container.log_driver, "options": options}
    return defined


def _request(
    key: ServiceKey, family: str, tags: tuple[str, str] | None, options: ServiceOptions
) -> dict[str, Any]:
    scheduling = options.get("scheduling", "REPLICA")
    breaker: dict[str, Any] = {
        "enable": options.get("breaker", True),
        "rollback": options.get("rolls_back", True),
    }
    if "breaker_threshold" in options:
        breaker["thresholdConfiguration"] = {"type": "COUNT", "value": options["breaker_threshold"]}
    configuration: dict[str, Any] = {
        "deploymentCircuitBreaker": breaker,
        "strategy": options.get("strategy", "ROLLING"),
    }
    if "alarm" in options:
        configuration["alarms"] = {"enable": True, "rollback": True, "alarmNames": [options["alarm"]]}
    for name, value in options.get("configuration", {}).items():
        known = configuration.get(name)
        configuration[name] = known | value if isinstance(known, dict) else value
    request: dict[str, Any] = {
        "cluster": key.cluster_name,
        "serviceName": key.name,
        "taskDefinition": family,
        "schedulingStrategy": scheduling,
        "deploymentController": {"type": options.get("controller", "ECS")},
        "deploymentConfiguration": configuration,
        **options.get("properties", {}),
    }
    if "launch_type" in options:
        request["launchType"] = options["launch_type"]
    if scheduling == "REPLICA":
        request["desiredCount"] = options.get("desired", 1)
    if options.get("classic", False):
        request["loadBalancers"] = [{"loadBalancerName": "classic"}]
    if tags is not None:
        names = (SERVICE_TAG, ENVIRONMENT_TAG)
        request["tags"] = [{"key": key, "value": value} for key, value in zip(names, tags, strict=True)]
    return request


def _express(request: dict[str, Any], definition: str) -> dict[str, Any]:
    """The same service as a request to create an Express service."""
    kept = {name: request[name] for name in ("cluster", "serviceName", "tags") if name in request}
    desired = request["desiredCount"]
    return kept | {
        "infrastructureRoleArn": "arn:aws:iam::111122223333:role/infrastructure",
        "taskDefinitionArn": definition,
        "scalingTarget": {"minTaskCount": desired, "maxTaskCount": desired},
    }
