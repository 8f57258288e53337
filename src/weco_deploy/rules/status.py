"""Puts together what runs in an environment and what is wrong there, from what was observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Lock
from weco_deploy.model.expected import Expected
from weco_deploy.model.left_out import Allowance
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.service import ServiceView
from weco_deploy.model.status import EnvironmentStatus, ImageStatus, KnownBad, ServiceStatus, Version
from weco_deploy.model.survey import Survey
from weco_deploy.model.tags import commit_in
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.drift import ImageEvidence, ServiceEvidence, drifts, tagged_digest
from weco_deploy.rules.known_bad import incident
from weco_deploy.rules.lock import blocking_lock, is_over
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.steady_state import rollout_in_progress
from weco_deploy.rules.service_health import missing_status, service_status, tasks_by_digest

Names = Mapping[str, str]
"""Commits or versions of an image, by digest."""


def environment_status(
    project: Project,
    environment: Environment,
    observed: Survey,
    names: Mapping[str, Names],
    now: datetime,
) -> EnvironmentStatus:
    """The environment's state. `names` are the names of versions by image id and digest."""
    evidence = [image_evidence(project, image, observed) for image in project.images]
    lock = blocking_lock(observed.record, now)
    deployment = observed.history[0] if observed.history else None
    return EnvironmentStatus(
        environment=environment.id,
        images=tuple(
            _image(image, environment, found, observed, names.get(image.id, {}))
            for image, found in zip(project.images, evidence, strict=True)
        ),
        drifts=tuple(drift for found in evidence for drift in drifts(found, names.get(found.image_id, {}))),
        services=tuple(_services(project, environment, observed, now)),
        services_of_others=len(project.services_of_others),
        lock=lock,
        next_lock=observed.record.next_lock if observed.record.next_lock != lock else None,
        lock_build_url=_build_url(lock, observed.history),
        deployment=deployment,
        cut_off=_is_cut_off(deployment, observed, now),
        known_bad=_known_bad(evidence, observed.history, names),
        history=observed.history,
        notes=(*observed.notes, *_unknown(project, observed)),
    )


def image_evidence(project: Project, image: Image, observed: Survey) -> ImageEvidence:
    """What the record, the tag, ECS's deployments and the running tasks say of an image, with digests of whole images."""
    recorded = observed.record.images[image.id].digest if image.id in observed.record.images else None
    tagged = observed.tagged.get(image.id)
    preferred = (recorded, tagged.digest if tagged else None)
    known = (observed.recorded.get(image.id), tagged)
    manifests = {manifest.digest: manifest for manifest in known if manifest is not None}
    used = observed.used[image.id]
    services = []
    for service_id in image.services:
        views = observed.services.get(service_id, ())
        if len(views) == 1 and service_id not in project.services_of_others:
            services.append(_service_evidence(service_id, views[0], used))
    return ImageEvidence(
        image_id=image.id,
        recorded=recorded,
        tagged=tagged.digest if tagged else None,
        coming=_coming(image.id, observed.history),
        services=tuple(
            ServiceEvidence(
                service_id=service.service_id,
                resolved=tagged_digest(service.resolved, preferred, manifests) if service.resolved else None,
                running=_summed(
                    (tagged_digest(digest, preferred, manifests), tasks)
                    for digest, tasks in service.running.items()
                ),
            )
            for service in services
        ),
    )


def digests_of(evidence: ImageEvidence) -> frozenset[str]:
    """All digests of an image that a source has."""
    services = {
        digest
        for service in evidence.services
        for digest in (*service.running, service.resolved)
        if digest is not None
    }
    others = {evidence.recorded, evidence.tagged} - {None}
    return frozenset(services | {digest for digest in others if digest})


def recorded_names(observed: Survey) -> dict[str, dict[str, str]]:
    """The names of versions that the record and the deployments know, by image id and digest."""
    found: dict[str, dict[str, str]] = {}
    for deployment in observed.history:
        for image_id, change in deployment.images.items():
            names = found.setdefault(image_id, {})
            if change.to_commit:
                names.setdefault(change.to_digest, change.to_commit)
            if change.from_digest and change.from_commit:
                names.setdefault(change.from_digest, change.from_commit)
    for image_id, applied in observed.record.images.items():
        if applied.ref:
            found.setdefault(image_id, {})[applied.digest] = commit_in(applied.ref, applied.name)
    return found


# Images


