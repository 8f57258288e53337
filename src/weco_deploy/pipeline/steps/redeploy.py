"""Tells ECS, or CodeDeploy, to redeploy services: the first one alone, then as many at once as AWS allows, then the others bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from weco_deploy.errors import AccessDenied, AwsError, DeployError, Interrupted, LeaseLost, Unreachable
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.events import ServiceRedeployed
from weco_deploy.model.plan import PlannedService, Wave
from weco_deploy.model.service import EcsDeployment
from weco_deploy.pipeline.batches import batches_of
from weco_deploy.pipeline.code_deploy import begin_deployment
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.step import StepContext
from weco_deploy.ports import Clock, Done, Failed, Outcome, ServiceRuntime

REDEPLOY_ATTEMPTS = 3
"""How often UpdateService is called for a service if ECS turns out not to have acted."""
AT_ONCE, AT_A_TIME = 50, 15
"""AWS lets a tool redeploy fifty services at once, and five a second after that. So rollouts are polled every three seconds in between."""
READS_AFTER_LOST_ANSWER = 3
SECONDS_BETWEEN_READS = 2.0
"""After a lost answer the service is read several times, because reads lag."""


@dataclass(frozen=True, slots=True)
class Redeploy:
    """Starts a new ECS deployment of each service. With `goes_on` the others are redeployed also if ECS refuses the first."""

    wave: Wave
    goes_on: bool = False
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> None:
        """Redeploy the services. Raises the reason why the first one could not be redeployed, unless it goes on.

        A later service that ECS refuses fails alone: the ledger has its reason, and the others go on.
        """
        if not self.wave.redeploys:
            return
        ledger, requested = context.ledger, context.ports.interrupts.requested

        def note_and_renew() -> None:
            ledger.note_if_due()
            ledger.renew_if_due()

        first, *others = self.wave.redeploys
        (outcome,) = _change([first], context, ledger.renew_if_due)
        if isinstance(outcome, Failed) and not (self.goes_on and _is_refusal(outcome.error)):
            raise outcome.error
        _change(others[:AT_ONCE], context, note_and_renew)
        for number, services in enumerate(batches_of(others[AT_ONCE:], AT_A_TIME)):
            if number and not requested():
                context.rollouts.poll_in_between(self.wave.services)
            _change(services, context, note_and_renew)
        ledger.note()
        if requested():
            raise Interrupted("interrupted while the services were redeployed")

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back: steps are only undone as long as no service was redeployed."""


def _change(
    services: Sequence[PlannedService], context: StepContext, while_waiting: Callable[[], None]
) -> list[Outcome[EcsDeployment]]:
    """Redeploy these services side by side, and record what became of each."""
    ledger, ports = context.ledger, context.ports
    runtime, code_deploy = ports.runtime(context.environment), ports.code_deploy(context.environment)

    def allowed() -> None:
        ledger.ours()
        if ports.interrupts.requested():
            raise Interrupted("interrupted while the services were redeployed")

    def redeploy(service: PlannedService) -> EcsDeployment:
        revision, ours = service.code_deploy, ledger.deployment.deployment_id
        if revision is not None:
            return begin_deployment(service.key, revision, ours, code_deploy, allowed, ports.clock)
        return _redeploy(service, runtime, allowed, ports.clock)

    def record(index: int, outcome: Outcome[EcsDeployment]) -> None:
        service = services[index]
        if isinstance(outcome, Done):
            ledger.redeployed(service.service_id, outcome.value)
            context.notify(ServiceRedeployed(service.service_id, service.key, outcome.value.id))
        elif isinstance(outcome, Failed) and not isinstance(outcome.error, Interrupted):
            _record_refusal(service, outcome.error, ledger)

    return ports.calls.meanwhile(while_waiting).change(
        [partial(redeploy, service) for service in services],
        record,
        ports.interrupts.requested,
    )


def _is_refusal(error: DeployError) -> bool:
    """Whether the error is about this service only, so that the others may be redeployed."""
    return not isinstance(error, (Interrupted, LeaseLost))


def _record_refusal(service: PlannedService, error: DeployError, ledger: Ledger) -> None:
    known = ledger.outcome(service.service_id)
    why = error.with_advice if isinstance(error, AccessDenied) else error.message
    reason = f"it could not be redeployed: {why}"
    ledger.service(replace(known, status=ServiceStatus.FAILED, reason=reason))


def _redeploy(
    service: PlannedService, runtime: ServiceRuntime, allowed: Callable[[], None], clock: Clock
) -> EcsDeployment:
    """Redeploy the service once, and return its ECS deployment.

    UpdateService is not idempotent. After a lost answer it is repeated only if ECS did not act on the one before.
    """
    for attempt in range(1, REDEPLOY_ATTEMPTS + 1):
        allowed()
        try:
            return runtime.redeploy(service.key, allowed)
        except Unreachable:
            begun = _begun(service, runtime, clock)
            if begun is not None:
                return begun
            if attempt == REDEPLOY_ATTEMPTS:
                raise
    raise AwsError("ecs:UpdateService", f"{service.key} could not be redeployed")


def _begun(service: PlannedService, runtime: ServiceRuntime, clock: Clock) -> EcsDeployment | None:
    """The deployment that became PRIMARY in place of the one that the plan saw, if there is one."""
    for read in range(READS_AFTER_LOST_ANSWER):
        if read:
            clock.wait(SECONDS_BETWEEN_READS)
        services = runtime.describe(service.key.cluster, [service.key.name])
        primary = services[0].primary if services else None
        if primary is not None and primary.id != service.ecs_deployment_id:
            return primary
    return None
