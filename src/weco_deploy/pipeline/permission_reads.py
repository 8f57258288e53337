"""Reads which permissions the tool has: asks IAM's policy simulator, or tries harmless reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceView, TaskDefinition
from weco_deploy.model.setup import DeniedAction, ServicesSetup
from weco_deploy.model.tags import LATEST
from weco_deploy.pipeline.attempts import begin_attempt
from weco_deploy.ports import Ports, ServiceRuntime

PROJECT = "images and records"


def simulate(
    ports: Ports,
    setups: Mapping[Environment, Answer[ServicesSetup]],
    definitions: Mapping[Environment, Sequence[TaskDefinition]],
) -> dict[str, Answer[Sequence[DeniedAction]]]:
    """What policies deny, for the project's images and records, and for the services and tasks of each environment.

    `definitions` are the task definitions of the tasks before the restart.
    """
    calls = ports.calls
    home = ports.setup(None)
    begun = {PROJECT: begin_attempt(calls, partial(home.denied, (), ()))}
    for environment, setup in setups.items():
        views = _views(setup)
        if views and not isinstance(setup, DeployError):
            services = [view.service for view in views]
            groups = sorted(
                {
                    container.log_group
                    for defined in setup.observed.defined.values()
                    for container in defined
                    if container.log_group
                }
            )
            reader = ports.setup(environment)
            begun[environment.id] = begin_attempt(
                calls, partial(reader.denied, services, groups, definitions.get(environment, ()))
            )
    return dict(zip(begun, calls.answers(begun.values()), strict=True))


def try_reads(
    ports: Ports, setups: Mapping[Environment, Answer[ServicesSetup]]
) -> Mapping[str, Answer[object]]:
    """Reads that deployments make and the other checks don't, by what is read. For services, of one in each environment."""
    images = ports.project.images
    reads: dict[str, Callable[[], object]] = {}
    if images:
        reads["images"] = partial(ports.registry.existing_tags, images[0].repository, [LATEST])
    for environment, setup in setups.items():
        reads[f"deployments to {environment.id}"] = partial(ports.store.deployments, [environment.id], 1)
        if views := _views(setup):
            for name, read in _of_service(ports.runtime(environment), views).items():
                reads[f"{name} in {environment.id}"] = read
    begun = {about: begin_attempt(ports.calls, read) for about, read in reads.items()}
    return dict(zip(begun, ports.calls.answers(begun.values()), strict=True))


def _of_service(runtime: ServiceRuntime, views: tuple[ServiceView, ...]) -> dict[str, Callable[[], object]]:
    service = views[0].service
    reads: dict[str, Callable[[], object]] = {
        "what a service's deployment resolved": partial(runtime.resolved, service)
    }
    if service.service_deployment_arn:
        reads["service deployments"] = partial(runtime.service_deployments, [service.service_deployment_arn])
    groups = [group.arn for view in views for group in view.service.target_groups]
    if groups:
        reads["the health of targets"] = partial(runtime.targets, groups[0])
    return reads


def _views(setup: Answer[ServicesSetup]) -> tuple[ServiceView, ...]:
    if isinstance(setup, DeployError):
        return ()
    return tuple(view for same_tags in setup.observed.services.values() for view in same_tags)
