"""Polls rollouts until every service is settled, or the waiting time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import GOOD, ServiceOutcome
from weco_deploy.model.events import Event, PollFailed, Progress, ServiceSettled
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Calls, Ports, ServiceRuntime
from weco_deploy.rules.rollout import rolling
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.step_failure import Polled

LATE_ANSWERS = timedelta(seconds=15)
"""How long the tool waits for answers to a poll once the waiting time is over."""
LAST_POLLS = 3
"""How often the last poll is tried, once the waiting time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait in all, and between two polls, in seconds."""

    wait: float
    interval: float


def poll_until_settled(
    moving: Mapping[str, Track],
    environment: Environment,
    patience: Patience,
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Polled:
    """Poll until all services are settled or the time is over; the ledger has the outcome of each.

    Services that succeeded before the last poll are polled once more at the end, whatever became of the others, so that every
    outcome is true when the deployment ends. If the last poll fails it is made again a few times, because without it nothing
    is known. Raises Interrupted if a signal asks to stop, and LeaseLost if somebody took the environment over.
    """
    runtime = ports.runtime(environment)
    definitions = Definitions(runtime)
    ports = ledger.holding(ports)
    known, due = dict(moving), dict(moving)
    fresh: set[str] = set()
    unfinished: set[str] = set()
    last_views: dict[ServiceKey, ServiceView] = {}
    last_error = ""
    deadline = ports.clock.utc() + timedelta(seconds=patience.wait)
    failed_polls = 0
    while due:
        known |= due
        fresh |= due.keys()
        given_up = max(deadline, ports.clock.utc()) + LATE_ANSWERS
        try:
            views = poll(due.values(), runtime, definitions, ports.calls.until(given_up))
        except AwsError as error:
            notify(PollFailed(error.message, ports.clock.utc()))
            failed_polls += 1
            last_error = error.message
        else:
            judged = _judged(due, views, environment, ledger, ports, notify)
            known |= judged
            last_views |= views
            unfinished -= judged.keys()
            unfinished |= {
                service_id for service_id, track in judged.items() if not track.settled and track.blames_image
            }
            failed_polls = 0
            last_error = ""
        left = {service_id: track for service_id, track in known.items() if not track.settled}
        remaining = (deadline - ports.clock.utc()).total_seconds()
        if left and remaining > 0:
            ledger.wait(min(patience.interval, remaining))
            fresh.clear()
            due = left
        elif 0 < failed_polls < LAST_POLLS:
            ledger.wait(patience.interval)
        else:
            due = _to_poll_again(known, fresh)
    in_time = replace(ports, calls=ports.calls.until(ports.clock.utc() + LATE_ANSWERS))
    for service_id, track in known.items():
        if not track.settled:
            outcome = _outcome(track, ledger.outcome(service_id))
            view = last_views.get(track.service.key)
            ledger.service(replace(outcome, failures=diagnose(track, view, environment, in_time)))
    return Polled(last_error=last_error, unfinished=bool(unfinished))


def _to_poll_again(known: Mapping[str, Track], fresh: set[str]) -> dict[str, Track]:
    """The tracks of services that were good before the last wait."""
    return {
        service_id: track.reopened()
        for service_id, track in known.items()
        if service_id not in fresh and track.status in GOOD
    }


def poll(
    moving: Iterable[Track], runtime: ServiceRuntime, definitions: Definitions, calls: Calls
) -> dict[ServiceKey, ServiceView]:
    """The services as ECS describes them now, with everything that can tell more (`rolling.reads`)."""
    tracked = {track.service.key: track for track in moving}
    services = reads.services(runtime, tracked, calls)
    wanted = {key: rolling.reads(tracked[key], service) for key, service in services.items()}
    busy = [key for key, read in wanted.items() if read.tasks]
    running = reads.running_tasks(runtime, busy, calls)
    stopped = reads.stopped_tasks(runtime, [key for key, read in wanted.items() if read.stopped], calls)
    revised = [key for key, read in wanted.items() if read.revision]
    images = calls.read(partial(runtime.resolved, services[key]) for key in revised)
    resolved = dict(zip(revised, images, strict=True))
    defined = definitions.read((name for read in wanted.values() for name in read.definitions), calls)
    return {
        key: ServiceView(
            service=service,
            tasks=running.get(key),
            stopped=stopped.get(key),
            resolved=resolved.get(key),
            defined={name: defined[name] for name in wanted[key].definitions if name in defined},
        )
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
    """The tracks after this poll. Updates the ledger, and notifies of each service."""
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
            ledger.service(outcome)  # certain, even if diagnosing it fails
            outcome = replace(outcome, failures=diagnose(track, view, environment, ports))
            if outcome != known:
                notify(ServiceSettled(outcome, now, track.since))
        else:
            notify(Progress(outcome, track.running, track.desired, track.state, now, track.since))
        ledger.service(outcome)
    return judged


def _outcome(track: Track, known: ServiceOutcome) -> ServiceOutcome:
    reason = track.reason if track.settled else track.state
    return replace(known, status=track.status, reason=reason, ecs_deployment_id=track.deployment_id)
