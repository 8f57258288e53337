"""Judges an earlier deployment again: compares its record with what is observed now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from weco_deploy.errors import PlanRefused
from weco_deploy.model.deployment import GOOD, Deployment, ImageChange, ServiceOutcome, ServiceStatus, reasons
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.deployment_status import status_if_left_alone
from weco_deploy.rules.digests import Match, running_tasks
from weco_deploy.rules.examination import examine
from weco_deploy.rules.lock import CLOCK_GRACE, is_over
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.running import evidence, expected_images
from weco_deploy.rules.superseded import superseded_by
from weco_deploy.rules.tag_drift import deployed_digests, drifted_tags, with_observed_tags

RECOVERED_AFTER = timedelta(minutes=10)
"""How long the tasks of a failed service must have been running before it may count as recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassessment:
    """A deployment with its current statuses.

    `tracks` are the rollouts that must still be watched, by service id. `drifted_tags` are the images whose tag does not
    point at the deployed digest. `unchanged` are the ids of services that run the release without having been redeployed by
    this deployment: if they pass the watch, they are unchanged. `gone` are those that did not fail with the release, but
    don't run it now: they are not found, or somebody gave them something else. That says nothing about its images.
    """

    deployment: Deployment
    tracks: Mapping[str, Track]
    drifted_tags: tuple[str, ...]
    unchanged: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def reassess(
    recorded: Deployment,
    release: Release,
    project: Project,
    environment: Environment,
    observed: Snapshot,
    now: datetime,
    stable_for: float,
    superseding: Mapping[str, Deployment] | None = None,
) -> Reassessment:
    """Judge a recorded deployment of `release` by what is observed now. Raises PlanRefused if it can't be judged.

    If the deployment is still being carried out, services that it has not redeployed yet stay pending. `superseding` are later
    deployments that replaced images of this one, by image id.
    """
    digests = expected_digests(recorded, release)
    expected = expected_images(project, environment, digests, observed)
    examined = examine(project, environment, expected, _without_recorded_failures(observed), stable_for)
    if examined.refusals:
        raise PlanRefused(f"deployment {recorded.deployment_id} can't be judged:", examined.refusals)
    recorded_outcomes = {outcome.service_id: outcome for outcome in recorded.services}
    held = has_live_holder(recorded, observed.record, now)
    outcomes: list[ServiceOutcome] = []
    tracks: dict[str, Track] = {}
    unchanged: set[str] = set()
    for service in examined.services:
        before = recorded_outcomes.get(service.service_id)
        if held and before is not None and before.status is ServiceStatus.PENDING:
            outcomes.append(before)
            continue
        views = observed.services[service.service_id]
        outcome = _reassessed(
            service,
            before,
            up_for_long=_up_for_long(views, now),
            not_redeployed=_not_redeployed(views, recorded),
            unknown=_is_unknown(service, views, observed),
        )
        if service.action is Action.REDEPLOY:
            outcome = _if_superseded(outcome, before, service, superseding or {})
        outcomes.append(outcome)
        if service.action is Action.LEAVE and not _redeployed_by_it(service, before):
            unchanged.add(service.service_id)
        if outcome.status is ServiceStatus.IN_PROGRESS and outcome.begun:
            tracks[service.service_id] = replace(
                _track(service, outcome, before, recorded),
                stable_for=stable_for,
                leave_old_tasks=environment.old_tasks == "leave",
            )
    missing = {
        service_id: service.reason.removeprefix(f"{service_id}: ")
        for service_id, service in examined.missing.items()
        if observed.services.get(service_id) or service_id in observed.record.services
    }
    not_found = tuple(_not_found(recorded, outcomes, missing, project))
    outcomes += not_found
    changes = recorded.images or _unrecorded_changes(release, digests)
    deployment = replace(recorded, images=changes, services=tuple(outcomes))
    return Reassessment(
        deployment=with_observed_tags(deployment, observed),
        tracks=tracks,
        drifted_tags=drifted_tags(deployed_digests(deployment), observed),
        unchanged=frozenset(unchanged),
        gone=frozenset(_gone(outcomes, not_found, recorded_outcomes)),
    )


def has_live_holder(deployment: Deployment, record: EnvironmentRecord, now: datetime) -> bool:
    """Whether the process that carries out the deployment still holds the environment."""
    lock = record.lock
    holds = lock is not None and lock.deployment_id == deployment.deployment_id and not is_over(lock, now)
    return holds and not deployment.finished


def expected_digests(recorded: Deployment, release: Release) -> dict[str, str | None]:
    """The digests that must run, by image id: the recorded ones or, as 5.x recorded none, those of the release."""
    return {
        image_id: recorded.images[image_id].to_digest if image_id in recorded.images else version.digest
        for image_id, version in release.versions.items()
    }


