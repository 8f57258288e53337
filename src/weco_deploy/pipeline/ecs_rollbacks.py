"""Has ECS roll back deployments in progress: what is read before, and the calls themselves.

ECS puts the earlier revision back, whose digests it knows. Nothing is pulled by a tag, and where old tasks still run, nothing is started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AwsError, NoCredentials, Unreachable
from weco_deploy.model.plan import Action, EcsRollback, Plan, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ResolvedImage, Service, ServiceDeployment, ServiceKey
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.batches import batches_of
from weco_deploy.ports import SERVICE_REVISIONS_A_CALL, Calls, Clock, Ports, ServiceRuntime
from weco_deploy.rules.ecs_rollback import IN_PROGRESS, ROLLING_BACK

ATTEMPTS = 3
"""How often a rollback is requested if ECS turns out not to have got the request."""
SECONDS_BETWEEN_ATTEMPTS = 2.0

Rollouts = tuple[Mapping[ServiceKey, ServiceDeployment], Mapping[str, tuple[ResolvedImage, ...]]]
"""The service deployments in progress, and the images of the revisions that they started from, by ARN."""


def rollouts_in_progress(runtime: ServiceRuntime, services: Iterable[Service], calls: Calls) -> Rollouts:
    """The deployments of these services that ECS can roll back, or rolls back already."""
    found = reads.service_deployments(runtime, services, calls)
    rollouts = {
        key: rollout for key, rollout in found.items() if rollout.status in IN_PROGRESS | ROLLING_BACK
    }
    arns = {arn for rollout in rollouts.values() for arn in rollout.source_revisions}
    batches = calls.read(
        partial(runtime.revisions, batch) for batch in batches_of(sorted(arns), SERVICE_REVISIONS_A_CALL)
    )
    return rollouts, {arn: images for batch in batches for arn, images in batch.items()}


def with_rollouts(observed: Snapshot, planned: Plan, environment: Environment, ports: Ports) -> Snapshot:
    """The snapshot, with the deployments in progress of services that the plan does not leave alone; unchanged if there are none.

    If they can't be read, the services are redeployed.
    """
    services = [
        view.service
        for service in planned.services
        if service.action is not Action.LEAVE
        for view in observed.services[service.service_id]
        if view.service.primary is not None and view.service.primary.rollout_state != "COMPLETED"
    ]
    try:
        rollouts, revisions = rollouts_in_progress(ports.runtime(environment), services, ports.calls)
    except NoCredentials:
        raise
    except AwsError:
        return observed
    return replace(observed, rollouts=rollouts, revisions=revisions) if rollouts else observed


def request_rollback(
    rollback: EcsRollback, runtime: ServiceRuntime, allowed: Callable[[], None], clock: Clock
) -> bool:
    """Have ECS roll the service deployment back. False if ECS refuses, because it is not in progress any more.

    After a lost answer the service deployment tells whether ECS has accepted the request.
    """
    for attempt in range(1, ATTEMPTS + 1):
        allowed()
        try:
            return runtime.roll_back(rollback, allowed)
        except Unreachable:
            clock.wait(SECONDS_BETWEEN_ATTEMPTS)
            status = _status(rollback, runtime)
            if status not in IN_PROGRESS:
                return status in ROLLING_BACK
            if attempt == ATTEMPTS:
                raise
    return False


def _status(rollback: EcsRollback, runtime: ServiceRuntime) -> str:
    found = runtime.service_deployments([rollback.service_deployment_arn])
    return found[0].status if found else ""
