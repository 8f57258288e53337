"""Checks whether rollouts of the services can succeed, and whether ECS notices those that don't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.image import Repository
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import Service
from weco_deploy.model.setup import ServicesSetup
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.doctor.aws_commands import aws
from weco_deploy.rules.doctor.findings import not_checked, problems_or_ok, unread, unread_alike
from weco_deploy.rules.doctor.services import expected_by_id, in_words, region_of, views_of
from weco_deploy.rules.obstacles import no_step

BREAKER, PERCENTAGES, PROTECTION = "circuit_breaker", "percentages", "scale_in_protection"
CONSISTENCY, PULLING = "version_consistency", "pull_behaviour"
IDS = (BREAKER, PERCENTAGES, PROTECTION, CONSISTENCY, PULLING)
_BREAKER = "deploymentCircuitBreaker={enable=true,rollback=true}"


def rollouts(
    project: Project,
    setups: Mapping[Environment, Answer[ServicesSetup]],
    repositories: Mapping[str, Repository],
) -> Iterator[Check]:
    """How the services of these environments are redeployed. `repositories` are by name."""
    read = [setup for setup in setups.values() if not isinstance(setup, DeployError)]
    if not read:
        yield from not_checked(IDS, "no services could be read")
        return
    where = in_words(read)
    yield from problems_or_ok(BREAKER, _breakers(project, read), f"{where}: ECS ends deployments that fail")
    yield from problems_or_ok(
        PERCENTAGES, _percentages(project, read), f"{where}: every service can be redeployed"
    )
    yield from problems_or_ok(PROTECTION, _protected(read), f"{where}: no protected task delays a deployment")
    yield from problems_or_ok(
        CONSISTENCY,
        _unpinned(project, read, repositories),
        f"{where}: all tasks of a deployment run the same digest",
    )
    yield from problems_or_ok(PULLING, _on_instances(read), f"{where}: Fargate pulls what the tag points at")


def _services(setups: Sequence[ServicesSetup]) -> Iterator[tuple[Environment, str, Service]]:
    for setup in setups:
        yield from ((setup.environment, service_id, view.service) for service_id, view in views_of(setup))


def _breakers(project: Project, setups: Sequence[ServicesSetup]) -> Iterator[Check]:
    """Services whose failed deployments ECS tries for ever: neither circuit breaker nor alarms."""
    for environment, service_id, service in _services(setups):
        if service.controller == "ECS" and not service.breaker and not service.alarms:
            percentages = [
                f"{name}={value}"
                for name, value in (
                    ("maximumPercent", service.maximum_percent),
                    ("minimumHealthyPercent", service.minimum_healthy_percent),
                )
                if value is not None
            ]
            yield Check(
                BREAKER,
                Result.WARN,
                f"{environment.id}: {service_id}: {service.key} has no circuit breaker: ECS goes on starting "
                "tasks that fail",
                command=_configure(project, environment, service, ",".join((_BREAKER, *percentages))),
            )


def _percentages(project: Project, setups: Sequence[ServicesSetup]) -> Iterator[Check]:
    for environment, service_id, service in _services(setups):
        if reason := no_step(service):
            kept = [_BREAKER] if service.breaker else []
            maximum, minimum = (100, 0) if service.scheduling == "DAEMON" else (200, 100)
            change = ",".join((*kept, f"maximumPercent={maximum}", f"minimumHealthyPercent={minimum}"))
            yield Check(
                PERCENTAGES,
                Result.FAIL,
                f"{environment.id}: {service_id}: {reason}",
                command=_configure(project, environment, service, change),
            )


def _configure(project: Project, environment: Environment, service: Service, change: str) -> tuple[str, ...]:
    return aws(
        region_of(project, environment),
        "ecs",
        "update-service",
        "--cluster",
        service.key.cluster_name,
        "--service",
        service.key.name,
        "--deployment-configuration",
        change,
    )


def _protected(setups: Sequence[ServicesSetup]) -> Iterator[Check]:
    """Tasks that are protected from scale-in, where deployments wait for them."""
    for setup in setups:
        protected, environment = setup.protected, setup.environment
        if isinstance(protected, DeployError):
            yield unread(PROTECTION, protected, environment.id, needed=False)
            continue
        for service_id, view in views_of(setup):
            ends = [protected[task.arn] for task in running_tasks(view) if task.arn in protected]
            if ends and environment.old_tasks == "wait":
                last = max((end for end in ends if end is not None), default=None)
                until = f" until {last:%Y-%m-%d %H:%M} UTC" if last else ""
                yield Check(
                    PROTECTION,
                    Result.WARN,
                    f"{environment.id}: {service_id}: {len(ends)} of its tasks are protected from scale-in{until}, "
                    "and deployments wait for them",
                    "write `old_tasks: leave` beside the environment, or give --confirmation-wait-for enough time",
                )


def _unpinned(
    project: Project, setups: Sequence[ServicesSetup], repositories: Mapping[str, Repository]
) -> Iterator[Check]:
    """Containers of the project's images whose tasks may pull whatever the tag points at when they start."""
    for setup in setups:
        expected = expected_by_id(project, setup.environment, repositories).values()
        unknown = (
            (service_id, error)
            for service_id, view in views_of(setup)
            if (error := setup.unread.get(view.service.task_definition))
        )
        yield from unread_alike(CONSISTENCY, setup.environment.id, unknown, needed=False)
        for service_id, view in views_of(setup):
            definition = view.service.task_definition
            for container in setup.observed.defined.get(view.service.key, ()):
                if not container.pinned and any(image.concerns(container.image) for image in expected):
                    yield Check(
                        CONSISTENCY,
                        Result.WARN,
                        f"{setup.environment.id}: {service_id}: versionConsistency of the container {container.name} is "
                        "disabled, so a later task may run another image than the deployment's",
                        f"register a revision of {definition.rpartition('/')[2]} without it, and let the service use that",
                    )


def _on_instances(setups: Sequence[ServicesSetup]) -> Iterator[Check]:
    """Services on container instances, whose agents may keep to an image that they pulled before."""
    for setup in setups:
        ids = [service_id for service_id, view in views_of(setup) if runs_on_instances(view.service)]
        if ids:
            yield Check(
                PULLING,
                Result.SKIP,
                f"{setup.environment.id}: {', '.join(ids)} may run on container instances, whose setting "
                "ECS_IMAGE_PULL_BEHAVIOR AWS does not show: with once or prefer-cached they ignore a tag that has moved",
                "look at it on the instances:",
                ("grep", "ECS_IMAGE_PULL_BEHAVIOR", "/etc/ecs/ecs.config"),
            )


def runs_on_instances(service: Service) -> bool:
    """Whether tasks of the service may run on container instances, not on Fargate."""
    if service.capacity_providers:
        return not all(provider.startswith("FARGATE") for provider in service.capacity_providers)
    return service.launch_type in {"EC2", "EXTERNAL"}
