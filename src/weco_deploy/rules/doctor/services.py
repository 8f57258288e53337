"""Checks whether each service of each environment is found once, uses its images' tags, and can be deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.arn import Arn
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import Repository
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG, ServiceKey, ServiceView
from weco_deploy.model.setup import ServicesSetup
from weco_deploy.rules.doctor.aws_commands import aws
from weco_deploy.rules.doctor.findings import not_checked, problems_or_ok, unread, unread_alike
from weco_deploy.rules.examination import Examined, examine
from weco_deploy.rules.near_misses import tags_of
from weco_deploy.rules.rollout.strategies import INSTEAD, unsupported
from weco_deploy.rules.running import expected_image, images_of

FOUND, IMAGE, CONTROLLER = "service_found", "service_image", "service_controller"
IDS = (FOUND, IMAGE, CONTROLLER)
_TAG_OR_NAME = "tag the ECS service, or name it in the project file (cluster and name)"
_CORRECT = (
    "correct the tag or registry in the task definition, or tag, repository and services in the project file"
)


def services(
    project: Project,
    setups: Mapping[Environment, Answer[ServicesSetup]],
    repositories: Mapping[str, Repository],
) -> Iterator[Check]:
    """Whether the services of these environments can be deployed. `repositories` are by name."""
    read = [setup for setup in setups.values() if not isinstance(setup, DeployError)]
    expected = {setup.environment: expected_by_id(project, setup.environment, repositories) for setup in read}
    examined = {
        setup.environment: examine(project, setup.environment, expected[setup.environment], setup.observed, 0)
        for setup in read
    }
    failed = [
        unread(FOUND, error, environment.id)
        for environment, error in setups.items()
        if isinstance(error, DeployError)
    ]
    where = in_words(read)
    problems = [
        check
        for setup in read
        for check in _found(project, setup, examined[setup.environment], expected[setup.environment])
    ]
    yield from problems_or_ok(FOUND, [*failed, *problems], f"{where}: each service is found once")
    if not read:
        yield from not_checked((IMAGE, CONTROLLER), "no services could be read")
        return
    problems = [check for setup in read for check in _images(setup, examined[setup.environment])]
    yield from problems_or_ok(IMAGE, problems, f"{where}: each service uses the tags of its images")
    yield from problems_or_ok(
        CONTROLLER,
        (check for setup in read for check in _controllers(project, setup)),
        f"{where}: each is deployed in a way that can be judged",
    )


def in_words(setups: Sequence[ServicesSetup]) -> str:
    return ", ".join(setup.environment.id for setup in setups)


def views_of(setup: ServicesSetup) -> Iterator[tuple[str, ServiceView]]:
    """All services that were found, each with its service id."""
    for service_id, same_tags in setup.observed.services.items():
        yield from ((service_id, view) for view in same_tags)


def expected_by_id(
    project: Project, environment: Environment, repositories: Mapping[str, Repository]
) -> dict[str, Expected]:
    """What containers that use the project's images look like, by image id."""
    return {
        image.id: expected_image(image, environment, repositories.get(image.repository), frozenset())
        for image in project.images
    }


def _found(
    project: Project, setup: ServicesSetup, examined: Examined, expected: Mapping[str, Expected]
) -> Iterator[Check]:
    environment = setup.environment
    named = project.named_services(environment)
    for note in setup.observed.notes:
        yield Check(FOUND, Result.WARN, f"{environment.id}: {note}")
    for service_id, missing in examined.missing.items():
        if not setup.observed.services.get(service_id) and service_id not in project.optional_services:
            found = f"{environment.id}: {missing.reason}"
            if service_id in named:
                yield Check(
                    FOUND,
                    Result.FAIL,
                    found,
                    "correct its name and cluster in the project file, or create it",
                )
            else:
                command = _tag_likely_service(project, setup, service_id, expected)
                yield Check(FOUND, Result.FAIL, found, _TAG_OR_NAME, command)
    by_key: dict[ServiceKey, list[str]] = {}
    for service_id, view in views_of(setup):
        by_key.setdefault(view.service.key, []).append(service_id)
    for key, service_ids in by_key.items():
        if len(service_ids) > 1:
            yield Check(
                FOUND,
                Result.FAIL,
                f"{environment.id}: {key} is found as {' and as '.join(service_ids)}",
                "correct its name in the project file, or its tags",
            )
    for service_id, same_tags in setup.observed.services.items():
        if len(same_tags) > 1:
            yield Check(
                FOUND,
                Result.FAIL,
                f"{environment.id}: {service_id}: several ECS services are tagged "
                f"{tags_of(service_id, environment.id)}: {', '.join(str(view.service.key) for view in same_tags)}",
                "take the tag away from all but one of them, for example from the last:",
                aws(
                    region_of(project, environment),
                    "ecs",
                    "untag-resource",
                    "--resource-arn",
                    same_tags[-1].service.arn,
                    "--tag-keys",
                    SERVICE_TAG,
                ),
            )


def region_of(project: Project, environment: Environment) -> str:
    return environment.region_name or project.region_name


def _tag_likely_service(
    project: Project, setup: ServicesSetup, service_id: str, expected: Mapping[str, Expected]
) -> tuple[str, ...]:
    """The command that tags the only service nearby which uses the images of the missing service; else none."""
    ours = [expected[image_id] for image_id in project.services[service_id]]
    likely = [
        nearby
        for nearby in setup.observed.nearby
        if any(image.concerns(used) for image in ours for used in nearby.images)
    ]
    cluster = Arn.parse(likely[0].key.cluster) if len(likely) == 1 else None
    if cluster is None:
        return ()
    key = likely[0].key
    return aws(
        region_of(project, setup.environment),
        "ecs",
        "tag-resource",
        "--resource-arn",
        str(replace(cluster, resource=f"service/{key.cluster_name}/{key.name}")),
        "--tags",
        f"key={SERVICE_TAG},value={service_id}",
        f"key={ENVIRONMENT_TAG},value={setup.environment.id}",
    )


def _images(setup: ServicesSetup, examined: Examined) -> Iterator[Check]:
    environment_id = setup.environment.id
    for service_id, missing in examined.missing.items():
        if setup.observed.services.get(service_id):
            yield Check(IMAGE, Result.FAIL, f"{environment_id}: {missing.reason}", _CORRECT)
    for unused in examined.unused:
        yield Check(IMAGE, Result.WARN, f"{environment_id}: {unused.reason}", _CORRECT)
    unknown = (
        (service_id, error)
        for service_id, view in views_of(setup)
        if (error := setup.unread.get(view.service.task_definition)) and not images_of(view, ())
    )
    yield from unread_alike(IMAGE, environment_id, unknown, needed=True)


def _controllers(project: Project, setup: ServicesSetup) -> Iterator[Check]:
    groups = project.deployment_groups(setup.environment)
    for service_id, view in views_of(setup):
        settings = setup.observed.groups.get(service_id)
        if refusal := unsupported(view.service, groups.get(service_id), settings):
            yield Check(
                CONTROLLER,
                Result.FAIL,
                f"{setup.environment.id}: {service_id}: {refusal}",
                INSTEAD,
            )
