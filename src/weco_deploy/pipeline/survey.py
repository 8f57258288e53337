"""Reads what `status` needs of several environments, side by side.

The main thread begins the calls that all environments need. Then each environment is read in a thread of its own, so that an
error there hides no other environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from weco_deploy.errors import DeployError, NotFound
from weco_deploy.model.arn import Arn
from weco_deploy.model.deployment import Deployment, ServiceStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import Manifest, Repository
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.service import Service, ServiceKey, ServiceView
from weco_deploy.model.survey import Survey
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.discovery import Index, answered_index, hinted, named
from weco_deploy.pipeline.environment_services import (
    ServiceViews,
    begin_service_index,
    observed_services,
    tells_digests,
)
from weco_deploy.pipeline.stopped_tasks import begin_stopped, stopped_in_clusters
from weco_deploy.ports import Calls, Done, Failed, ImageRegistry, Outcome, Ports, ServiceRuntime
from weco_deploy.rules.digests import running_tasks, wrong_container
from weco_deploy.rules.running import expected_image
from weco_deploy.rules.service_health import RECENT, tasks_by_digest

HISTORY = 50
"""How many of an environment's latest deployments are read: what became of images before, and since when they are there."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """The first calls for an environment. `tags` has, by image id, the manifests by tag, of all environments.

    `repositories` has all repositories by name.
    """

    record: Future[EnvironmentRecord]
    index: tuple[Future[Index], ...]
    history: Future[tuple[Deployment, ...]]
    repositories: Future[Mapping[str, Repository]]
    tags: Mapping[str, Future[Mapping[str, Manifest]]]


def survey(environments: Sequence[Environment], ports: Ports) -> dict[str, Survey | DeployError]:
    """What was observed of each environment, by its id, or the error that kept it from being read."""
    begun = _begin(environments, ports)
    outcomes = ports.calls.side_by_side(
        [
            partial(_survey, environment, first, ports)
            for environment, first in zip(environments, begun, strict=True)
        ]
    )
    return {
        environment.id: _survey_or_error(outcome)
        for environment, outcome in zip(environments, outcomes, strict=True)
    }


def _survey_or_error(outcome: Outcome[Survey]) -> Survey | DeployError:
    match outcome:
        case Done(survey):
            return survey
        case Failed(error):
            return error
    raise AssertionError(outcome)  # only changes are skipped


def _begin(environments: Sequence[Environment], ports: Ports) -> list[_Begun]:
    """Begin the first calls. Those for images are begun last, because other calls need the answers of the others."""
    calls, store, images = ports.calls, ports.store, ports.project.images
    records = [calls.begin(partial(store.environment, environment.id)) for environment in environments]
    indexes = [begin_service_index(images, environment, ports) for environment in environments]
    histories = [
        calls.begin(partial(store.deployments, [environment.id], HISTORY)) for environment in environments
    ]
    names = sorted({image.repository for image in images})
    repositories = calls.begin(partial(ports.registry.repositories, names))
    tags = {image.id: calls.begin(partial(_tags, ports.registry, image, environments)) for image in images}
    return [_Begun(*first, repositories, tags) for first in zip(records, indexes, histories, strict=True)]


def _survey(environment: Environment, begun: _Begun, ports: Ports, calls: Calls) -> Survey:
    ports = replace(ports, calls=calls)
    project, runtime = ports.project, ports.runtime(environment)
    record, index = calls.answer(begun.record), answered_index(begun.index, calls)
    clusters = _begin_stopped(project, environment, record, index, runtime, calls)
    found, services = observed_services(project.images, environment, index, record, ports)
    history = calls.answer(begun.history)
    stopped = stopped_in_clusters(
        runtime,
        [view.service for view in _views(services)],
        calls,
        clusters,
        suspects=_failed_lately(history, ports.clock.utc()),
    )
    views = {
        service_id: tuple(replace(view, stopped=stopped.get(view.service.key, ())) for view in same_tags)
        for service_id, same_tags in services.items()
    }
    by_tag = dict(zip(begun.tags, calls.answers(begun.tags.values()), strict=True))
    tagged = {
        image.id: by_tag[image.id][tag]
        for image in project.images
        if (tag := image.tag_in(environment)) in by_tag[image.id]
    }
    found_repositories = calls.answer(begun.repositories)
    used = {
        image.id: expected_image(image, environment, found_repositories.get(image.repository), frozenset())
        for image in project.images
    }
    recorded = _recorded(environment, record, tagged, used, views, ports)
    return Survey(
        record=record,
        history=history,
        tagged=tagged,
        recorded=recorded,
        used=used,
        services=_with_resolved(views, environment, used, _right(record, tagged, recorded), ports),
        notes=(*found.notes, *_without_repository(project, found_repositories)),
    )


# Images


def _without_repository(project: Project, found: Mapping[str, Repository]) -> Iterator[str]:
    """A remark if repositories of the project don't exist: its images then look as if they had no tags yet."""
    missing = dict.fromkeys(image.repository for image in project.images if image.repository not in found)
    if missing:
        yield f"the registry has no {'repository' if len(missing) == 1 else 'repositories'} {', '.join(missing)}"


