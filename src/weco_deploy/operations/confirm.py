"""Looks whether a deployment made before really runs, and settles the record of one that was cut off.

While the deployment's holder lives nothing is written: its own process will settle it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

from weco_deploy.errors import DeployError, Interrupted, NotFound, PlanRefused
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import EnvironmentRecord, Held
from weco_deploy.model.events import Event
from weco_deploy.model.plan import Action, PlannedService, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ConfirmRequest
from weco_deploy.operations.carrying import settle
from weco_deploy.operations.release import choose
from weco_deploy.pipeline.ledger import Ledger, Nowhere
from weco_deploy.pipeline.observe import observe
from weco_deploy.pipeline.watch import Patience, watch
from weco_deploy.ports import Ports
from weco_deploy.rules.drift import expected_of
from weco_deploy.rules.outcome import as_seen, drifted, verdict
from weco_deploy.rules.planning import examine
from weco_deploy.rules.verdict import Track


def confirm(request: ConfirmRequest, ports: Ports, tell: Callable[[Event], None]) -> Deployment:
    """Judge the environment's last deployment (or the last one of a release there), watching what still moves.

    The answer is that deployment with the status that is true now. Raises NotFound if there is none.
    """
    environment = ports.project.environment(request.environment_id)
    recorded = _chosen(request, ports)
    release = ports.store.release(recorded.release_id)
    if release is None:
        raise NotFound(
            f"release {recorded.release_id} of deployment {recorded.deployment_id} is not recorded any more"
        )
    release, seen = observe(environment, release, ports)
    deployment, tracks = _looked_at(recorded, release, environment, seen, ports)
    with ports.interrupts.deferred() if _cut_off(deployment, seen.record, ports) else nullcontext():
        ledger = _ledger(deployment, seen.record, request, ports)
        return _watched(tracks, environment, drifted(deployment, seen), request, ledger, ports, tell)


def _chosen(request: ConfirmRequest, ports: Ports) -> Deployment:
    release_id = choose(ports, request.release_id).release_id if request.release_id else None
    if release_id is None:
        current = ports.store.environment(request.environment_id).current
        deployment = ports.store.deployment(current.deployment_id) if current else None
        if deployment is not None:
            return deployment
    found = ports.store.deployments([request.environment_id], 1, release_id)
    if not found:
        what = f"release {release_id} was" if release_id else "nothing was"
        raise NotFound(
            f"{what} never deployed to {request.environment_id}"
            if release_id
            else f"{what} deployed to {request.environment_id} yet"
        )
    return found[0]


def _looked_at(
    recorded: Deployment, release: Release, environment: Environment, seen: Snapshot, ports: Ports
) -> tuple[Deployment, dict[str, Track]]:
    """The deployment as it stands now, and the rollouts of it that are still to be watched."""
    digests = {
        image_id: recorded.images[image_id].to_digest if image_id in recorded.images else version.digest
        for image_id, version in release.versions.items()
    }
    expected = expected_of(ports.project, environment, digests, seen)
    found = examine(ports.project, environment, expected, seen)
    if found.refusals:
        raise PlanRefused(f"deployment {recorded.deployment_id} can't be judged:", found.refusals)
    noted = {outcome.service_id: outcome for outcome in recorded.services}
    now = ports.clock.utc()
    outcomes: list[ServiceOutcome] = []
    tracks: dict[str, Track] = {}
    for service in found.services:
        outcome = _outcome(service, noted.get(service.service_id))
        outcomes.append(outcome)
        if outcome.status is ServiceStatus.IN_PROGRESS and outcome.ecs_deployment_id:
            tracks[service.service_id] = Track(
                service=service, deployment_id=outcome.ecs_deployment_id, previous_id=None, since=now
            )
    outcomes += [
        replace(noted[service_id], status=ServiceStatus.FAILED, reason=reason)
        for service_id, reason in found.gone.items()
        if service_id in noted
    ]
    changes = recorded.images or {
        image_id: ImageChange(
            image_id=image_id, from_digest=None, to_digest=digest, to_ref=release.versions[image_id].ref
        )
        for image_id, digest in digests.items()
        if digest is not None
    }
    return as_seen(replace(recorded, images=changes, services=tuple(outcomes)), seen), tracks


def _outcome(service: PlannedService, noted: ServiceOutcome | None) -> ServiceOutcome:
    """How a service stands before anything is watched."""
    ecs_id = noted.ecs_deployment_id if noted else None
    outcome = ServiceOutcome(
        service_id=service.service_id,
        key=service.key,
        images=service.images,
        status=ServiceStatus.FAILED,
        ecs_deployment_id=ecs_id,
        reason=f"it does not run the release: {service.why}",
    )
    if service.action is Action.LEAVE:
        redeployed = ecs_id is not None and ecs_id == service.ecs_deployment_id
        status = ServiceStatus.SUCCEEDED if redeployed else ServiceStatus.UNCHANGED
        if service.desired == 0:
            status = ServiceStatus.NOTHING_RUNNING
        return replace(
            outcome, status=status, ecs_deployment_id=service.ecs_deployment_id, reason=service.why
        )
    if service.action is Action.ADOPT:
        return replace(
            outcome, status=ServiceStatus.IN_PROGRESS, ecs_deployment_id=service.ecs_deployment_id, reason=""
        )
    if noted is not None and ecs_id and noted.status in (ServiceStatus.IN_PROGRESS, ServiceStatus.PENDING):
        return replace(outcome, status=ServiceStatus.IN_PROGRESS, reason="")
    return outcome


def _cut_off(deployment: Deployment, record: EnvironmentRecord, ports: Ports) -> bool:
    """Whether nobody else will settle the deployment."""
    current = record.current is not None and record.current.deployment_id == deployment.deployment_id
    free = record.lock is None or record.lock.over(ports.clock.utc())
    return current and free and not deployment.finished


def _ledger(
    deployment: Deployment, record: EnvironmentRecord, request: ConfirmRequest, ports: Ports
) -> Ledger:
    if _cut_off(deployment, record, ports):
        held = ports.store.resume(deployment, record.fence, ports.new_id(), request.lease)
        return Ledger(deployment, held, request.lease, ports.store, ports.clock)
    forever = ports.clock.utc() + timedelta(seconds=request.wait + request.lease)
    held = Held(environment=deployment.environment, owner="", fence=record.fence, lease_ends=forever)
    return Ledger(deployment, held, request.lease, Nowhere(), ports.clock)


def _watched(
    tracks: dict[str, Track],
    environment: Environment,
    elsewhere: tuple[str, ...],
    request: ConfirmRequest,
    ledger: Ledger,
    ports: Ports,
    tell: Callable[[Event], None],
) -> Deployment:
    reason = ""
    try:
        watch(
            tracks, environment, Patience(wait=request.wait, interval=request.interval), ledger, ports, tell
        )
        status = verdict(ledger.deployment.services)
        if elsewhere and status is DeploymentStatus.SUCCEEDED:
            status = DeploymentStatus.FAILED
            reason = (
                f"the {environment.tag} tag of {', '.join(elsewhere)} does not point at what was deployed"
            )
    except Interrupted as interrupted:
        if not ports.interrupts.requested():
            raise
        status, reason = DeploymentStatus.INTERRUPTED, interrupted.message
    except DeployError as error:
        status, reason = DeploymentStatus.FAILED, error.message
    drifted = [change.image_id for change in ledger.deployment.images.values() if not change.applied]
    if drifted and status is DeploymentStatus.SUCCEEDED:
        status, reason = (
            DeploymentStatus.FAILED,
            f"the {environment.tag} tag was never moved for {', '.join(drifted)}",
        )
    ledger.verdict(status, ports.clock.utc(), reason)
    return settle(ledger, tell)
