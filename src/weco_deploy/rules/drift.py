"""Where an environment is not what its record says."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.rules.expecting import expected_of
from weco_deploy.rules.planning import examine
from weco_deploy.rules.running import rolling


def drift(project: Project, environment: Environment, release: Release, seen: Snapshot) -> tuple[str, ...]:
    """What is not as it is when the release is deployed: tags elsewhere, services that run something else.

    One that is being scaled, or replaces a task, runs the release all the same.
    """
    digests = {image_id: version.digest for image_id, version in release.versions.items()}
    tags = tuple(
        f"{image_id}: {environment.tag} points at {short_digest(view.tagged) if view.tagged else 'nothing'}, "
        f"not at {short_digest(digest)}"
        for image_id, view in seen.images.items()
        if (digest := digests.get(image_id)) is not None and view.tagged != digest
    )
    found = examine(project, environment, expected_of(project, environment, digests, seen), seen)
    services = tuple(
        f"{service.service_id}: {service.why}"
        for service in found.services
        if service.action is not Action.LEAVE and not _runs_some(service, seen)
    )
    return (*tags, *services, *found.refusals, *found.gone.values())


def _runs_some(service: PlannedService, seen: Snapshot) -> bool:
    """Whether it runs the release, if not in all the tasks that are desired, and no rollout goes on."""
    (view,) = seen.services[service.service_id]
    return service.action is Action.ADOPT and not rolling(view.service) and view.service.running > 0
