"""Puts back what an interrupted deployment has changed, as far as that needs no waiting (`--on-interrupt rollback`).

The tags go back first. Then ECS is told to roll back each deployment in progress that leads back to the digests that the tags pointed at
before. How that ends is not watched, and services that ECS has deployed completely are left to the next run: the deployment
stays interrupted, and its record says which services these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import ServiceStatus, reasons
from weco_deploy.model.events import EcsRollbackRequested, Notice
from weco_deploy.model.plan import EcsRollback, Plan, PlannedService
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.ecs_rollbacks import request_rollback, rollouts_in_progress
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.step import StepContext
from weco_deploy.pipeline.steps.move_tags import MoveTags
from weco_deploy.ports import Done, Outcome
from weco_deploy.rules.ecs_rollback import ecs_rollback, images_before

LONGEST_READ = timedelta(seconds=15)
"""Whoever sent the signal wants the run to end."""
ASKED = "ECS was told to roll it back"


def undo_interrupted(planned: Plan, context: StepContext) -> str:
    """Put back what can be put back, and answer what became of it, for the deployment's reason."""
    MoveTags(planned.moves).undo(context)
    rolled_back: list[str] = []
    try:
        _roll_back(planned, context, rolled_back)
        context.ledger.note()
    except DeployError as error:
        context.notify(Notice(f"while ECS was told to roll back: {error.message}"))
    moved = any(change.tag_moved for change in context.ledger.deployment.images.values())
    return reasons(
        "" if moved or not planned.moves else "its tags were put back",
        f"ECS was told to roll back {', '.join(rolled_back)}" if rolled_back else "",
        _left(planned, context.ledger, rolled_back),
    )


def _roll_back(planned: Plan, context: StepContext, accepted: list[str]) -> None:
    """Have ECS roll back what it can, and add the ids of the services whose rollback it has accepted."""
    ledger, ports = context.ledger, context.ports
    found = list(_rollbacks(planned, context))
    runtime = ports.runtime(context.environment)

    def record_outcome(index: int, outcome: Outcome[bool]) -> None:
        service, _ = found[index]
        if isinstance(outcome, Done) and outcome.value:
            accepted.append(service.service_id)
            ledger.service(replace(ledger.outcome(service.service_id), reason=ASKED))
            context.notify(EcsRollbackRequested(service.service_id, service.key))

    ports.calls.meanwhile(ledger.renew_if_due).change(
        [partial(request_rollback, rollback, runtime, ledger.ours, ports.clock) for _, rollback in found],
        record_outcome,
        lambda: False,
    )


def _rollbacks(planned: Plan, context: StepContext) -> Iterator[tuple[PlannedService, EcsRollback]]:
    """The deployments in progress that lead back to the images before."""
    ledger, ports = context.ledger, context.ports
    redeployed = {
        service.key: service
        for service in planned.redeploys
        if ledger.outcome(service.service_id).status is ServiceStatus.IN_PROGRESS
    }
    if not redeployed:
        return
    runtime = ports.runtime(context.environment)
    calls = ports.calls.until(ports.clock.utc() + LONGEST_READ)
    services = reads.services(runtime, redeployed, calls)
    rollouts, revisions = rollouts_in_progress(runtime, services.values(), calls)
    for key, rollout in rollouts.items():
        service = redeployed[key]
        ours = ledger.outcome(service.service_id).ecs_deployment_id
        before = images_before(service.expected, ledger.deployment.images)
        rollback = ecs_rollback(rollout, before, revisions) if before else None
        if ours and rollout.deploys(ours) and rollback is not None and not rollback.requested:
            yield service, rollback


def _left(planned: Plan, ledger: Ledger, rolled_back: list[str]) -> str:
    """Which services were redeployed, and are not rolled back."""
    left = [
        service.service_id
        for service in planned.redeploys
        if ledger.outcome(service.service_id).begun and service.service_id not in rolled_back
    ]
    if not left:
        return ""
    return f"the new images run in {', '.join(left)}, or will: `rollback` puts back the earlier ones"
