"""Where an environment is not what its record says."""

from __future__ import annotations

from collections.abc import Mapping

from weco_deploy.model.plan import Action, Expected, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.rules.planning import examine
from weco_deploy.rules.running import expectation, short


def expected_of(
    project: Project, environment: Environment, digests: Mapping[str, str | None], seen: Snapshot
) -> dict[str, Expected]:
    """What containers must run where these digests, by image id, are deployed."""
    expected = {}
    for image_id, view in seen.images.items():
        digest = digests.get(image_id)
        if digest is None:
            continue
        whole = view.manifest is not None and view.manifest.digest == digest
        accepted = view.manifest.accepted if view.manifest is not None and whole else frozenset({digest})
        name = project.image(image_id).repository
        expected[image_id] = expectation(image_id, name, environment.tag, accepted)
    return expected


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