def _tags(
    registry: ImageRegistry, image: Image, environments: Sequence[Environment]
) -> Mapping[str, Manifest]:
    tags = dict.fromkeys(image.tag_in(environment) for environment in environments)
    try:
        return registry.tagged(image.repository, list(tags))
    except NotFound:  # the repository is missing, and so are its tags
        return {}


def _recorded(
    environment: Environment,
    record: EnvironmentRecord,
    tagged: Mapping[str, Manifest],
    used: Mapping[str, Expected],
    services: ServiceViews,
    ports: Ports,
) -> dict[str, Manifest]:
    """The manifests of recorded digests: those that tags point at, and those that are needed to know what runs.

    Tasks of a multi-architecture image may report the digest of a child, which only the manifest names.
    """
    images = [image for image in ports.project.images if image.id in record.images]
    digests = {image.id: record.images[image.id].digest for image in images}
    same = {
        image_id: tagged[image_id]
        for image_id, digest in digests.items()
        if image_id in tagged and tagged[image_id].digest == digest
    }
    unclear = [
        image
        for image in images
        if image.id not in same
        and not _running(image, used[image.id], services)
        <= {digests[image.id], *(tagged[image.id].accepted if image.id in tagged else ())}
    ]
    manifests = ports.calls.read(
        partial(_manifest, ports.registry, image, digests[image.id], environment) for image in unclear
    )
    read = {
        image.id: manifest for image, manifest in zip(unclear, manifests, strict=True) if manifest is not None
    }
    return {**same, **read}


def _right(
    record: EnvironmentRecord, tagged: Mapping[str, Manifest], recorded: Mapping[str, Manifest]
) -> dict[str, frozenset[str]]:
    """The digests that tasks may report, by image id: those of the deployed version, else of the tagged one."""
    accepted = {image_id: manifest.accepted for image_id, manifest in tagged.items()}
    deployed = {image_id: frozenset({applied.digest}) for image_id, applied in record.images.items()}
    whole = {image_id: manifest.accepted for image_id, manifest in recorded.items()}
    return {**accepted, **deployed, **whole}


def _running(image: Image, used: Expected, services: ServiceViews) -> set[str]:
    """The digests that running tasks report for an image."""
    views = (view for service_id in image.services for view in services.get(service_id, ()))
    return {digest for view in views for digest in tasks_by_digest(used, running_tasks(view))}


def _manifest(
    registry: ImageRegistry, image: Image, digest: str, environment: Environment
) -> Manifest | None:
    try:
        return registry.manifest_and_tag(image.repository, digest, image.tag_in(environment)).manifest
    except NotFound:
        return None


# Services


def _begin_stopped(
    project: Project,
    environment: Environment,
    record: EnvironmentRecord,
    index: Index,
    runtime: ServiceRuntime,
    calls: Calls,
) -> reads.Listing:
    """Begin to list the stopped tasks of the clusters where the services most likely are."""
    wanted = frozenset(project.services) - project.services_of_others
    hints = hinted(wanted, named(project, environment, wanted, record), index, record)
    return begin_stopped(runtime, (key for key in hints if Arn.parse(key.cluster)), calls)


def _failed_lately(history: Iterable[Deployment], now: datetime) -> frozenset[ServiceKey]:
    """The services that failed in a deployment lately.

    ECS itself soon forgets: once it has put a service back, it counts no failed tasks any more.
    """
    return frozenset(
        outcome.key
        for deployment in history
        if deployment.date_finished and deployment.date_finished >= now - RECENT
        for outcome in deployment.services
        if outcome.status is ServiceStatus.FAILED
    )


def _with_resolved(
    services: ServiceViews,
    environment: Environment,
    used: Mapping[str, Expected],
    right: Mapping[str, frozenset[str]],
    ports: Ports,
) -> ServiceViews:
    """The services, with the images that ECS resolved where tasks are desired but tell no digests, or an unexpected one.

    This costs two calls a service. `right` are the expected digests by image id.
    """
    expected = {
        image_id: replace(image, digests=right[image_id])
        for image_id, image in used.items()
        if image_id in right
    }
    unclear: dict[ServiceKey, Service] = {}
    for service_id, image_ids in ports.project.services.items():
        ours = [expected[image_id] for image_id in image_ids if image_id in expected]
        for view in services.get(service_id, ()):
            if view.service.desired and (
                not tells_digests(view) or wrong_container(running_tasks(view), ours)
            ):
                unclear[view.service.key] = view.service
    runtime = ports.runtime(environment)
    answers = ports.calls.read(partial(runtime.resolved, service) for service in unclear.values())
    resolved = dict(zip(unclear, answers, strict=True))
    return {
        service_id: tuple(replace(view, resolved=resolved.get(view.service.key)) for view in same_tags)
        for service_id, same_tags in services.items()
    }


def _views(services: ServiceViews) -> Iterator[ServiceView]:
    return (view for same_tags in services.values() for view in same_tags)
