"""Claims an environment: takes the lock and records the whole intent, before the first change."""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import Claim, Held, Lock
from weco_deploy.model.plan import Action, Plan, PlannedService
from weco_deploy.model.planned_task import BEFORE, PlannedTask, TaskAction
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.rollout_check import CHECKS, PlannedCheck
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Ports
from weco_deploy.rules.deployment_status import status_if_left_alone
from weco_deploy.rules.waves import intended_waves


def intent(plan: Plan, request: DeployRequest, ports: Ports) -> Deployment:
    """The deployment that the plan will become."""
    caller = ports.caller()
    return Deployment(
        deployment_id=ports.new_id(),
        release_id=plan.release.release_id,
        project_id=plan.project_id,
        environment=plan.environment,
        status=DeploymentStatus.IN_PROGRESS,
        date_created=ports.clock.utc(),
        requested_by=caller.requested_by,
        build_url=caller.build_url,
        description=request.description,
        kind=request.kind,
        gate_override=request.override_gate,
        images={image.image_id: image.change for image in plan.images},
        services=tuple(_intended(service) for service in plan.services),
        left_out=plan.left_out,
        steps=(
            *map(_intended_task, plan.tasks),
            *intended_waves(plan.waves),
            *map(_intended_check, plan.checks),
        ),
        can_roll_back=plan.can_roll_back,
    )


def _intended_task(task: PlannedTask) -> StepOutcome:
    skipped = task.action is TaskAction.SKIP
    return StepOutcome(
        id=task.id,
        kind=BEFORE,
        status=StepStatus.SKIPPED if skipped else StepStatus.PENDING,
        detail=task.why if skipped else "",
    )


def _intended_check(planned: PlannedCheck) -> StepOutcome:
    return StepOutcome(id=planned.id, kind=CHECKS, advisory=planned.check.advisory)


def _intended(service: PlannedService) -> ServiceOutcome:
    status = {
        Action.LEAVE: status_if_left_alone(service),
        Action.ADOPT: ServiceStatus.IN_PROGRESS,
        Action.REDEPLOY: ServiceStatus.PENDING,
    }[service.action]
    return ServiceOutcome(
        service_id=service.service_id,
        key=service.key,
        images=service.images,
        status=status,
        ecs_deployment_id=None if service.action is Action.REDEPLOY else service.ecs_deployment_id,
        reason=service.why if service.action is not Action.REDEPLOY else "",
        tasks=service.tasks,
    )


def claim(plan: Plan, request: DeployRequest, settles: Deployment | None, ports: Ports) -> Ledger:
    """Take the environment and record the deployment. Raises EnvironmentLocked or StaleFence."""
    return _claimed(plan, request, intent(plan, request, ports), settles, ports.new_id(), ports)


def take_over(plan: Plan, request: DeployRequest, failed: Deployment, held: Held, ports: Ports) -> Ledger:
    """Record the deployment that rolls a failed one back, under the same lock and without a gap."""
    deployment = intent(plan, request, ports)
    settles = replace(failed, rollback=deployment)
    # If somebody took over before the plan was made, the recorded fence is not ours, and the claim is refused.
    still_ours = replace(plan, observed=replace(plan.observed, fence=held.fence))
    return _claimed(still_ours, request, deployment, settles, held.owner, ports)


def _claimed(
    plan: Plan,
    request: DeployRequest,
    deployment: Deployment,
    settles: Deployment | None,
    owner: str,
    ports: Ports,
) -> Ledger:
    held = ports.store.claim(
        Claim(
            deployment=deployment,
            observed=plan.observed,
            owner=owner,
            lease_seconds=request.lease,
            release=plan.release,
            release_is_new=plan.release_is_new,
            settles=settles,
            next_lock=_next_lock(request, deployment, ports),
        )
    )
    return Ledger(deployment, held, request.lease, ports.store, ports.clock)


def _next_lock(request: DeployRequest, deployment: Deployment, ports: Ports) -> Lock | None:
    if request.lock_afterwards is None:
        return None
    return Lock(
        owner=ports.new_id(),
        holder=deployment.requested_by,
        reason=request.lock_afterwards,
        since=deployment.date_created,
        build_url=deployment.build_url,
    )
