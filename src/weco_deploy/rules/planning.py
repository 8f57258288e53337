"""Plans the deployment of a release to an environment, from what was observed.

Planning checks everything that can be known beforehand, and reports all reasons against the deployment at once, before
anything has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from weco_deploy.errors import Command, PlanRefused
from weco_deploy.model.direction import SAME, UNKNOWN, Backwards, ImageDirection
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import ImageView, Repository
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, Plan, PlannedImage, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.rules import precedence
from weco_deploy.rules.allowances import MISSING_HINT, absent_images, allowances, services_of_others
from weco_deploy.rules.backwards import concerns, policy
from weco_deploy.rules.before_tasks import TaskPlans, plan_tasks
from weco_deploy.rules.current_release import current_release
from weco_deploy.rules.ecs_rollback import with_ecs_rollback
from weco_deploy.rules.examination import examine
from weco_deploy.rules.known_bad import warnings_of_known_bad
from weco_deploy.rules.obstacles import obstacles
from weco_deploy.rules.rollback import can_roll_back
from weco_deploy.rules.rollout_checks import deployed, plan_checks, wanted_checks
from weco_deploy.rules.runnable import why_not_runnable
from weco_deploy.rules.running import expected_image
from weco_deploy.rules.service_action import with_forced_redeploy
from weco_deploy.rules.unfinished_tags import with_tags_before
from weco_deploy.rules.unpinned import HINT as UNPINNED_HINT
from weco_deploy.rules.unpinned import early_images, unpinned_services
from weco_deploy.rules.waves import in_waves


def plan(project: Project, request: DeployRequest, observed: Snapshot) -> Plan:
    """Plan the deployment of the request's release, whose versions all have digests, to its environment.

    Raises PlanRefused with every reason against the deployment.
    """
    environment = project.environment(request.environment_id)
    release = request.release
    versions = _deployable(project, release)
    backwards = policy(environment, request)
    images = _images(project, environment, versions, observed, backwards)
    expected = {
        image.image_id: expected_image(
            project.image(image.image_id),
            environment,
            observed.repositories.get(image.image_id),
            image.manifest.accepted,
        )
        for image in images
    }
    examined = examine(project, environment, expected, observed, precedence.stable_for(request, environment))
    allowed, not_allowed = allowances(project, request, examined)
    services = in_waves(examined.services, project.after, backwards=request.kind is Kind.ROLLBACK)
    if request.force_redeploy:
        services = tuple(map(with_forced_redeploy, services))
    elif request.kind is Kind.ROLLBACK:
        services = tuple(with_ecs_rollback(service, observed) for service in services)
    before = _before_tasks(environment, request, expected, images, services, observed)
    if any(task.waits for task in before.tasks):
        images = with_tags_before(images, observed.history)
    checks, against_checks = plan_checks(
        wanted_checks(environment, request.kind),
        deployed(project, environment, release.release_id, images, observed.record),
    )
    moves = tuple(image for image in images if image.moves)
    early = tuple(unpinned_services(services, before.tasks, moves, observed))
    refusals = [
        *_image_refusals(project, environment, versions, observed),
        *examined.refusals,
        *obstacles(services, observed),
        *not_allowed,
        *before.refusals,
        *against_checks,
        *(early if not request.allow_unpinned else ()),
    ]
    if refusals:
        raise PlanRefused(
            f"release {release.release_id} can't be deployed to {environment.id}, and nothing was changed:",
            refusals,
            MISSING_HINT if not_allowed else UNPINNED_HINT if early else "",
        )
    left_out = (
        *absent_images(project, release),
        *services_of_others(project, release),
        *allowed,
        *examined.unused,
    )
    return Plan(
        project_id=project.id,
        environment=environment.id,
        release=release,
        release_is_new=request.new_release,
        images=images,
        services=services,
        left_out=left_out,
        warnings=(
            *(concerns(images, project.branch) if backwards is Backwards.WARN else ()),
            *_release_warnings(project, request, observed),
            *warnings_of_known_bad(
                {image.image_id: image.manifest.digest for image in images}, observed.history
            ),
            *early_images(before.tasks, moves),
            *early,
            *(left.reason for left in left_out),
        ),
        observed=observed.record,
        kind=request.kind,
        source=request.source,
        current=current_release(observed.record, observed.history, {image.id for image in project.images}),
        can_roll_back=request.kind is Kind.ROLLBACK
        or can_roll_back(
            observed.record,
            release.release_id,
            {image.image_id: image.change for image in images},
            observed.history,
        ),
        tasks=before.tasks,
        checks=checks,
    )


def _before_tasks(
    environment: Environment,
    request: DeployRequest,
    expected: Mapping[str, Expected],
    images: Sequence[PlannedImage],
    services: Sequence[PlannedService],
    observed: Snapshot,
) -> TaskPlans:
    """The tasks before the restart; none if there is nothing to do."""
    digests = {image.image_id: image.manifest.digest for image in images}
    tasks = plan_tasks(environment, request, expected, digests, observed)
    changes = any(image.moves for image in images) or any(
        service.action is not Action.LEAVE for service in services
    )
    return tasks if changes or tasks.unfinished or request.step else TaskPlans()


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
        image = project.image(image_id)
        name, tag = image.repository, image.tag_in(environment)
        repository, view = observed.repositories.get(image_id), observed.images.get(image_id)
        if repository is None:
            refusals.append(f"{image_id}: there is no repository {name} in ECR")
        elif view is not None and (reason := why_not_runnable(name, version.digest or "", view)):
            refusals.append(f"{image_id}: {version.ref} {reason}")
        elif view is not None and view.unreadable:
            refusals.append(f"{image_id}: ECR does not give {version.ref} of {name}: {view.unreadable}")
        elif view is None or view.manifest is None:
            refusals.append(f"{image_id}: {version.ref} is not in {name} any more")
        elif view.tagged not in (None, view.manifest.digest) and not movable(repository, tag):
            refusals.append(
                f"{image_id}: the tags of {name} are immutable ({repository.mutability}), so {tag} "
                f"can't be moved: make the repository mutable, or exclude {tag} from immutability"
            )
    return refusals


def movable(repository: Repository, tag: str) -> bool:
    """Whether an existing tag may be moved to another image.

    ECR's image tag mutability exclusion filters are patterns in which `*` stands for any characters. They are exceptions
    to the repository's setting: mutable tags in an immutable repository, or the reverse.
    """
    excluded = any(fnmatchcase(tag, pattern) for pattern in repository.exclusions)
    immutable = repository.mutability.startswith("IMMUTABLE")
    return excluded if immutable else not excluded


def _images(
    project: Project,
    environment: Environment,
    versions: Mapping[str, ImageVersion],
    observed: Snapshot,
    backwards: Backwards,
) -> tuple[PlannedImage, ...]:
    planned = []
    for image_id, version in versions.items():
        view: ImageView | None = observed.images.get(image_id)
        if view is None or view.manifest is None or observed.repositories.get(image_id) is None:
            continue
        image, applied = project.image(image_id), observed.record.images.get(image_id)
        recorded = applied if applied and applied.digest == view.tagged and applied.ref else None
        before = recorded or observed.before.get(image_id)
        planned.append(
            PlannedImage(
                image_id=image_id,
                repository=image.repository,
                tag=image.tag_in(environment),
                manifest=view.manifest,
                to_ref=version.ref,
                from_digest=view.tagged,
                to_name=version.name,
                from_ref=before.ref if before else None,
                from_name=before.name if before else None,
                direction=_direction(image_id, view, observed),
                direction_recorded=backwards is not Backwards.ALLOW,
            )
        )
    return tuple(planned)


def _direction(image_id: str, view: ImageView, observed: Snapshot) -> ImageDirection:
    same = view.manifest is not None and view.manifest.digest == view.tagged
    return SAME if same else observed.directions.get(image_id, UNKNOWN)


def _release_warnings(project: Project, request: DeployRequest, observed: Snapshot) -> list[str]:
    release, warnings = request.release, []
    project_images = {image.id for image in project.images}
    removed = [image_id for image_id in release.versions if image_id not in project_images]
    if removed:
        warnings.append(
            f"the release has images that the project file no longer names, left alone: {', '.join(removed)}"
        )
    current = observed.current
    # A rollback deploys an older release on purpose.
    expected = request.kind is Kind.ROLLBACK or current is None or current.release_id == release.release_id
    if current and not expected and release.date_created < current.date_created:
        warnings.append(
            f"this release (made {release.date_created:%Y-%m-%d %H:%M}Z) is older than the one deployed last "
            f"({current.release_id[:8]}, made {current.date_created:%Y-%m-%d %H:%M}Z)"
        )
    if request.lock_afterwards is not None:
        warnings.append(f"{request.environment_id} is locked once this has ended: {request.lock_afterwards}")
    return [*warnings, *observed.notes]
