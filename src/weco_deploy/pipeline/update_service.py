"""Redeploys a service: UpdateService, which is not idempotent, and what becomes of a lost answer or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AccessDenied, AwsError, DeployError, Unreachable
from weco_deploy.model.deployment import ServiceStatus, reasons
from weco_deploy.model.events import Event, Notice, ServiceRedeployed
from weco_deploy.model.plan import PlannedService
from weco_deploy.model.service import EcsDeployment
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.lost_answers import begun_after_all
from weco_deploy.ports import Clock, Done, Failed, Ports, ServiceRuntime
from weco_deploy.rules.rollout.track import Track

REDEPLOY_ATTEMPTS = 3
"""How often UpdateService is called for a service if ECS turns out not to have acted."""


def record_refusal(service: PlannedService, error: DeployError, ledger: Ledger) -> None:
    known = ledger.outcome(service.service_id)
    why = error.with_advice if isinstance(error, AccessDenied) else error.message
    reason = f"it could not be redeployed: {why}"
    ledger.service(replace(known, status=ServiceStatus.FAILED, reason=reason))


def redeploy(
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
            begun = begun_after_all(partial(_begun, service, runtime), clock)
            if begun is not None:
                return begun
            if attempt == REDEPLOY_ATTEMPTS:
                raise
    raise AwsError("ecs:UpdateService", f"{service.key} could not be redeployed")


def _begun(service: PlannedService, runtime: ServiceRuntime) -> EcsDeployment | None:
    """The deployment that is PRIMARY in place of the one that the plan saw, if there is one."""
    services = runtime.describe(service.key.cluster, [service.key.name])
    primary = services[0].primary if services else None
    return primary if primary is not None and primary.id != service.ecs_deployment_id else None


def redeploy_instead(
    track: Track, ledger: Ledger, ports: Ports, runtime: ServiceRuntime, notify: Callable[[Event], None]
) -> Track:
    """The track of a service that ECS could not roll back, redeployed instead; failed if ECS refuses that, too."""
    service = track.service
    notify(Notice(f"{service.service_id} is redeployed instead: {track.reason}"))
    (outcome,) = ports.calls.meanwhile(ledger.renew_if_due).change(
        [partial(redeploy, service, runtime, ledger.ours, ports.clock)],
        lambda _index, _outcome: None,
        lambda: False,
    )
    if isinstance(outcome, Failed):
        return track.as_failed(reasons(track.reason, f"it could not be redeployed: {outcome.error.message}"))
    if not isinstance(outcome, Done):
        return track
    begun = outcome.value
    ledger.redeployed(service.service_id, begun)
    ledger.note()
    notify(ServiceRedeployed(service.service_id, service.key, begun.id))
    return Track(
        service=service,
        deployment_id=begun.id,
        previous_id=None,
        since=ports.clock.utc(),
        stable_for=track.stable_for,
        leave_old_tasks=track.leave_old_tasks,
        made=begun,
    )