def _unrecorded_changes(release: Release, digests: Mapping[str, str | None]) -> dict[str, ImageChange]:
    return {
        image_id: ImageChange(
            image_id=image_id,
            from_digest=None,
            to_digest=digest,
            to_ref=release.versions[image_id].ref,
            to_name=release.versions[image_id].name,
        )
        for image_id, digest in digests.items()
        if digest is not None
    }


def _without_recorded_failures(observed: Snapshot) -> Snapshot:
    """What was observed, without the failures in the environment's record.

    Planning redeploys a service that is recorded as failed, but here the service may have recovered since.
    """
    services = {key: replace(known, failed=False) for key, known in observed.record.services.items()}
    return replace(observed, record=replace(observed.record, services=services))


def _up_for_long(views: Iterable[ServiceView], now: datetime) -> bool:
    """Whether all running tasks have been up for a while. A crash loop looks healthy between two crashes."""
    started = [task.started_at for view in views for task in running_tasks(view)]
    return bool(started) and all(at is not None and at <= now - RECOVERED_AFTER for at in started)


def _not_redeployed(views: Iterable[ServiceView], recorded: Deployment) -> bool:
    """Whether ECS's deployment of the service is older than this one, so nobody has redeployed the service since."""
    began = recorded.date_created - CLOCK_GRACE
    return all(view.service.primary is not None and view.service.primary.created_at < began for view in views)


def _is_unknown(service: PlannedService, views: Iterable[ServiceView], observed: Snapshot) -> bool:
    """Whether nothing tells yet what the service runs, such as when somebody has just redeployed it."""
    known = observed.record.services.get(service.service_id)
    resolved = observed.resolved.get(service.key, ())
    found = (evidence(view, service.expected, resolved, known) for view in views)
    return all(finding.match is Match.UNKNOWN for finding in found)


def _redeployed_by_it(service: PlannedService, recorded: ServiceOutcome | None) -> bool:
    """Whether the ECS deployment that the service runs is the recorded one."""
    return (
        recorded is not None
        and recorded.status is not ServiceStatus.UNCHANGED
        and recorded.ecs_deployment_id is not None
        and recorded.ecs_deployment_id == service.ecs_deployment_id
    )


def _reassessed(
    service: PlannedService,
    recorded: ServiceOutcome | None,
    *,
    up_for_long: bool,
    not_redeployed: bool,
    unknown: bool,
) -> ServiceOutcome:
    """The service's outcome now. IN_PROGRESS means that the ECS deployment in it has to be watched.

    | planning would | recorded as                        | now                                         |
    |----------------|------------------------------------|---------------------------------------------|
    | leave, adopt   | not good in this ECS deployment    | failed; watched again if it seems recovered |
    | leave          | anything else                      | watched, or nothing running                 |
    | adopt          | anything else                      | watched                                     |
    | redeploy       | pending, not redeployed            | failed: it was cut off before               |
    | redeploy       | not started, and not redeployed    | not started                                 |
    | redeploy       | pending, in progress, unverified   | watched, if there is anything to watch      |
    | redeploy       | good, and nothing tells what runs  | watched, if any task is desired             |
    | redeploy       | anything else                      | failed: it does not run the release         |
    """
    recorded_id = recorded.ecs_deployment_id if recorded else None
    same_deployment = recorded_id == service.ecs_deployment_id

    def now(status: ServiceStatus, ecs_deployment_id: str | None, reason: str = "") -> ServiceOutcome:
        known = (
            recorded.reason
            if recorded is not None and recorded.status is status is ServiceStatus.FAILED
            else ""
        )
        return ServiceOutcome(
            service_id=service.service_id,
            key=service.key,
            images=service.images,
            status=status,
            ecs_deployment_id=ecs_deployment_id,
            ecs_rollback=recorded.ecs_rollback if recorded is not None else None,
            reason=reasons(reason, f"recorded: {known}" if known else ""),
            failures=recorded.failures if recorded is not None and status not in GOOD else (),
        )

    match service.action, recorded.status if recorded else None:
        case (Action.LEAVE, (ServiceStatus.FAILED | ServiceStatus.SUPERSEDED)) if (
            same_deployment and service.desired and up_for_long
        ):
            return now(ServiceStatus.IN_PROGRESS, service.ecs_deployment_id)
        case ((Action.LEAVE | Action.ADOPT), (ServiceStatus.FAILED | ServiceStatus.SUPERSEDED)) if (
            same_deployment
        ):
            too_early = "it runs the release, but its tasks have not been up for long enough to say that it does not fail again"
            reason = too_early if service.desired else "it failed, and runs nothing now"
            return now(ServiceStatus.FAILED, recorded_id, reason)
        case Action.LEAVE, _ if service.desired:
            # One look can't tell a crash loop from health: a poll reads stopped tasks, targets and ECS's verdict, too.
            return now(ServiceStatus.IN_PROGRESS, service.ecs_deployment_id)
        case Action.LEAVE, _:
            return now(status_if_left_alone(service), service.ecs_deployment_id, service.why)
        case Action.ADOPT, _:
            return now(ServiceStatus.IN_PROGRESS, service.ecs_deployment_id)
        case Action.REDEPLOY, ServiceStatus.PENDING if not_redeployed:
            reason = f"it was not redeployed, because the deployment was cut off before: {service.why}"
            return now(ServiceStatus.FAILED, None, reason)
        case Action.REDEPLOY, ServiceStatus.NOT_STARTED if not_redeployed and recorded is not None:
            return now(ServiceStatus.NOT_STARTED, None, recorded.reason)
        case Action.REDEPLOY, (ServiceStatus.PENDING | ServiceStatus.IN_PROGRESS | ServiceStatus.UNVERIFIED):
            # The service may have been redeployed without a record of it. The rollout shows what it runs.
            watched = _to_watch(service, recorded)
            if watched is not None:
                return now(ServiceStatus.IN_PROGRESS, watched or None)
        case Action.REDEPLOY, status if unknown and service.desired and (status is None or status in GOOD):
            return now(ServiceStatus.IN_PROGRESS, service.ecs_deployment_id)
    return now(ServiceStatus.FAILED, recorded_id, f"it does not run the release: {service.why}")


