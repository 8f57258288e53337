"""Deployments of a service: how one begins, completes, fails and is rolled back.

A deployment is two things at once in AWS's answers: an entry of DescribeServices' `deployments`, and a service
deployment with a target revision. ECS's rollback is part of the service deployment that failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from weco_deploy.sandbox.ecs.breaker import Breaker
from weco_deploy.sandbox.ecs.causes import ALARM, ALWAYS_ROLLED_BACK, BY_REQUEST, NO_CANDIDATE, Cause
from weco_deploy.sandbox.ecs.errors import invalid
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Deployment, Progress, Revision, Service, ServiceDeployment
from weco_deploy.sandbox.ecs.stages import steps
from weco_deploy.sandbox.ecs.state import Json

MOST_OPEN = 5
"""UpdateService is refused while so many deployments are not complete."""
OPEN = frozenset({"PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
REVISED = (
    "capacityProviderStrategy",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceRegistries",
)
"""What a revision has of its service, besides the task definition."""


@dataclass(frozen=True, slots=True)
class EarlySuccess:
    """`earlySuccessCriteria`: complete at so many percent, before the old tasks are gone if `deferred`."""

    percent: int
    deferred: bool

    def needed(self, desired: int) -> int:
        return -(-desired * self.percent // 100)


def early_success(service: Service) -> EarlySuccess | None:
    given = service.configuration.get("earlySuccessCriteria", {})
    if not given.get("enable") or service.configuration["strategy"] != "ROLLING":
        return None
    return EarlySuccess(
        percent=given.get("healthyPercent", 100),
        deferred=given.get("sourceServiceRevisionCleanup") == "DEFERRED",
    )


def open_new(region: Region, service: Service) -> Deployment:
    """Open a new deployment of what the service is now, and supersede those that are not complete."""
    if sum(not deployment.completed for deployment in service.deployments) >= MOST_OPEN:
        raise invalid(f"Unable to update the service: {MOST_OPEN} active deployments exist.")
    deployment = _new(region, service, _new_revision(region, service))
    deployment.reason = f"ECS deployment {deployment.id} in progress."
    sources = [earlier.revision for earlier in service.deployments if service.tasks_of(earlier)]
    for earlier in service.service_deployments:
        if earlier.status in OPEN:
            _supersede(region, earlier)
    service.service_deployments.insert(
        0,
        ServiceDeployment(
            arn=region.place.arn(
                "service-deployment", service.cluster.name, service.name, region.new_hex()[:21]
            ),
            created_at=region.now,
            updated_at=region.now,
            deployment=deployment,
            sources=sources,
            configuration=service.configuration,
            progress=_progress(service, sources),
        ),
    )
    _make_primary(service, deployment)
    region.changed(service)
    region.after(region.settings.timings.begin, lambda: region.wake(service))
    awaited, service.at_next_deployment = service.at_next_deployment, []
    for happen in awaited:
        happen()
    return deployment


def begin(region: Region, service: Service, primary: Deployment) -> bool:
    """Begin a deployment once the scheduler has had the time to look at it; answers whether it has begun."""
    record = _record_of(service, primary)
    if record is not None and record.status == "PENDING":
        due = region.settings.timings.begin / region.settings.speed
        if region.now < record.created_at + timedelta(seconds=due):
            return False
        _set(record, "IN_PROGRESS", region.now)
        record.started_at = region.now
    return True


def complete(region: Region, service: Service, deployment: Deployment) -> None:
    deployment.state = "COMPLETED"
    deployment.updated_at = region.now
    deployment.reason = f"ECS deployment {deployment.id} completed."
    deployment.rolls_back = False
    deployment.breaker.completed()
    service.completed = [earlier for earlier in service.completed if earlier is not deployment] + [deployment]
    record = _record_of(service, deployment)
    if record is not None and record.status in OPEN:
        status = "ROLLBACK_SUCCESSFUL" if record.rollback else "SUCCESSFUL"
        _set(record, status, region.now)
        record.finished_at = region.now


def fail(
    region: Region,
    service: Service,
    deployment: Deployment,
    cause: Cause,
    triggered: tuple[str, ...] = (),
) -> None:
    """The deployment failed: it starts no more tasks, and is rolled back if its service wants that."""
    halt(region, deployment, cause)
    region.tell(service, f"(deployment {deployment.id}) deployment failed: {cause.event}")
    record = _record_of(service, deployment)
    if record is not None:
        record.triggered_alarms = triggered
    if deployment.rolls_back:
        _end(record, "ROLLBACK_FAILED", f"Service deployment rollback failed {cause.deployment}", region.now)
    elif _is_rolled_back(service, cause):
        roll_back(region, service, deployment, cause)
    else:
        _end(record, "STOPPED", f"Service deployment stopped {cause.deployment}", region.now)
    region.wake(service)


def _is_rolled_back(service: Service, cause: Cause) -> bool:
    if cause is ALARM:
        return bool(service.configuration.get("alarms", {}).get("rollback", False))
    return cause in ALWAYS_ROLLED_BACK or service.breaker_rules.rolls_back


def halt(region: Region, deployment: Deployment, cause: Cause) -> None:
    deployment.state = "FAILED"
    deployment.reason = cause.rollout
    deployment.halted = True
    deployment.updated_at = region.now


def roll_back(region: Region, service: Service, deployment: Deployment, cause: Cause) -> None:
    """Deploy the revision again that completed last, with the digests that it was pinned to."""
    record = _record_of(service, deployment)
    good = service.completed[-1] if service.completed else None
    if good is None:
        _end(record, "ROLLBACK_FAILED", NO_CANDIDATE, region.now)
        return
    region.tell(service, f"rolling back to deployment {good.id}.")
    # CodeDeploy brings the task set back that still runs.
    has_new_id = region.settings.rollback_has_new_id and service.controller == "ECS"
    back = _new(region, service, good.revision) if has_new_id else good
    if back is good:
        service.completed.remove(good)
    back.status, back.state, back.halted = "PRIMARY", "IN_PROGRESS", False
    back.rolls_back, back.fulfilled_since = True, None
    back.reason = f"{cause.rolling_back} {good.id}."
    back.breaker = Breaker(service.breaker_rules)
    back.updated_at = region.now
    service.definition = good.revision.definition
    if record is not None:
        reason = f"Service deployment rolled back {cause.deployment}"
        _set(record, "ROLLBACK_IN_PROGRESS", region.now)
        record.reason = reason
        record.rollback = {
            "reason": reason,
            "startedAt": region.now,
            "serviceRevisionArn": back.revision.arn,
        }
        record.rollback_deployment = back
        if record.progress is not None:
            record.progress.test = record.progress.production = 0.0
    _make_primary(service, back)
    region.wake(service)


def stop_requested(service: Service, deployment: Deployment) -> bool:
    """Whether somebody asked to stop the deployment, and ECS is about to. It does not complete any more."""
    record = _record_of(service, deployment)
    return record is not None and record.status in {"ROLLBACK_REQUESTED", "STOP_REQUESTED"}


def stop(region: Region, service: Service, record: ServiceDeployment) -> None:
    """Roll back a service deployment that somebody asked to stop, unless it has ended or was superseded."""
    if record.status == "ROLLBACK_REQUESTED" and record.deployment is service.primary:
        halt(region, record.deployment, BY_REQUEST)
        roll_back(region, service, record.deployment, BY_REQUEST)


def abort(region: Region, service: Service, record: ServiceDeployment) -> None:
    """Stop a service deployment without a rollback, unless it was superseded."""
    if record.status == "STOP_REQUESTED" and record.deployment is service.primary:
        halt(region, record.deployment, BY_REQUEST)
        region.tell(service, f"(deployment {record.deployment.id}) deployment failed: {BY_REQUEST.event}")
        _end(record, "STOPPED", f"Service deployment stopped {BY_REQUEST.deployment}", region.now)
        region.wake(service)


def _progress(service: Service, sources: list[Revision]) -> Progress | None:
    planned = steps(service.configuration, reconciles=len(sources) > 1)
    if not planned:
        return None
    return Progress(steps=planned, blue=service.completed[-1].revision if service.completed else None)


def _new(region: Region, service: Service, revision: Revision) -> Deployment:
    number = revision.arn.rsplit("/", 1)[-1]
    taken = any(earlier.number == number for earlier in (*service.deployments, *service.completed))
    return Deployment(
        id=f"ecs-svc/{region.new_number() if taken else number}",
        revision=revision,
        created_at=region.now,
        updated_at=region.now,
        breaker=Breaker(service.breaker_rules),
        ignored_alarms=service.alarms & region.alarms,
    )


def _new_revision(region: Region, service: Service) -> Revision:
    arn = region.place.arn("service-revision", service.cluster.name, service.name, region.new_number())
    configuration: Json = {name: service.request[name] for name in REVISED if name in service.request}
    return Revision(
        arn=arn, definition=service.definition, created_at=region.now, configuration=configuration
    )


def _make_primary(service: Service, deployment: Deployment) -> None:
    others = [other for other in service.deployments if other is not deployment]
    for other in others:
        other.status = "ACTIVE"
    service.deployments = [deployment, *others]


def _record_of(service: Service, deployment: Deployment) -> ServiceDeployment | None:
    """The latest service deployment that the deployment is a part of: as what it deploys, or as its rollback."""
    for record in service.service_deployments:
        if deployment is record.deployment or deployment is record.rollback_deployment:
            return record
    return None


def _supersede(region: Region, record: ServiceDeployment) -> None:
    _set(record, "STOP_REQUESTED", region.now)
    record.reason = "Service deployment was superseded by a newer service deployment."

    def stopped() -> None:
        if record.status == "STOP_REQUESTED":
            _end(record, "STOPPED", record.reason, region.now)

    region.after(region.settings.timings.superseded, stopped)


def _end(record: ServiceDeployment | None, status: str, reason: str, now: datetime) -> None:
    if record is not None:
        _set(record, status, now)
        record.reason = reason
        record.finished_at = now
        if status == "STOPPED":
            record.stopped_at = now


def _set(record: ServiceDeployment, status: str, now: datetime) -> None:
    record.status = status
    record.updated_at = now
