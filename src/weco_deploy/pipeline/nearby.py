"""Reads the services that may be meant by the project file where a service is missing.

Only a plan that misses a service pays for this. It is an explanation: what can't be read is left out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import FoundService, NearbyService, Service
from weco_deploy.pipeline.discovery import Discovered
from weco_deploy.ports import Calls, ServiceRuntime

MOST_DEFINITIONS = 30
"""How many task definitions are read at most, because clusters may be shared with other teams."""


def nearby_services(
    project: Project,
    environment: Environment,
    discovered: Discovered,
    runtime: ServiceRuntime,
    calls: Calls,
) -> tuple[NearbyService, ...]:
    """The services that are none of this project's, with the images of their task definitions as far as they were read."""
    strangers = [service for service in discovered.others if not _is_of_project(service, project)]
    images = _images(strangers[:MOST_DEFINITIONS], runtime, calls)
    described = {
        service.key: NearbyService(
            key=service.key,
            service_id=service.service_id,
            environment=service.environment,
            images=images.get(service.task_definition, ()),
        )
        for service in strangers
    }
    tagged = {
        found.key: NearbyService(key=found.key, service_id=found.service_id, environment=environment.id)
        for found in _tagged(project, environment, discovered, runtime, calls)
        if found.service_id not in project.services
    }
    return tuple({**tagged, **described}.values())


def _tagged(
    project: Project,
    environment: Environment,
    discovered: Discovered,
    runtime: ServiceRuntime,
    calls: Calls,
) -> tuple[FoundService, ...]:
    """All services with the environment's tag; not searched for where only services with names in the project file are missing."""
    if project.services.keys() - discovered.services.keys() <= project.addresses.keys():
        return ()
    try:
        return calls.answer(calls.begin(partial(runtime.tagged, environment.id)))
    except AwsError:
        return ()


def _is_of_project(service: Service, project: Project) -> bool:
    """Whether the service is that of another environment, or of images that the release lacks."""
    known = {environment.id for environment in project.environments}
    return service.environment in known and service.service_id in project.services


def _images(services: list[Service], runtime: ServiceRuntime, calls: Calls) -> Mapping[str, tuple[str, ...]]:
    """The images that task definitions name, by the ARN of the task definition."""
    arns = sorted({service.task_definition for service in services if service.task_definition})
    found = calls.read(partial(_defined_images, runtime, arn) for arn in arns)
    return dict(zip(arns, found, strict=True))


def _defined_images(runtime: ServiceRuntime, task_definition: str) -> tuple[str, ...]:
    try:
        return tuple(container.image for container in runtime.defined(task_definition))
    except AwsError:
        return ()
