"""Has ECS roll back the deployments in progress that lead back to the release, where the plan says so.

The tags have moved by then, because containers without version consistency pull them again. A service that ECS refuses to roll back
is redeployed by the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from weco_deploy.model.events import EcsRollbackRequested, Notice
from weco_deploy.model.plan import PlannedService
from weco_deploy.pipeline.ecs_rollbacks import request_rollback
from weco_deploy.pipeline.step import StepContext
from weco_deploy.ports import Done, Failed, Outcome

INTERRUPTED = "interrupted while ECS was told to roll back"


@dataclass(frozen=True, slots=True)
class RollBackInEcs:
    """Requests the rollbacks, all at once. Which services ECS rolls back is in the ledger then."""

    services: tuple[PlannedService, ...]
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> None:
        """Request the rollbacks. Raises Interrupted and LeaseLost only: a refused service is redeployed instead."""
        planned = {
            service: service.ecs_rollback for service in self.services if service.ecs_rollback is not None
        }
        if not planned:
            return
        ledger, ports = context.ledger, context.ports
        runtime = ports.runtime(context.environment)

        def begun(service: PlannedService) -> None:
            ledger.ecs_rolls_back(service.service_id, planned[service].service_deployment_arn)
            context.notify(EcsRollbackRequested(service.service_id, service.key))

        def record_outcome(index: int, outcome: Outcome[bool]) -> None:
            if isinstance(outcome, Done) and outcome.value:
                begun(to_request[index])

        allowed = partial(context.allow_change, INTERRUPTED)
        to_request = [service for service, rollback in planned.items() if not rollback.requested]
        for service, rollback in planned.items():
            if rollback.requested:
                begun(service)
        outcomes = ports.calls.meanwhile(ledger.note_and_renew_if_due).change(
            [
                partial(request_rollback, planned[service], runtime, allowed, ports.clock)
                for service in to_request
            ],
            record_outcome,
            ports.interrupts.requested,
        )
        ledger.ours()
        ledger.note()
        context.stop_if_requested(INTERRUPTED)
        _notify_of_errors(to_request, outcomes, context)

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back: steps are only undone as long as no service was redeployed or rolled back."""


def _notify_of_errors(
    services: Sequence[PlannedService], outcomes: Sequence[Outcome[bool]], context: StepContext
) -> None:
    for service, outcome in zip(services, outcomes, strict=True):
        if isinstance(outcome, Failed):
            instead = f"{service.service_id} is redeployed instead of rolled back by ECS"
            context.notify(Notice(f"{instead}: {outcome.error.message}"))
