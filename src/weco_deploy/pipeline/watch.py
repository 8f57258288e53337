"""Watches rollouts until every service's fate is certain, or the waiting time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import GOOD, ServiceOutcome
from weco_deploy.model.events import Event, PollFailed, Progress, ServiceSettled
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Calls, Ports, ServiceRuntime
from weco_deploy.rules.rollout import rolling
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

LATE_ANSWERS = timedelta(seconds=15)
"""How long answers to a poll are waited for once the waiting time is over."""
LAST_POLLS = 3
"""How often the last poll, when the time is over, is made if it fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to watch and how often to look, in seconds."""

    wait: float
    interval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How the watch went, in addition to the outcome of each service, which the ledger has.

    `blind_because` is why the last look failed, and with it every one since; empty if it did not. `unfinished` says
    that a look found a service not done, and no later one found anything better.
    """

    blind_because: str = ""
    unfinished: bool = False


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
    notify: Callable[[Event], None],
) -> Watched:
    """Poll until all are settled or the time is over; the ledger has how each service fares.

    What succeeded before the last poll is looked at once more at the end, whatever became of the others: what
    is said of a service is true when the deployment ends. A last poll that fails is made again a few times,
    because nothing can be said without it. Raises Interrupted if a signal asks to stop, and
    LeaseLost if somebody took the environment over.
    """
    runtime = ports.runtime(environment)
    ports = ledger.holding(ports)
    known, due = dict(moving), dict(moving)
    fresh: set[str] = set()
    unfinished: set[str] = set()
    last_views: dict[ServiceKey, ServiceView] = {}
    blind_because = ""
    deadline = ports.clock.utc() + timedelta(seconds=patience.wait)
    failed_polls = 0
    while due:
        known |= due
        fresh |= due.keys()
        given_up = max(deadline, ports.clock.utc()) + LATE_ANSWERS
        try:
            views = look(due.values(), runtime, ports.calls.until(given_up))
        except AwsError as error:
            notify(PollFailed(error.message, ports.clock.utc()))
            failed_polls += 1
            blind_because = error.message
        else:
            judged = _judged(due, views, environment, ledger, ports, notify)
            known |= judged
            last_views |= views
            unfinished -= judged.keys()
            unfinished |= {service_id for service_id, track in judged.items() if not track.settled}
            failed_polls = 0
            blind_because = ""
        left = {service_id: track for service_id, track in known.items() if not track.settled}
        remaining = (deadline - ports.clock.utc()).total_seconds()
        if left and remaining > 0:
            ledger.wait(min(patience.interval, remaining))
            fresh.clear()
            due = left
        elif 0 < failed_polls < LAST_POLLS:
            ledger.wait(patience.interval)
        else:
            due = _to_look_at_again(known, fresh)
    in_time = replace(ports, calls=ports.calls.until(ports.clock.utc() + LATE_ANSWERS))
    for service_id, track in known.items():
        if not track.settled:
            outcome = _outcome(track, ledger.outcome(service_id))
            view = last_views.get(track.service.key)
            ledger.service(replace(outcome, failures=diagnose(track, view, environment, in_time)))
    return Watched(blind_because=blind_because, unfinished=bool(unfinished))


def _to_look_at_again(known: Mapping[str, Track], fresh: set[str]) -> dict[str, Track]:
    """Those that did well before the last wait."""
    return {
        service_id: track.reopened()
        for service_id, track in known.items()
        if service_id not in fresh and track.status in GOOD
    }


def look(moving: Iterable[Track], runtime: ServiceRuntime, calls: Calls) -> dict[ServiceKey, ServiceView]:
    """The services as they are now, with those of their tasks that can show more."""
    tracked = {track.service.key: track for track in moving}
    services = reads.services(runtime, tracked, calls)
    wanted = {key: rolling.reads(tracked[key], service) for key, service in services.items()}
    busy = [key for key, read in wanted.items() if read.tasks]
    running = reads.running_tasks(runtime, busy, calls)
    stopped = reads.stopped_tasks(runtime, [key for key, read in wanted.items() if read.stopped], calls)
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
    notify: Callable[[Event], None],
) -> dict[str, Track]:
    """How they stand after this poll."""
    now = ports.clock.utc()
    judged: dict[str, Track] = {}
    for service_id, before in moving.items():
        view = views.get(before.service.key)
        track = advance(before, view)
        if track.status in GOOD and track.failures_since is None:
            track = replace(track, failures_since=now)
        judged[service_id] = track
        known = ledger.outcome(service_id)
        outcome = _outcome(track, known)
        if track.settled:
            ledger.service(outcome)  # certain, whether or not it can be found out why
            outcome = replace(outcome, failures=diagnose(track, view, environment, ports))
            if outcome != known:
                notify(ServiceSettled(outcome, now, track.since))
        else:
            notify(Progress(outcome, track.running, track.desired, track.state, now, track.since))
        ledger.service(outcome)
    return judged


def _outcome(track: Track, known: ServiceOutcome) -> ServiceOutcome:
    reason = track.reason if track.settled else track.state
    return replace(known, status=track.status, reason=reason)