def _summed(counted: Iterator[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for digest, tasks in counted:
        total[digest] = total.get(digest, 0) + tasks
    return total


def _service_evidence(service_id: str, view: ServiceView, used: Expected) -> ServiceEvidence:
    """What a service shows of an image. While ECS replaces tasks, only those of the PRIMARY deployment count."""
    tasks = running_tasks(view)
    primary = view.service.primary
    if primary is not None and rollout_in_progress(view.service):
        tasks = tuple(task for task in tasks if belongs(task, primary))
    resolved = {found.digest for found in view.resolved or () if found.digest and used.concerns(found.image)}
    return ServiceEvidence(
        service_id=service_id,
        resolved=next(iter(sorted(resolved)), None),
        running=tasks_by_digest(used, tasks),
    )


def _coming(image_id: str, history: Sequence[Deployment]) -> str | None:
    """The digest that a deployment in progress brings."""
    if not history or history[0].status is not DeploymentStatus.IN_PROGRESS:
        return None
    change = history[0].images.get(image_id)
    return change.to_digest if change else None


def _image(
    image: Image, environment: Environment, evidence: ImageEvidence, observed: Survey, names: Names
) -> ImageStatus:
    def version(digest: str | None) -> Version | None:
        return Version(digest, names.get(digest)) if digest else None

    running: dict[Version, tuple[str, ...]] = {}
    for service in evidence.services:
        for digest in service.running:
            found = Version(digest, names.get(digest))
            running[found] = (*running.get(found, ()), service.service_id)
    since, or_earlier = deployed_since(image.id, evidence.recorded, observed)
    return ImageStatus(
        image_id=image.id,
        tag=image.tag_in(environment),
        deployed=version(evidence.recorded),
        tagged=version(evidence.tagged),
        running=running,
        since=since,
        or_earlier=or_earlier,
    )


def deployed_since(image_id: str, digest: str | None, observed: Survey) -> tuple[datetime | None, bool]:
    """Since when the environment's tag has been at the digest, and whether it may have been there earlier.

    None if no deployment that was read brought it.
    """
    since: datetime | None = None
    for deployment in observed.history:
        change = deployment.images.get(image_id)
        if change is None or not change.applied:
            continue
        if change.to_digest != digest:
            return since, False
        since = deployment.date_finished or deployment.date_created
        if change.tag_moved:
            return since, False
    return since, since is not None


# Services


def _services(
    project: Project, environment: Environment, observed: Survey, now: datetime
) -> Iterator[ServiceStatus]:
    names = project.named_services(environment)
    for service_id, image_ids in project.services.items():
        if service_id in project.services_of_others:
            continue
        views = observed.services.get(service_id, ())
        expected = [observed.used[id_] for id_ in image_ids]
        if views:
            yield service_status(service_id, views, expected, now, _current(image_ids, observed))
        else:
            yield missing_status(
                service_id,
                environment.id,
                names.get(service_id),
                may_be_missing=service_id in project.optional_services or _left_out(service_id, observed),
            )


def _unknown(project: Project, observed: Survey) -> Iterator[str]:
    """A remark on the services of which nothing tells which images they run: that they drifted would not show."""
    unknown = [
        service_id
        for service_id, views in observed.services.items()
        if service_id not in project.services_of_others and any(map(_tells_nothing, views))
    ]
    if unknown:
        yield f"nothing tells what {', '.join(unknown)} {'runs' if len(unknown) == 1 else 'run'}"


def _tells_nothing(view: ServiceView) -> bool:
    tasks = running_tasks(view)
    reported = any(container.digest for task in tasks for container in task.containers)
    return bool(tasks) and not reported and not any(found.digest for found in view.resolved or ())


def _current(image_ids: Iterable[str], observed: Survey) -> frozenset[str]:
    """The digests of these images that the record and the tags have, and those of their children."""
    found = [known.get(image_id) for image_id in image_ids for known in (observed.tagged, observed.recorded)]
    return frozenset(digest for manifest in found if manifest is not None for digest in manifest.accepted)


def _left_out(service_id: str, observed: Survey) -> bool:
    """Whether the last deployment was allowed to leave the service out. Where nothing was deployed yet, nothing allowed it."""
    last = observed.history[0].left_out if observed.history else ()
    return any(left.id == service_id and left.why is Allowance.ALLOW_MISSING for left in last)


# Locks and deployments


def _build_url(lock: Lock | None, history: Sequence[Deployment]) -> str | None:
    """The build that took the lock. Locks that earlier versions recorded have none, but their deployments do."""
    if lock is None or lock.build_url or lock.deployment_id is None:
        return lock.build_url if lock else None
    return next((found.build_url for found in history if found.deployment_id == lock.deployment_id), None)


def _is_cut_off(deployment: Deployment | None, observed: Survey, now: datetime) -> bool:
    """Whether nobody goes on with the last deployment: it has no result, and no lease in force."""
    if deployment is None or deployment.status is not DeploymentStatus.IN_PROGRESS:
        return False
    lock = observed.record.lock
    return lock is None or lock.deployment_id != deployment.deployment_id or is_over(lock, now)


def _known_bad(
    evidence: Sequence[ImageEvidence], history: Sequence[Deployment], names: Mapping[str, Names]
) -> tuple[KnownBad, ...]:
    """The images that the environment has, by the record or the tag, and that failed there or were rolled back."""
    found = []
    for image in evidence:
        for digest in dict.fromkeys((image.recorded, image.tagged)):
            known = incident(image.image_id, digest, history) if digest else None
            if digest and known:
                version = Version(digest, names.get(image.image_id, {}).get(digest))
                found.append(
                    KnownBad(
                        image_id=image.image_id,
                        version=version,
                        failed=known.failed,
                        deployment=known.deployment,
                        there=True,
                    )
                )
    return tuple(found)
