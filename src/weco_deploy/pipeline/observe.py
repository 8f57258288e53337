"""Reads everything that a plan is made from, with independent calls made concurrently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TypeVar

from weco_deploy.errors import NotFound
from weco_deploy.model.arn import resource_name
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.image import ImageView, Repository, TaggedImage
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.release import Release
from weco_deploy.model.service import (
    DefinedContainer,
    NearbyService,
    ResolvedImage,
    ServiceKey,
    ServiceView,
)
from weco_deploy.pipeline.deployment_groups import begin_groups
from weco_deploy.pipeline.discovery import Discovered, answered_index
from weco_deploy.pipeline.environment_services import (
    ServiceViews,
    begin_service_index,
    observed_services,
    tells_digests,
)
from weco_deploy.pipeline.image_views import begin_statuses, begin_views
from weco_deploy.pipeline.nearby import nearby_services
from weco_deploy.ports import Calls, ImageRegistry, Ports
from weco_deploy.rules.running import current_tasks

HISTORY = 50
"""How many of the environment's latest deployments are read, for what became of the images before."""
KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


def observe(environment: Environment, release: Release, ports: Ports) -> tuple[Release, Snapshot]:
    """The release, with the digest of every version that ECR has, and the snapshot to plan from.

    Raises WrongAccount before any other error.
    """
    calls = ports.calls
    images = [image for image in ports.project.images if image.id in release.versions]
    account = calls.begin(ports.check_account)
    index = begin_service_index(images, environment, ports)
    recorded = calls.begin(partial(ports.store.environment, environment.id))
    history = calls.begin(partial(ports.store.deployments, [environment.id], HISTORY))
    repositories = _begin_repositories(images, ports)
    statuses = begin_statuses(images, release, ports)

    calls.answer(account)
    record = calls.answer(recorded)
    # After the record: a claim on this record must not succeed with tags from before another deployment moved them.
    views = begin_views(images, release, environment, statuses, ports)
    unrecorded = _begin_unrecorded(images, environment, record, ports)
    current = calls.begin(partial(_current, record, release, ports))
    indexed = answered_index(index, calls)
    found, services = observed_services(images, environment, indexed, record, ports)
    defined = _begin_definitions(services, environment, ports)
    resolved = _begin_revisions(services, environment, ports)
    groups = begin_groups(services, environment, ports)
    nearby = _nearby(images, environment, found, ports)

    answered_versions = views.answer(calls)
    answered_repositories = calls.answer(repositories)
    snapshot = Snapshot(
        record=record,
        images={image_id: view for image_id, (_, view) in answered_versions.items()},
        repositories={image.id: answered_repositories.get(image.repository) for image in images},
        services=services,
        defined=_answered(defined, calls),
        resolved=_answered(resolved, calls),
        groups=_answered(groups, calls),
        current=calls.answer(current),
        searched=tuple(resource_name(cluster) for cluster in found.searched),
        nearby=nearby,
        notes=found.notes,
        history=calls.answer(history),
        unrecorded=_answered(unrecorded, calls),
    )
    with_digests = {image_id: version for image_id, (version, _) in answered_versions.items()}
    return replace(release, images={**release.images, **with_digests}), snapshot


def with_tags(
    observed: Snapshot, environment: Environment, image_ids: Iterable[str], ports: Ports
) -> Snapshot:
    """The snapshot, with the digests that the environment's tag points at for these images, if the project still has them."""
    missing = set(image_ids) - observed.images.keys()
    views = {
        image_id: ImageView(manifest=None, tagged=digest)
        for image_id, digest in tags_now(environment, missing, ports).items()
    }
    return replace(observed, images={**observed.images, **views})


def tags_now(environment: Environment, image_ids: Iterable[str], ports: Ports) -> dict[str, str | None]:
    """The digests that the environment's tag points at, by image id, for the images that the project still has."""
    wanted = frozenset(image_ids)
    images = [image for image in ports.project.images if image.id in wanted]
    digests = ports.calls.read(
        partial(_tag, ports.registry, image, image.tag_in(environment)) for image in images
    )
    return {image.id: digest for image, digest in zip(images, digests, strict=True)}


def _answered(begun: Mapping[KeyT, Future[ValueT]], calls: Calls) -> dict[KeyT, ValueT]:
    return dict(zip(begun, calls.answers(begun.values()), strict=True))


# Images


def _begin_repositories(images: Iterable[Image], ports: Ports) -> Future[Mapping[str, Repository]]:
    names = sorted({image.repository for image in images})
    return ports.calls.begin(partial(ports.registry.repositories, names))


def _begin_unrecorded(
    images: Iterable[Image], environment: Environment, record: EnvironmentRecord, ports: Ports
) -> dict[str, Future[TaggedImage | None]]:
    """By image id, what the environment's tag points at, for images of which no deployment is recorded."""
    return {
        image.id: ports.calls.begin(partial(_tagged, ports.registry, image, image.tag_in(environment)))
        for image in images
        if image.id not in record.images
    }


def _tag(registry: ImageRegistry, image: Image, tag: str) -> str | None:
    found = _tagged(registry, image, tag)
    return found.digest if found else None


def _tagged(registry: ImageRegistry, image: Image, tag: str) -> TaggedImage | None:
    try:
        return registry.find(image.repository, tag)
    except NotFound:  # the repository is missing
        return None


# The record


def _current(record: EnvironmentRecord, release: Release, ports: Ports) -> Release | None:
    """The release that was deployed last, to compare its age; None if it is the one to deploy."""
    if record.current is None or record.current.release_id == release.release_id:
        return None
    return ports.store.release(record.current.release_id)


# Services


def _nearby(
    images: Iterable[Image],
    environment: Environment,
    found: Discovered,
    ports: Ports,
) -> tuple[NearbyService, ...]:
    """What may be meant instead of services that are missing, unless an environment may lack them."""
    project = ports.project
    listed = {service_id for image in images for service_id in image.services}
    needed = listed - project.optional_services - project.services_of_others
    if needed <= found.services.keys():
        return ()
    return nearby_services(project, environment, found, ports.runtime(environment), ports.calls)


def _begin_definitions(
    services: ServiceViews, environment: Environment, ports: Ports
) -> dict[ServiceKey, Future[tuple[DefinedContainer, ...]]]:
    """The containers of services whose tasks do not show them.

    Services with another deployment controller than ECS's have no task definition; the plan refuses them.
    """
    runtime = ports.runtime(environment)
    return {
        view.service.key: ports.calls.begin(partial(runtime.defined, view.service.task_definition))
        for view in _views(services)
        if view.service.task_definition and not current_tasks(view)
    }


def _begin_revisions(
    services: ServiceViews, environment: Environment, ports: Ports
) -> dict[ServiceKey, Future[tuple[ResolvedImage, ...]]]:
    """The images that primary deployments resolved, if no running task tells its digests."""
    runtime = ports.runtime(environment)
    return {
        view.service.key: ports.calls.begin(partial(runtime.resolved, view.service))
        for view in _views(services)
        if not tells_digests(view)
    }


def _views(services: ServiceViews) -> list[ServiceView]:
    return [view for same_tags in services.values() for view in same_tags]
