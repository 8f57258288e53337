"""Observes everything that a plan is made of, independent calls side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from weco_deploy.errors import NotFound
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.image import ImageView
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.pipeline import concurrent_calls, reads
from weco_deploy.pipeline.concurrent_calls import Turn
from weco_deploy.pipeline.discovery import discover, hinted, tagged
from weco_deploy.ports import ImageRegistry, Ports, ServiceRuntime
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.rolling import belongs
from weco_deploy.rules.running import current_tasks


def observe(
    environment: Environment, release: Release, ports: Ports, turn: Turn = concurrent_calls.no_turn
) -> tuple[Release, Snapshot]:
    """The release, every version with its digest where ECR has it, and what is there to plan from.

    Raises WrongAccount before anything else that may be wrong. Whoever holds the environment already gives
    a `turn`, which is taken while AWS is waited for.
    """
    runtime = ports.runtime(environment)
    images = [image for image in ports.project.images if image.id in release.versions]
    account = concurrent_calls.begin(ports.check_account)
    index = concurrent_calls.begin(partial(tagged, runtime, environment))
    recorded = concurrent_calls.begin(partial(ports.store.environment, environment.id))
    repositories = concurrent_calls.begin(
        partial(ports.registry.repositories, sorted({image.repository for image in images}))
    )
    seen = [
        concurrent_calls.begin(
            partial(_image, ports.registry, image, release.versions[image.id], environment.tag)
        )
        for image in images
    ]
    concurrent_calls.answer(account, turn)
    record = concurrent_calls.answer(recorded, turn)
    current = concurrent_calls.begin(partial(_current, record, release, ports))
    tags = concurrent_calls.answer(index, turn)
    wanted = frozenset(service_id for image in images for service_id in image.services)
    listing = reads.begin_listing(runtime, hinted(wanted, tags, record))
    found = discover(ports.project, environment, wanted, tags, record, runtime, turn)
    views = _views(runtime, found.services, listing, turn)
    seen_views = [view for each in views.values() for view in each]
    # Services that are deployed in other ways than ECS's own have no task definition: the plan refuses them.
    unshown = [
        view.service for view in seen_views if view.service.task_definition and not current_tasks(view)
    ]
    unproven = [view.service for view in seen_views if not _tells(view)]
    defined = concurrent_calls.begin_all(
        partial(runtime.defined, service.task_definition) for service in unshown
    )
    resolved = concurrent_calls.begin_all(partial(runtime.resolved, service) for service in unproven)
    seen_images = dict(zip([image.id for image in images], concurrent_calls.answers(seen, turn), strict=True))
    known = concurrent_calls.answer(repositories, turn)
    snapshot = Snapshot(
        record=record,
        images={image_id: view for image_id, (_, view) in seen_images.items()},
        repositories={image.id: known.get(image.repository) for image in images},
        services=views,
        defined={
            service.key: each
            for service, each in zip(unshown, concurrent_calls.answers(defined, turn), strict=True)
        },
        resolved={
            service.key: each
            for service, each in zip(unproven, concurrent_calls.answers(resolved, turn), strict=True)
        },
        current=concurrent_calls.answer(current, turn),
        notes=found.notes,
    )
    versions = {image_id: version for image_id, (version, _) in seen_images.items()}
    return replace(release, images={**release.images, **versions}), snapshot


def with_tags(seen: Snapshot, environment: Environment, image_ids: Iterable[str], ports: Ports) -> Snapshot:
    """What was seen, and where the environment's tag of these images points, too, if the project still has them."""
    wanted = [image for image in ports.project.images if image.id in set(image_ids) - seen.images.keys()]
    tags = concurrent_calls.read(partial(_tag, ports.registry, image, environment.tag) for image in wanted)
    views = {image.id: ImageView(manifest=None, tagged=tag) for image, tag in zip(wanted, tags, strict=True)}
    return replace(seen, images={**seen.images, **views})


def _tag(registry: ImageRegistry, image: Image, tag: str) -> str | None:
    try:
        found = registry.find(image.repository, tag)
    except NotFound:  # the whole repository is
        return None
    return found.digest if found else None


def _tells(view: ServiceView) -> bool:
    """Whether a running task of the primary deployment tells what that one runs."""
    primary = view.service.primary
    return primary is not None and any(belongs(task, primary) for task in running_tasks(view))


def _image(
    registry: ImageRegistry, image: Image, version: ImageVersion, tag: str
) -> tuple[ImageVersion, ImageView]:
    """The version with its digest (5.x kept none: its `ref.*` tag tells it), and what ECR has of it."""
    try:
        digest = version.digest
        if digest is None:
            tagged_image = registry.find(image.repository, version.ref)
            if tagged_image is None:
                return version, ImageView(manifest=None, tagged=None)
            digest = tagged_image.digest
        return replace(version, digest=digest), registry.manifest_and_tag(image.repository, digest, tag)
    except NotFound:  # the plan says that the repository is missing, with all else that is wrong
        return version, ImageView(manifest=None, tagged=None)


def _current(record: EnvironmentRecord, release: Release, ports: Ports) -> Release | None:
    """The release that was deployed last, to compare its age."""
    if record.current is None or record.current.release_id == release.release_id:
        return None
    return ports.store.release(record.current.release_id)


def _views(
    runtime: ServiceRuntime,
    services: Mapping[str, Iterable[Service]],
    listing: reads.Listing,
    turn: Turn,
) -> dict[str, tuple[ServiceView, ...]]:
    busy = [one.key for each in services.values() for one in each if one.running or one.pending]
    tasks = reads.running_tasks(runtime, busy, listing, turn)
    return {
        service_id: tuple(ServiceView(service=one, tasks=tasks.get(one.key, ())) for one in each)
        for service_id, each in services.items()
    }
