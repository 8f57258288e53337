"""Compares an environment's tags and running services with the release in its record."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.rules.examination import examine
from weco_deploy.rules.rollout.steady_state import rollout_in_progress
from weco_deploy.rules.running import expected_images
from weco_deploy.rules.tag_drift import drifted_tags


def environment_drift(
    project: Project, environment: Environment, release: Release, observed: Snapshot
) -> tuple[str, ...]:
    """How the environment differs from the release: tags that point to other digests, services that run other images.

    A service still counts as running the release while it is being scaled, replaces a task, or keeps old tasks beside all its
    new ones, because they are protected from scale-in.
    """
    digests = {
        image_id: digest
        for image_id in observed.images
        if (version := release.versions.get(image_id)) and (digest := version.digest)
    }
    tags = tuple(
        f"{image_id}: {project.image(image_id).tag_in(environment)} points at {_shown(observed.images[image_id].tagged)}, "
        f"not at {release.versions[image_id].ref}"
        for image_id in drifted_tags(digests, observed)
    )
    examined = examine(
        project,
        environment,
        expected_images(project, environment, digests, observed),
        observed,
        stable_for=0,
    )
    services = tuple(
        f"{service.service_id}: {service.why}"
        for service in examined.services
        if service.action is not Action.LEAVE
        and not _runs_some_tasks(service, observed)
        and not _keeps_old_tasks(service, observed)
    )
    # A service that was never deployed was left out on purpose.
    gone = (
        missing.reason
        for service_id, missing in examined.missing.items()
        if service_id in observed.record.services
    )
    return (*tags, *services, *examined.refusals, *gone)


def _shown(tagged: str | None) -> str:
    return short_digest(tagged) if tagged else "nothing"


def _runs_some_tasks(service: PlannedService, observed: Snapshot) -> bool:
    """Whether the service runs the release in some but not all desired tasks, and no rollout is in progress."""
    (view,) = observed.services[service.service_id]
    return (
        service.action is Action.ADOPT and not rollout_in_progress(view.service) and view.service.running > 0
    )


def _keeps_old_tasks(service: PlannedService, observed: Snapshot) -> bool:
    """Whether all tasks of the recorded ECS deployment run, which did not fail, beside old ones."""
    (view,) = observed.services[service.service_id]
    primary, known = view.service.primary, observed.record.services.get(service.service_id)
    return (
        service.action is Action.ADOPT
        and primary is not None
        and known is not None
        and known.ecs_deployment_id == primary.id
        and not known.failed
        and primary.running >= view.service.desired > 0
    )
