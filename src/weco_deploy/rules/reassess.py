"""How a deployment that was made before stands now: what its record says, held against what is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from weco_deploy.errors import PlanRefused
from weco_deploy.model.deployment import Deployment, ImageChange, ServiceOutcome, ServiceStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.expecting import expected_of
from weco_deploy.rules.outcome import as_seen, drifted, left_as
from weco_deploy.rules.planning import examine
from weco_deploy.rules.rollout.rolling import Track
from weco_deploy.rules.running import running

PROVEN_AFTER = timedelta(minutes=10)
"""How long the tasks of a service that failed have to be up before it is believed to be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """A deployment as it stands now.

    `tracks` are the rollouts of it that are still to be watched, by service id; `elsewhere` the images whose tag
    does not point at what was deployed.
    """

    deployment: Deployment
    tracks: Mapping[str, Track]
    elsewhere: tuple[str, ...]


def in_hindsight(
    recorded: Deployment,
    release: Release,
    project: Project,
    environment: Environment,
    seen: Snapshot,
    now: datetime,
) -> Hindsight:
    """How the deployment stands by what is seen now. Raises PlanRefused if that can't be judged."""
    digests = {
        image_id: recorded.images[image_id].to_digest if image_id in recorded.images else version.digest
        for image_id, version in release.versions.items()
    }
    expected = expected_of(project, environment, digests, seen)
    found = examine(project, environment, expected, without_verdicts(seen))
    if found.refusals:
        raise PlanRefused(f"deployment {recorded.deployment_id} can't be judged:", found.refusals)
    noted = {outcome.service_id: outcome for outcome in recorded.services}
    outcomes: list[ServiceOutcome] = []
    tracks: dict[str, Track] = {}
    to_come = carried_out(recorded, seen.record, now)
    for service in found.services:
        known = noted.get(service.service_id)
        if to_come and known is not None and known.status is ServiceStatus.PENDING:
            outcomes.append(known)
            continue
        outcome = _outcome(service, known, proven=_proven(seen.services[service.service_id], now))
        outcomes.append(outcome)
        if outcome.status is ServiceStatus.IN_PROGRESS and outcome.ecs_deployment_id:
            tracks[service.service_id] = Track(
                service=service,
                deployment_id=outcome.ecs_deployment_id,
                previous_id=None,
                since=recorded.date_created,
                # What stopped before the verdict has been judged: what speaks against it now is what stopped since.
                well_since=recorded.date_finished if _failed(known) else None,
            )
    outcomes += _others(recorded, outcomes, found.gone, project)
    changes = recorded.images or {
        image_id: ImageChange(
            image_id=image_id, from_digest=None, to_digest=digest, to_ref=release.versions[image_id].ref
        )
        for image_id, digest in digests.items()
        if digest is not None
    }
    deployment = as_seen(replace(recorded, images=changes, services=tuple(outcomes)), seen)
    return Hindsight(deployment=deployment, tracks=tracks, elsewhere=drifted(deployment, seen))


def without_verdicts(seen: Snapshot) -> Snapshot:
    """What was seen, without what the environment's record says of failures: that is why a service is redeployed.

    What became of it since is seen in the service itself.
    """
    services = {key: replace(known, failed=False) for key, known in seen.record.services.items()}
    return replace(seen, record=replace(seen.record, services=services))


def _failed(noted: ServiceOutcome | None) -> bool:
    return noted is not None and noted.status is ServiceStatus.FAILED


def _others(
    recorded: Deployment, judged: Iterable[ServiceOutcome], gone: Mapping[str, str], project: Project
) -> Iterator[ServiceOutcome]:
    """The services that were deployed to and are not found any more. 5.x noted them by their names in ECS alone."""
    outcomes = tuple(judged)
    ids, keys = {one.service_id for one in outcomes}, {one.key for one in outcomes}
    for known in recorded.services:
        if known.service_id in ids or known.key in keys:
            continue
        if known.service_id in project.services:
            missing = f"{known.key} is not found any more"
            yield replace(known, status=ServiceStatus.FAILED, reason=gone.get(known.service_id, missing))
        elif known.settled:
            yield known
        else:
            unknown = "the project file no longer names it"
            yield replace(known, status=ServiceStatus.FAILED, reason=unknown)


def _proven(views: Iterable[ServiceView], now: datetime) -> bool:
    """Whether all running tasks have been up for long: a crash loop looks well between two crashes."""
    started = [task.started_at for view in views for task in running(view)]
    return bool(started) and all(at is not None and at <= now - PROVEN_AFTER for at in started)


def _outcome(service: PlannedService, noted: ServiceOutcome | None, *, proven: bool) -> ServiceOutcome:
    """How a service stands before anything is watched. `proven`: its tasks have been up for long."""
    ecs_id = noted.ecs_deployment_id if noted else None
    outcome = ServiceOutcome(
        service_id=service.service_id,
        key=service.key,
        images=service.images,
        status=ServiceStatus.FAILED,
        ecs_deployment_id=ecs_id,
        reason=f"it does not run the release: {service.why}",
    )
    watched_again = replace(
        outcome, status=ServiceStatus.IN_PROGRESS, ecs_deployment_id=service.ecs_deployment_id, reason=""
    )
    if _failed(noted) and service.action is not Action.REDEPLOY and ecs_id == service.ecs_deployment_id:
        if service.action is Action.LEAVE and service.desired and proven:
            return watched_again
        mended = "it runs the release, but its tasks have not been up for long enough to say that it does not fail again"
        return replace(outcome, reason=mended if service.desired else "it failed, and runs nothing now")
    if service.action is Action.LEAVE:
        ours = noted is not None and noted.status is not ServiceStatus.UNCHANGED
        redeployed = ours and ecs_id is not None and ecs_id == service.ecs_deployment_id
        status = left_as(service)
        if redeployed and status is ServiceStatus.UNCHANGED:
            status = ServiceStatus.SUCCEEDED
        return replace(
            outcome, status=status, ecs_deployment_id=service.ecs_deployment_id, reason=service.why
        )
    if service.action is Action.ADOPT:
        return watched_again
    watched = ecs_id or (service.ecs_deployment_id if service.desired else None)
    if noted is not None and not noted.settled and watched:
        # One that was cut off may have been told without that being noted: its rollout shows what it runs.
        return replace(outcome, status=ServiceStatus.IN_PROGRESS, ecs_deployment_id=watched, reason="")
    return outcome


def carried_out(deployment: Deployment, record: EnvironmentRecord, now: datetime) -> bool:
    """Whether somebody carries the deployment out at this moment."""
    lock = record.lock
    ours = lock is not None and lock.deployment_id == deployment.deployment_id and not lock.over(now)
    return ours and not deployment.finished
