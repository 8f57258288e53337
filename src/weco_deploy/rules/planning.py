"""What deploying a release to an environment would do: from what was seen to a frozen plan.

Everything that can be known beforehand is checked here, and all that speaks against beginning is said
at once, before anything has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from weco_deploy.errors import Command, PlanRefused
from weco_deploy.model.deployment import Kind
from weco_deploy.model.digest import short_digest
from weco_deploy.model.image import ImageView, Repository
from weco_deploy.model.plan import Action, Expected, Plan, PlannedImage, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.running import (
    Match,
    all_described,
    evidence,
    expectation,
    rested,
    rolling,
    uses_any,
)


def plan(project: Project, request: DeployRequest, seen: Snapshot) -> Plan:
    """The plan of deploying the request's release, whose versions all have digests, to its environment.

    Raises PlanRefused with every reason that speaks against it.
    """
    environment = project.environment(request.environment_id)
    release = request.release
    versions = _deployable(project, release)
    images = _images(project, environment, versions, seen)
    expected = {
        image.image_id: expectation(image.image_id, image.repository, image.tag, image.manifest.accepted)
        for image in images
    }
    found = examine(project, environment, expected, seen)
    gone = [*found.gone.values()]
    refusals = [
        *_image_refusals(project, environment, versions, seen),
        *found.refusals,
        *([] if request.allow_missing else gone),
    ]
    if refusals:
        raise PlanRefused(
            f"release {release.release_id} can't be deployed to {environment.id}, and nothing was changed:",
            refusals,
        )
    return Plan(
        project_id=project.id,
        environment=environment.id,
        release=release,
        release_is_new=request.new_release,
        images=images,
        services=tuple(_forced(service) if request.force_redeploy else service for service in found.services),
        warnings=(*_release_warnings(project, request, seen), *found.warnings, *gone),
        fence=seen.record.fence,
    )


@dataclass(frozen=True, slots=True)
class Examined:
    """The services that run the expected images, and what stands against some.

    `gone` are those deployed before and not found now, by service id.
    """

    services: tuple[PlannedService, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    gone: Mapping[str, str]


def examine(
    project: Project, environment: Environment, expected: Mapping[str, Expected], seen: Snapshot
) -> Examined:
    """What each service needs to run the expected images (by image id)."""
    services: list[PlannedService] = []
    refusals: list[str] = []
    warnings: list[str] = []
    gone: dict[str, str] = {}
    for service_id, image_ids in project.services.items():
        wanted = tuple(expected[image_id] for image_id in image_ids if image_id in expected)
        views = seen.services.get(service_id, ())
        tags = f"deployment:service={service_id} and deployment:env={environment.id}"
        if not wanted:
            continue
        if len(views) > 1:
            names = ", ".join(str(view.service.key) for view in views)
            refusals.append(f"{service_id}: more than one ECS service is tagged {tags}: {names}")
        elif not views and (known := seen.record.services.get(service_id)):
            gone[service_id] = (
                f"{service_id}: {known.key} was deployed before, and no ECS service is tagged {tags} now: "
                "restore it or its tags, or deploy without it (--allow-missing)"
            )
        elif not views:
            warnings.append(f"{service_id}: no ECS service is tagged {tags}: nothing is redeployed for it")
        elif refusal := _service_refusal(service_id, views[0].service):
            refusals.append(refusal)
        else:
            services.append(_service(service_id, wanted, views[0], seen))
    warnings += [_unrelated(service) for service in services if not service.related]
    return Examined(tuple(services), tuple(refusals), tuple(warnings), gone)


def _forced(service: PlannedService) -> PlannedService:
    if service.action is Action.REDEPLOY or not service.related:
        return service
    return replace(service, action=Action.REDEPLOY, why=f"forced ({service.why})")


def _deployable(project: Project, release: Release) -> Mapping[str, ImageVersion]:
    """The release's versions of images that the project still has, in the project's order."""
    versions = {
        image.id: release.versions[image.id] for image in project.images if image.id in release.versions
    }
    if not versions:
        raise PlanRefused(
            f"release {release.release_id} has no version of any image of project {project.id}",
            hint=("make a new one with: ", Command("prepare")),
        )
    return versions


def _image_refusals(
    project: Project, environment: Environment, versions: Mapping[str, ImageVersion], seen: Snapshot
) -> list[str]:
    refusals = []
    for image_id, version in versions.items():
        name = project.image(image_id).repository
        repository, view = seen.repositories.get(image_id), seen.images.get(image_id)
        if repository is None:
            refusals.append(f"{image_id}: there is no repository {name} in ECR")
        elif view is None or view.manifest is None:
            refusals.append(f"{image_id}: {_named(version)} is not in {name} any more")
        elif view.tagged not in (None, view.manifest.digest) and not movable(repository, environment.tag):
            refusals.append(
                f"{image_id}: the tags of {name} are immutable ({repository.mutability}), so {environment.tag} "
                f"can't be moved: make the repository mutable, or exclude {environment.tag} from immutability"
            )
    return refusals


def _named(version: ImageVersion) -> str:
    return f"{version.ref} ({short_digest(version.digest)})" if version.digest else version.ref


def movable(repository: Repository, tag: str) -> bool:
    """Whether a tag that exists may be pointed at another image.

    An exclusion filter is a pattern in which `*` stands for any characters (ECR, image tag mutability
    exclusion filters): those tags are treated the other way round.
    """
    excluded = any(fnmatchcase(tag, pattern) for pattern in repository.exclusions)
    immutable = repository.mutability.startswith("IMMUTABLE")
    return excluded if immutable else not excluded


def _images(
    project: Project, environment: Environment, versions: Mapping[str, ImageVersion], seen: Snapshot
) -> tuple[PlannedImage, ...]:
    planned = []
    for image_id, version in versions.items():
        view: ImageView | None = seen.images.get(image_id)
        if view is None or view.manifest is None:
            continue
        applied = seen.record.images.get(image_id)
        planned.append(
            PlannedImage(
                image_id=image_id,
                repository=project.image(image_id).repository,
                tag=environment.tag,
                manifest=view.manifest,
                to_ref=version.ref,
                from_digest=view.tagged,
                from_ref=applied.ref if applied and applied.digest == view.tagged else None,
            )
        )
    return tuple(planned)


def _release_warnings(project: Project, request: DeployRequest, seen: Snapshot) -> list[str]:
    release, warnings = request.release, []
    gone = [
        image_id for image_id in release.versions if image_id not in {image.id for image in project.images}
    ]
    if gone:
        warnings.append(
            f"the release has images that the project file no longer names, left alone: {', '.join(gone)}"
        )
    absent = [image.id for image in project.images if image.id not in release.versions]
    if absent:
        warnings.append(f"the release has no version of {', '.join(absent)}: left as they are")
    current = seen.current
    # Of a rollback nobody expects anything else.
    meant = request.kind is Kind.ROLLBACK or current is None or current.release_id == release.release_id
    if current and not meant and release.date_created < current.date_created:
        warnings.append(
            f"this release (made {release.date_created:%Y-%m-%d %H:%M}Z) is older than the one deployed last "
            f"({current.release_id[:8]}, made {current.date_created:%Y-%m-%d %H:%M}Z)"
        )
    return [*warnings, *seen.notes]


def _service_refusal(service_id: str, service: Service) -> str | None:
    if service.controller != "ECS":
        return (
            f"{service_id}: {service.key} is deployed by the {service.controller} controller; "
            "weco-deploy can redeploy and judge rolling (ECS) deployments only"
        )
    if service.strategy != "ROLLING":
        return (
            f"{service_id}: {service.key} uses the {service.strategy} deployment strategy; "
            "weco-deploy can judge ROLLING only"
        )
    return None


def _unrelated(service: PlannedService) -> str:
    images = " or ".join(one.image for one in service.expected)
    return f"{service.service_id}: none of its containers uses {images}: it is left alone and not verified"


def _service(
    service_id: str, expected: tuple[Expected, ...], view: ServiceView, seen: Snapshot
) -> PlannedService:
    service = view.service
    related = uses_any(view, seen.defined.get(service.key, ()), expected) is not False
    action, why = (
        _action(service_id, expected, view, seen)
        if related
        else (Action.LEAVE, "none of its containers uses these images")
    )
    return PlannedService(
        service_id=service_id,
        key=service.key,
        images=tuple(one.image_id for one in expected),
        action=action,
        why=why,
        expected=expected,
        desired=service.desired,
        breaker=service.breaker,
        ecs_deployment_id=service.primary.id if service.primary else None,
        related=related,
    )


def _action(
    service_id: str, expected: tuple[Expected, ...], view: ServiceView, seen: Snapshot
) -> tuple[Action, str]:
    service = view.service
    known = seen.record.services.get(service_id)
    finding = evidence(view, expected, seen.resolved.get(service.key, ()), known)
    if finding.match is not Match.RIGHT:
        return Action.REDEPLOY, finding.why
    if service.primary is None or service.primary.rollout_state == "FAILED":
        return Action.REDEPLOY, "its last rollout failed"
    if known is not None and known.failed and known.ecs_deployment_id == service.primary.id:
        # It may run between two crashes; and what stopped before must not count against a new attempt.
        return Action.REDEPLOY, "its rollout failed in the deployment before"
    if rolling(service):
        return Action.ADOPT, f"{finding.why}, and that rollout is under way"
    if not rested(service):
        return Action.ADOPT, f"{finding.why}, with {service.running} of {service.desired} tasks running"
    if not all_described(view):
        return Action.ADOPT, f"{finding.why}, as far as they were listed"
    return Action.LEAVE, finding.why
