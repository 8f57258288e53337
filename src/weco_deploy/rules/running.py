"""Decides what a service runs. The first evidence that exists decides:

1. the digests that its running tasks report;
2. the digests that its primary deployment resolved its tags to;
3. our own record, if it names the primary deployment. It tells that no new deployment is needed, but does not make a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weco_deploy.model.digest import short_digest
from weco_deploy.model.environment import KnownService
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import Repository
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.service import DefinedContainer, EcsDeployment, ResolvedImage, ServiceView, Task
from weco_deploy.rules.digests import (
    Match,
    compare,
    compare_resolved,
    running_tasks,
    wrong_container,
    wrongly_resolved,
)
from weco_deploy.rules.rollout.identity import belongs, surely_belongs
from weco_deploy.rules.rollout.steady_state import in_steady_state


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence shows, and an explanation for the plan.

    `observed` is False for our own record: it proves what was requested, not what runs.
    """

    match: Match
    why: str
    observed: bool = True


def evidence(
    view: ServiceView,
    expected: tuple[Expected, ...],
    resolved: tuple[ResolvedImage, ...],
    known: KnownService | None,
) -> Finding:
    """Whether the service runs the expected digests, or will once its primary deployment is complete.

    During a rollout only the tasks of the primary deployment count, because ECS stops the others.
    """
    primary = view.service.primary
    if primary is None:
        return Finding(Match.UNKNOWN, "it has no primary deployment")
    for finding in (
        _by_tasks(view, primary, expected),
        _by_revision(resolved, expected),
        _by_record(primary, expected, known),
    ):
        if finding.match is not Match.UNKNOWN:
            return finding
    return Finding(Match.UNKNOWN, "nothing tells what it runs" if view.service.desired else "no task runs")


def _by_tasks(view: ServiceView, primary: EcsDeployment, expected: tuple[Expected, ...]) -> Finding:
    tasks = certain = running_tasks(view)
    if not in_steady_state(view.service):
        tasks = tuple(task for task in tasks if belongs(task, primary))
        certain = tuple(task for task in tasks if surely_belongs(task, primary))
    wrong = wrong_container(certain, expected)
    if wrong:
        _, container, image = wrong
        return Finding(Match.WRONG, f"runs {short_digest(container.digest or '')} of {image.image_id}")
    match = compare(tasks, expected)
    # A task with a wrong digest may belong to the previous deployment here.
    return Finding(Match.UNKNOWN if match is Match.WRONG else match, "its tasks run the release")


def _by_revision(resolved: tuple[ResolvedImage, ...], expected: tuple[Expected, ...]) -> Finding:
    wrong = wrongly_resolved(resolved, expected)
    if wrong:
        container, image = wrong
        resolved_to = f"its deployment resolved {image.image_id} to {short_digest(container.digest or '')}"
        return Finding(Match.WRONG, resolved_to)
    return Finding(compare_resolved(resolved, expected), "its deployment resolved to the release")


def _by_record(primary: EcsDeployment, expected: tuple[Expected, ...], known: KnownService | None) -> Finding:
    if known is None or known.ecs_deployment_id != primary.id or not expected:
        return Finding(Match.UNKNOWN, "")
    right = all(known.digests.get(image.image_id) in image.digests for image in expected)
    return Finding(
        Match.RIGHT if right else Match.WRONG,
        "recorded as deployed with the release" if right else "recorded as deployed with another release",
        observed=False,
    )


def current_tasks(view: ServiceView) -> tuple[Task, ...]:
    """The tasks of the service's current task definition. They show which containers the service has."""
    current = view.service.task_definition
    return tuple(task for task in view.tasks or () if task.task_definition == current)


def images_of(view: ServiceView, defined: tuple[DefinedContainer, ...]) -> tuple[str, ...]:
    """The images of the service's containers, as its task definition names them; none if they are unknown.

    The containers are those of the current task definition, which its tasks or ECS's description (`defined`) show. They are
    unknown if a task names an image by its digest only and its definition could not be read.
    Tasks of an earlier task definition, which may still run after a failed rollout, don't count.
    """
    containers = [container for task in current_tasks(view) for container in task.containers]
    if any(container.named_by_digest for container in containers):
        return ()
    images = [*(container.image for container in containers), *(container.image for container in defined)]
    return tuple(dict.fromkeys(images))


def expected_image(
    image: Image, environment: Environment, repository: Repository | None, digests: frozenset[str]
) -> Expected:
    """What containers that use the image at the environment's tag must run.

    Services of an environment in another region may pull from a replica of the repository in their own region.
    """
    registry = repository.registry if repository is not None else None
    home = EcrAddress.parse(registry or "")
    elsewhere = home is not None and environment.region_name not in (None, home.region)
    return Expected(
        image_id=image.id,
        image=f"{image.repository}:{image.tag_in(environment)}",
        digests=digests,
        registry=registry,
        replica_region=environment.region_name if elsewhere else None,
    )


def expected_images(
    project: Project, environment: Environment, digests: Mapping[str, str | None], observed: Snapshot
) -> dict[str, Expected]:
    """What the containers of the observed images must run once these digests are deployed, by image id.

    Tasks of a multi-architecture image report the digest of the index or that of a child. The children are known only
    if this digest's manifest was read from ECR.
    """
    expected = {}
    for image in project.images:
        view, digest = observed.images.get(image.id), digests.get(image.id)
        if view is None or digest is None:
            continue
        manifest = view.manifest if view.manifest is not None and view.manifest.digest == digest else None
        accepted = manifest.accepted if manifest is not None else frozenset({digest})
        repository = observed.repositories.get(image.id)
        expected[image.id] = expected_image(image, environment, repository, accepted)
    return expected