def _to_watch(service: PlannedService, recorded: ServiceOutcome | None) -> str | None:
    """The ECS deployment to watch; empty if ECS has not begun the rollback that it was told to make, None if there is nothing."""
    recorded_id = recorded.ecs_deployment_id if recorded else None
    if recorded is not None and recorded.ecs_rollback:
        return recorded_id or ""
    return recorded_id or (service.ecs_deployment_id if service.desired else None)


def _if_superseded(
    outcome: ServiceOutcome,
    recorded: ServiceOutcome | None,
    service: PlannedService,
    superseding: Mapping[str, Deployment],
) -> ServiceOutcome:
    """The outcome of a service that does not run the release: superseded if a later deployment replaced its images.

    A service that failed in the deployment itself stays failed.
    """
    later = next((superseding[image_id] for image_id in service.images if image_id in superseding), None)
    if later is None or (recorded is not None and recorded.status is ServiceStatus.FAILED):
        return outcome
    reason = f"{superseded_by(later)}: {service.why}"
    return replace(outcome, status=ServiceStatus.SUPERSEDED, reason=reason, failures=())


def _gone(
    outcomes: Iterable[ServiceOutcome],
    not_found: Iterable[ServiceOutcome],
    recorded: Mapping[str, ServiceOutcome],
) -> Iterator[str]:
    """The services that don't run the release, and of which it is not recorded that they failed with it."""
    missing = {outcome.service_id for outcome in not_found}
    for outcome in outcomes:
        before = recorded.get(outcome.service_id)
        if outcome.status is not ServiceStatus.FAILED or before is None:
            continue
        failed_with_it = before.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
        if before.status in GOOD or (outcome.service_id in missing and not failed_with_it):
            yield outcome.service_id


def _track(
    service: PlannedService, outcome: ServiceOutcome, recorded: ServiceOutcome | None, deployment: Deployment
) -> Track:
    failed = recorded is not None and recorded.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
    return Track(
        service=service,
        deployment_id=outcome.ecs_deployment_id or "",
        ecs_rollback=outcome.ecs_rollback or "",
        previous_id=None,
        since=deployment.date_created,
        # The record covers earlier failures, so only tasks that failed later count now.
        failures_since=deployment.date_finished if failed else None,
    )


def _not_found(
    recorded: Deployment, found: Iterable[ServiceOutcome], missing: Mapping[str, str], project: Project
) -> Iterator[ServiceOutcome]:
    """The outcomes of recorded services that are not found now.

    5.x recorded only the names of ECS services, so a service counts as found by its id or by its ECS name. What its tasks ran
    when it was recorded is not what they run now, so that is left out.
    """
    outcomes = tuple(found)
    ids, keys = {outcome.service_id for outcome in outcomes}, {outcome.key for outcome in outcomes}
    for known in recorded.services:
        if known.service_id in ids or known.key in keys:
            continue
        if known.service_id in project.services and known.service_id not in project.services_of_others:
            reason = missing.get(known.service_id, f"{known.key} is not found any more")
            yield replace(known, status=ServiceStatus.FAILED, reason=reason, tasks=None)
        elif known.settled:
            yield replace(known, tasks=None)
        else:
            unknown = "the project file no longer names it"
            yield replace(known, status=ServiceStatus.FAILED, reason=unknown, tasks=None)
