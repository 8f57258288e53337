"""Tells ECS, or CodeDeploy, to redeploy services: the first one alone, then as many at once as AWS allows, then the others bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from weco_deploy.errors import DeployError, Interrupted, LeaseLost
from weco_deploy.model.events import ServiceRedeployed
from weco_deploy.model.plan import PlannedService, Wave
from weco_deploy.model.service import EcsDeployment
from weco_deploy.pipeline.batches import batches_of
from weco_deploy.pipeline.code_deploy import begin_deployment
from weco_deploy.pipeline.step import StepContext
from weco_deploy.pipeline.update_service import record_refusal, redeploy
from weco_deploy.ports import Done, Failed, Outcome

INTERRUPTED = "interrupted while the services were redeployed"
AT_ONCE, AT_A_TIME = 50, 15
"""AWS lets a tool redeploy fifty services at once, and five a second after that. So rollouts are polled every three seconds in between."""


@dataclass(frozen=True, slots=True)
class Redeploy:
    """Starts a new ECS deployment of each service that ECS does not roll back.

    With `goes_on`, or if ECS rolls back one of them, the others are redeployed also if ECS refuses the first.
    """

    wave: Wave
    goes_on: bool = False
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> None:
        """Redeploy the services. Raises the reason why the first one could not be redeployed, unless it goes on.

        A later service that ECS refuses fails alone: the ledger has its reason, and the others go on.
        """
        ledger, requested = context.ledger, context.ports.interrupts.requested
        services = [
            service for service in self.wave.redeploys if not ledger.outcome(service.service_id).ecs_rollback
        ]
        if not services:
            return

        goes_on = self.goes_on or len(services) < len(self.wave.redeploys)
        first, *others = services
        (outcome,) = _change([first], context, ledger.renew_if_due)
        if isinstance(outcome, Failed) and not (goes_on and _is_refusal(outcome.error)):
            raise outcome.error
        _change(others[:AT_ONCE], context, ledger.note_and_renew_if_due)
        for number, batch in enumerate(batches_of(others[AT_ONCE:], AT_A_TIME)):
            if number and not requested():
                context.rollouts.poll_in_between(self.wave.services)
            _change(batch, context, ledger.note_and_renew_if_due)
        ledger.note()
        context.stop_if_requested(INTERRUPTED)

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back: steps are only undone as long as no service was redeployed."""


def _change(
    services: Sequence[PlannedService], context: StepContext, while_waiting: Callable[[], None]
) -> list[Outcome[EcsDeployment]]:
    """Redeploy these services side by side, and record what became of each."""
    ledger, ports = context.ledger, context.ports
    runtime, code_deploy = ports.runtime(context.environment), ports.code_deploy(context.environment)
    allowed = partial(context.allow_change, INTERRUPTED)

    def begin(service: PlannedService) -> EcsDeployment:
        revision, ours = service.code_deploy, ledger.deployment.deployment_id
        if revision is not None:
            return begin_deployment(service.key, revision, ours, code_deploy, allowed, ports.clock)
        return redeploy(service, runtime, allowed, ports.clock)

    def record(index: int, outcome: Outcome[EcsDeployment]) -> None:
        service = services[index]
        if isinstance(outcome, Done):
            ledger.redeployed(service.service_id, outcome.value)
            context.notify(ServiceRedeployed(service.service_id, service.key, outcome.value.id))
        elif isinstance(outcome, Failed) and not isinstance(outcome.error, Interrupted):
            record_refusal(service, outcome.error, ledger)

    return ports.calls.meanwhile(while_waiting).change(
        [partial(begin, service) for service in services],
        record,
        ports.interrupts.requested,
    )


def _is_refusal(error: DeployError) -> bool:
    """Whether the error is about this service only, so that the others may be redeployed."""
    return not isinstance(error, (Interrupted, LeaseLost))
