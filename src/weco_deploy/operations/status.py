"""Finds out what runs in each environment, what drifted, what is down, and what waits to be promoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from weco_deploy.errors import DeployError, NotFound
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.status import EnvironmentStatus, Status, Waiting
from weco_deploy.model.survey import Survey
from weco_deploy.operations.image_versions import named
from weco_deploy.pipeline.survey import survey
from weco_deploy.ports import ImageRegistry, Ports
from weco_deploy.rules.promotions import (
    commits_to_compare,
    known_bad_waiting,
    promotion_refusal,
    promotions,
    waiting,
)
from weco_deploy.rules.status import digests_of, environment_status, image_evidence, recorded_names


def status(ports: Ports, environment_id: str | None) -> Status:
    """The state of all environments, or of one.

    An environment that can't be read has its error instead. If that is so of all, the first error is raised. Raises NotFound
    if the project has no such environment.
    """
    project = ports.project
    chosen = [project.environment(environment_id)] if environment_id else list(project.environments)
    if not chosen:
        raise NotFound(f"project {project.id} has no environments", "add one to the project file")
    routes = [route for route in promotions(project) if environment_id in (None, route.target)]
    observed = survey(_with_sources(chosen, [route.source for route in routes], project), ports)
    failed = [error for id_ in observed if isinstance(error := observed[id_], DeployError)]
    if len(failed) == len(observed):
        raise failed[0]
    now = ports.clock.utc()
    surveys = {id_: found for id_, found in observed.items() if isinstance(found, Survey)}
    names = _names(surveys, ports)
    found = {
        id_: environment_status(project, project.environment(id_), seen, names, now)
        for id_, seen in surveys.items()
    }
    readable = [route for route in routes if {route.source, route.target} <= found.keys()]
    pairs = {
        pair for route in readable for pair in commits_to_compare(found[route.source], found[route.target])
    }
    between = ports.history.between(sorted(pairs))
    coming = [
        waiting(
            found[route.source],
            found[route.target],
            between,
            promotion_refusal(surveys[route.source].record, project),
        )
        for route in readable
    ]
    states: dict[str, EnvironmentStatus | DeployError] = {}
    for environment in chosen:
        seen = observed[environment.id]
        states[environment.id] = (
            seen
            if isinstance(seen, DeployError)
            else _with_coming(found[environment.id], seen, coming, found)
        )
    return Status(at=now, environments=states, waiting=tuple(filter(None, coming)))


def _with_sources(
    chosen: Sequence[Environment], sources: Sequence[str], project: Project
) -> list[Environment]:
    return [
        environment
        for environment in project.environments
        if environment in chosen or environment.id in sources
    ]


def _with_coming(
    state: EnvironmentStatus,
    observed: Survey,
    coming: Sequence[Waiting | None],
    states: Mapping[str, EnvironmentStatus],
) -> EnvironmentStatus:
    """The state, with the known-bad images that wait to be promoted there."""
    known = [
        bad
        for waits in coming
        if waits is not None and waits.target == state.environment
        for bad in known_bad_waiting(waits, states[waits.source], observed.history)
    ]
    return replace(state, known_bad=(*state.known_bad, *known))


# Names of versions


def _names(surveys: Mapping[str, Survey], ports: Ports) -> dict[str, dict[str, str]]:
    """The names of all versions that were seen, by image id and digest. ECR is asked only for those that no record has."""
    project = ports.project
    names: dict[str, dict[str, str]] = {image.id: {} for image in project.images}
    for observed in surveys.values():
        for image_id, known in recorded_names(observed).items():
            names.setdefault(image_id, {}).update(known)
    unknown = {
        image.id: sorted(_digests(image, surveys, project) - names[image.id].keys())
        for image in project.images
    }
    found = _find(unknown, ports)
    for nth in range(max(map(len, found.values()), default=0)):
        images = {image_id: images[nth] for image_id, images in found.items() if nth < len(images)}
        for image_id, version in named(ports, images).items():
            if version is not None:
                names[image_id][images[image_id].digest] = version.commit
    return names


def _digests(image: Image, surveys: Mapping[str, Survey], project: Project) -> frozenset[str]:
    return frozenset(
        digest
        for observed in surveys.values()
        for digest in digests_of(image_evidence(project, image, observed))
    )


def _find(unknown: Mapping[str, Sequence[str]], ports: Ports) -> dict[str, list[TaggedImage]]:
    """The images with these digests (by image id) that ECR has."""
    wanted = [(image_id, digest) for image_id, digests in unknown.items() for digest in digests]
    answers = ports.calls.read(
        partial(_find_image, ports.registry, ports.project.image(image_id), digest)
        for image_id, digest in wanted
    )
    found: dict[str, list[TaggedImage]] = {}
    for (image_id, _), image in zip(wanted, answers, strict=True):
        if image is not None:
            found.setdefault(image_id, []).append(image)
    return found


def _find_image(registry: ImageRegistry, image: Image, digest: str) -> TaggedImage | None:
    try:
        return registry.find(image.repository, digest)
    except NotFound:  # the repository is missing
        return None
