"""The services of a deployment that are watched, and what the polls make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import GOOD, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import Event, Notice, PollFailed, Progress, ServiceSettled
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.pipeline.poll import Poll, Polling
from weco_deploy.ports import Ports
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.step_failure import Polled


class Watched:
    """The tracks of the services. Polling advances them, updates the ledger and notifies of each service.

    `failed_polls` counts the latest polls in a row that failed.
    """

    def __init__(
        self,
        tracks: Mapping[str, Track],
        environment: Environment,
        ledger: Ledger,
        ports: Ports,
        notify: Callable[[Event], None],
    ) -> None:
        self.failed_polls = 0
        self._tracks = dict(tracks)
        self._environment = environment
        self._ledger = ledger
        self._ports = ports
        self._notify = notify
        self._polling = Polling(ports.runtime(environment), OptionalReads(lambda text: notify(Notice(text))))
        self._settled_at: dict[str, datetime] = {}
        self._views: dict[ServiceKey, ServiceView] = {}
        self._polled_since_wait: set[str] = set()
        self._unfinished: set[str] = set()
        self._last_error = ""

    @property
    def unsettled(self) -> dict[str, Track]:
        return {service_id: track for service_id, track in self._tracks.items() if not track.settled}

    @property
    def more_seconds(self) -> float:
        """How long a service still takes for which nothing else has to happen; 0 if there is none."""
        return max((track.more_seconds for track in self.unsettled.values()), default=0.0)

    @property
    def due_at_the_end(self) -> dict[str, Track]:
        """What a last look polls: services that were settled before the last wait and may have changed since.

        After a failed poll also those that are not settled, because their state is not known.
        """
        settled = {
            service_id: track.reopened(self._settled_at[service_id])
            for service_id, track in self._tracks.items()
            if track.looked_at_again and service_id not in self._polled_since_wait
        }
        unread = {
            service_id: track
            for service_id, track in self.unsettled.items()
            if service_id not in self._polled_since_wait
        }
        return {**settled, **(unread if self.failed_polls else {})}

    def wait(self, seconds: float) -> None:
        self._ledger.wait(seconds)
        self._polled_since_wait.clear()

    def poll(self, due: Mapping[str, Track], answered_by: datetime) -> None:
        """Poll these services, and judge those that could be read.

        Answers that come later than `answered_by` make a poll that read nothing.
        """
        self._tracks |= due
        try:
            read = self._polling.poll(due.values(), self._ports.calls.until(answered_by))
        except AwsError as error:
            read = Poll({}, {track.service.key: error for track in due.values()})
        self._views |= read.views
        for service_id, track in due.items():
            if track.service.key not in read.unread:
                self._polled_since_wait.add(service_id)
                self._judge(service_id, track, read.views.get(track.service.key))
        errors = list(read.unread.values())
        self.failed_polls = self.failed_polls + 1 if errors else 0
        self._last_error = errors[0].message if errors else ""
        if errors:
            self._notify(PollFailed(errors[0].message, self._ports.clock.utc()))

    def close(self, answered_by: datetime) -> Polled:
        """Give the services that are not settled the outcome of a waiting time that is over."""
        in_time = replace(self._ports, calls=self._ports.calls.until(answered_by))
        for service_id, unsettled in self.unsettled.items():
            track = unsettled.when_time_is_over()
            outcome = _outcome(track, self._ledger.outcome(service_id))
            view = self._views.get(track.service.key)
            failures = diagnose(track, view, self._environment, in_time)
            self._ledger.service(replace(outcome, failures=failures))
        return Polled(last_error=self._last_error, unfinished=bool(self._unfinished))

    def _judge(self, service_id: str, before: Track, view: ServiceView | None) -> None:
        track = self._tracks[service_id] = advance(before, view)
        ledger, now = self._ledger, self._ports.clock.utc()
        known = ledger.outcome(service_id)
        outcome = _outcome(track, known)
        self._unfinished.discard(service_id)
        if track.settled:
            self._settled_at[service_id] = now
            ledger.service(outcome)  # certain, even if diagnosing it fails
            failures = diagnose(track, view, self._environment, self._ports)
            # ECS forgets stopped tasks after an hour; what was recorded of them stays.
            recorded = () if track.status in GOOD else known.failures
            outcome = replace(outcome, failures=failures or recorded)
            if outcome != known:
                self._notify(ServiceSettled(outcome, track.running, track.desired, now, track.since))
        else:
            if track.blames_image:
                self._unfinished.add(service_id)
            self._notify(Progress(outcome, track.running, track.desired, track.state, now, track.since))
        ledger.service(outcome)


def _outcome(track: Track, known: ServiceOutcome) -> ServiceOutcome:
    reason = track.reason if track.settled or track.status is ServiceStatus.UNVERIFIED else track.state
    return replace(
        known,
        status=track.status,
        reason=reason,
        ecs_deployment_id=track.deployment_id,
        draining=track.draining,
    )
