"""Watches rollouts until every service's fate is certain, or the waiting time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import Event, PollFailed, Progress, ServiceSettled
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline import looking
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Ports, ServiceRuntime
from weco_deploy.rules.outcome import verdict
from weco_deploy.rules.verdict import Track, advance, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to watch and how often to look, in seconds."""

    wait: float
    interval: float


def tracks(plan: Plan, ledger: Ledger, ports: Ports) -> dict[str, Track]:
    """The rollouts to watch: of services that were redeployed, and of those whose rollout is adopted."""
    now = ports.clock.utc()
    outcomes = {outcome.service_id: outcome for outcome in ledger.deployment.services}
    return {
        service.service_id: Track(
            service=service,
            deployment_id=ecs_deployment_id,
            previous_id=service.ecs_deployment_id,
            since=now,
        )
        for service in plan.services
        if not outcomes[service.service_id].settled
        and (ecs_deployment_id := outcomes[service.service_id].ecs_deployment_id)
    }


def watch(
    moving: Mapping[str, Track],
    environment: Environment,
    patience: Patience,
    ledger: Ledger,
    ports: Ports,
    tell: Callable[[Event], None],
) -> None:
    """Poll until all are settled or the time is over; the ledger has how each service fares.

    What succeeded while others still moved is looked at once more at the end: success means that all of it
    is true at the same time. Raises Interrupted if a signal asks to stop, and LeaseLost if somebody took the environment over.
    """
    runtime = ports.runtime(environment)
    left, known = dict(moving), dict(moving)
    fresh: set[str] = set()
    deadline = ports.clock.utc() + timedelta(seconds=patience.wait)
    while left:
        fresh |= left.keys()
        try:
            views = look(left.values(), runtime)
        except AwsError as error:
            tell(PollFailed(error.message, ports.clock.utc()))
        else:
            known |= _judged(left, views, environment, ledger, ports, tell)
            left = {one: known[one] for one in left if not known[one].settled}
        if not left:
            left = _to_look_at_again(known, fresh, ledger)
            continue
        remaining = (deadline - ports.clock.utc()).total_seconds()
        if remaining <= 0:
            break
        ledger.wait(min(patience.interval, remaining))
        fresh.clear()


def _to_look_at_again(known: Mapping[str, Track], fresh: set[str], ledger: Ledger) -> dict[str, Track]:
    """Those that succeeded before the last wait, if the whole deployment would succeed with them."""
    if verdict(ledger.deployment.services) is not DeploymentStatus.SUCCEEDED:
        return {}
    return {
        service_id: replace(track, status=ServiceStatus.IN_PROGRESS)
        for service_id, track in known.items()
        if service_id not in fresh and track.status is ServiceStatus.SUCCEEDED
    }


def look(moving: Iterable[Track], runtime: ServiceRuntime) -> dict[ServiceKey, ServiceView]:
    """The services as they are now, with those of their tasks that can tell more."""
    tracked = {track.service.key: track for track in moving}
    services = looking.services(runtime, tracked)
    wanted = {key: reads(tracked[key], service) for key, service in services.items()}
    running = looking.running_tasks(runtime, [key for key, read in wanted.items() if read.tasks])
    stopped = looking.stopped_tasks(runtime, [key for key, read in wanted.items() if read.stopped])
    return {
        key: ServiceView(service=service, tasks=running.get(key), stopped=stopped.get(key))
        for key, service in services.items()
    }


def _judged(
    moving: Mapping[str, Track],
    views: Mapping[ServiceKey, ServiceView],
    environment: Environment,
    ledger: Ledger,
    ports: Ports,
    tell: Callable[[Event], None],
) -> dict[str, Track]:
    """How they stand after this poll."""
    now = ports.clock.utc()
    judged: dict[str, Track] = {}
    for service_id, before in moving.items():
        view = views.get(before.service.key)
        track = judged[service_id] = advance(before, view)
        known = ledger.outcome(service_id)
        outcome = _outcome(track, known)
        if track.settled:
            outcome = replace(outcome, failures=diagnose(track, view, environment, ports))
            if outcome != known:
                tell(ServiceSettled(outcome, now, track.since))
        else:
            tell(Progress(outcome, track.running, track.desired, track.state, now, track.since))
        ledger.service(outcome)
    return judged


def _outcome(track: Track, known: ServiceOutcome) -> ServiceOutcome:
    reason = track.reason if track.settled else track.state
    return replace(known, status=track.status, reason=reason)
