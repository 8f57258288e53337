"""Plans the deployment of a release to an environment, from what was observed.

Planning checks everything that can be known beforehand, and reports all reasons against the deployment at once, before
anything has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from weco_deploy.errors import Command, PlanRefused
from weco_deploy.model.digest import short_digest
from weco_deploy.model.image import ImageView, Repository
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Expected, Plan, PlannedImage, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.rules.rollout.strategies import unsupported
from weco_deploy.rules.running import expected_image
from weco_deploy.rules.service_action import planned_service, with_forced_redeploy


def plan(project: Project, request: DeployRequest, observed: Snapshot) -> Plan:
    """Plan the deployment of the request's release, whose versions all have digests, to its environment.

    Raises PlanRefused with every reason against the deployment.
    """
    environment = project.environment(request.environment_id)
    release = request.release
    versions = _deployable(project, release)
    images = _images(project, environment, versions, observed)
    expected = {
        image.image_id: expected_image(image.image_id, image.repository, image.tag, image.manifest.accepted)
        for image in images
    }
    examined = examine(project, environment, expected, observed)
    missing = [*examined.missing.values()]
    refusals = [
        *_image_refusals(project, environment, versions, observed),
        *examined.refusals,
        *([] if request.allow_missing else missing),
    ]
    if refusals:
        raise PlanRefused(
            f"release {release.release_id} can't be deployed to {environment.id}, and nothing was changed:",
            refusals,
        )
    services = examined.services
    return Plan(
        project_id=project.id,
        environment=environment.id,
        release=release,
        release_is_new=request.new_release,
        images=images,
        services=tuple(map(with_forced_redeploy, services)) if request.force_redeploy else services,
        warnings=(*_release_warnings(project, request, observed), *examined.warnings, *missing),
        observed=observed.record,
    )


@dataclass(frozen=True, slots=True)
class Examined:
    """The planned services, the reasons against those that can't be deployed, and warnings.

    `missing` has a reason for each service that was deployed before and was not found now, by service id.
    """

    services: tuple[PlannedService, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    missing: Mapping[str, str]


def examine(
    project: Project, environment: Environment, expected: Mapping[str, Expected], observed: Snapshot
) -> Examined:
    """What each service needs to run the expected images (by image id). Services without such images are skipped."""
    services: list[PlannedService] = []
    refusals: list[str] = []
    warnings: list[str] = []
    missing: dict[str, str] = {}
    for service_id, image_ids in project.services.items():
        images = tuple(expected[image_id] for image_id in image_ids if image_id in expected)
        views = observed.services.get(service_id, ())
        tags = f"deployment:service={service_id} and deployment:env={environment.id}"
        if not images:
            continue
        if len(views) > 1:
            names = ", ".join(str(view.service.key) for view in views)
            refusals.append(f"{service_id}: more than one ECS service is tagged {tags}: {names}")
        elif not views and (known := observed.record.services.get(service_id)):
            missing[service_id] = (
                f"{service_id}: {known.key} was deployed before, and no ECS service is tagged {tags} now: "
                "restore it or its tags, or deploy without it (--allow-missing)"
            )
        elif not views:
            warnings.append(f"{service_id}: no ECS service is tagged {tags}: nothing is redeployed for it")
        elif reason := unsupported(views[0].service):
            refusals.append(f"{service_id}: {reason}")
        else:
            services.append(planned_service(service_id, images, views[0], observed))
    warnings += [_unrelated_warning(service) for service in services if not service.related]
    return Examined(tuple(services), tuple(refusals), tuple(warnings), missing)


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
    project: Project, environment: Environment, versions: Mapping[str, ImageVersion], observed: Snapshot
) -> list[str]:
    refusals = []
    for image_id, version in versions.items():
        name = project.image(image_id).repository
        repository, view = observed.repositories.get(image_id), observed.images.get(image_id)
        if repository is None:
            refusals.append(f"{image_id}: there is no repository {name} in ECR")
        elif view is None or view.manifest is None:
            refusals.append(f"{image_id}: {_version_name(version)} is not in {name} any more")
        elif view.tagged not in (None, view.manifest.digest) and not movable(repository, environment.tag):
            refusals.append(
                f"{image_id}: the tags of {name} are immutable ({repository.mutability}), so {environment.tag} "
                f"can't be moved: make the repository mutable, or exclude {environment.tag} from immutability"
            )
    return refusals


def _version_name(version: ImageVersion) -> str:
    return f"{version.ref} ({short_digest(version.digest)})" if version.digest else version.ref


def movable(repository: Repository, tag: str) -> bool:
    """Whether an existing tag may be moved to another image.

    ECR's image tag mutability exclusion filters are patterns in which `*` stands for any characters. They are exceptions
    to the repository's setting: mutable tags in an immutable repository, or the reverse.
    """
    excluded = any(fnmatchcase(tag, pattern) for pattern in repository.exclusions)
    immutable = repository.mutability.startswith("IMMUTABLE")
    return excluded if immutable else not excluded


def _images(
    project: Project, environment: Environment, versions: Mapping[str, ImageVersion], observed: Snapshot
) -> tuple[PlannedImage, ...]:
    planned = []
    for image_id, version in versions.items():
        view: ImageView | None = observed.images.get(image_id)
        if view is None or view.manifest is None:
            continue
        applied = observed.record.images.get(image_id)
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


def _release_warnings(project: Project, request: DeployRequest, observed: Snapshot) -> list[str]:
    release, warnings = request.release, []
    project_images = {image.id for image in project.images}
    removed = [image_id for image_id in release.versions if image_id not in project_images]
    if removed:
        warnings.append(
            f"the release has images that the project file no longer names, left alone: {', '.join(removed)}"
        )
    absent = [image.id for image in project.images if image.id not in release.versions]
    if absent:
        warnings.append(f"the release has no version of {', '.join(absent)}: left as they are")
    current = observed.current
    # A rollback deploys an older release on purpose.
    expected = request.kind is Kind.ROLLBACK or current is None or current.release_id == release.release_id
    if current and not expected and release.date_created < current.date_created:
        warnings.append(
            f"this release (made {release.date_created:%Y-%m-%d %H:%M}Z) is older than the one deployed last "
            f"({current.release_id[:8]}, made {current.date_created:%Y-%m-%d %H:%M}Z)"
        )
    return [*warnings, *observed.notes]


def _unrelated_warning(service: PlannedService) -> str:
    images = " or ".join(image.image for image in service.expected)
    return f"{service.service_id}: none of its containers uses {images}: it is left alone and not verified"
