"""Puts services into waves: a service is redeployed after those that it names in `after` have succeeded.

Services without `after` are in the first wave. A service is in the wave after the last of those that it names, also if these are
not deployed themselves, because an environment lacks them or something else deploys them. A rollback goes through the waves
backwards: what was built on other services goes back before they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from weco_deploy.model.deployment import GOOD, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.plan import PlannedService, Wave
from weco_deploy.model.steps import WAVE, StepOutcome, StepStatus
from weco_deploy.rules.deployment_status import verdict

_ENDED = {
    DeploymentStatus.SUCCEEDED: StepStatus.SUCCEEDED,
    DeploymentStatus.FAILED: StepStatus.FAILED,
    DeploymentStatus.TIMED_OUT: StepStatus.TIMED_OUT,
}


def in_waves(
    services: Sequence[PlannedService], after: Mapping[str, Sequence[str]], *, backwards: bool
) -> tuple[PlannedService, ...]:
    """The services with the numbers of their waves, counted from 1 in the order in which the waves begin.

    Args:
        services: the services that are planned.
        after: the services that must come before a service, by its id; without cycles.
        backwards: whether the last wave begins first.

    """
    depths: dict[str, int] = {}
    for service_id in TopologicalSorter(after).static_order():
        depths[service_id] = max((depths[before] + 1 for before in after.get(service_id, ())), default=0)
    depth_of = {service.service_id: depths.get(service.service_id, 0) for service in services}
    order = sorted(set(depth_of.values()), reverse=backwards)
    return tuple(replace(service, wave=order.index(depth_of[service.service_id]) + 1) for service in services)


def intended_waves(waves: Sequence[Wave]) -> Iterator[StepOutcome]:
    """The steps of a deployment that are its waves; none if all services are redeployed at the same time."""
    if len(waves) > 1:
        for wave in waves:
            status = StepStatus.PENDING if wave.changes else StepStatus.SKIPPED
            detail = "" if wave.changes else "all of its services run the release already"
            yield StepOutcome(id=wave.id, kind=WAVE, status=status, detail=detail)


def ended(step: StepOutcome, wave: Wave, services: Iterable[ServiceOutcome]) -> StepOutcome:
    """The wave's step with its result: how its services ended, among all `services` of the deployment."""
    ids = {service.service_id for service in wave.services}
    outcomes = [outcome for outcome in services if outcome.service_id in ids]
    bad = [outcome for outcome in outcomes if outcome.status not in GOOD]
    detail = ", ".join(f"{outcome.service_id} {outcome.status.value.replace('_', ' ')}" for outcome in bad)
    return replace(step, status=_ENDED[verdict(outcomes)], detail=detail)


def cut_short(step: StepOutcome) -> StepOutcome:
    """The step of a wave during which the deployment was interrupted."""
    return replace(
        step, status=StepStatus.UNKNOWN, detail="the deployment was interrupted before it had ended"
    )


def not_started(services: Iterable[ServiceOutcome], stopped_at: Wave) -> Iterator[ServiceOutcome]:
    """The services that are not redeployed any more, because the deployment stopped at that wave."""
    for service in services:
        if service.status is ServiceStatus.PENDING:
            reason = f"it was not redeployed, because the deployment stopped in {stopped_at.id}"
            yield replace(service, status=ServiceStatus.NOT_STARTED, reason=reason)
