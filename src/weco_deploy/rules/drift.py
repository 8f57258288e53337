"""Where an environment is not what its record says."""

from __future__ import annotations

from weco_deploy.model.plan import Action, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.rules.expecting import expected_of
from weco_deploy.rules.planning import examine
from weco_deploy.rules.running import short


def drift(project: Project, environment: Environment, release: Release, seen: Snapshot) -> tuple[str, ...]:
    """What is not as it is when the release is deployed: tags elsewhere, services that run something else."""
    digests = {image_id: version.digest for image_id, version in release.versions.items()}
    tags = tuple(
        f"{image_id}: {environment.tag} points at {short(view.tagged) if view.tagged else 'nothing'}, "
        f"not at {short(digest)}"
        for image_id, view in seen.images.items()
        if (digest := digests.get(image_id)) is not None and view.tagged != digest
    )
    found = examine(project, environment, expected_of(project, environment, digests, seen), seen)
    services = tuple(
        f"{service.service_id}: {service.why}"
        for service in found.services
        if service.action is not Action.LEAVE
    )
    return (*tags, *services, *found.refusals, *found.gone.values())
