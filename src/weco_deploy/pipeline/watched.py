"""The services of a deployment that are watched, and what the polls make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import GOOD, Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import Event, Notice, PollFailed, Progress, ServiceSettled
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.pipeline.pauses import Pauses
from weco_deploy.pipeline.poll import Poll, Polling
from weco_deploy.ports import Ports
from weco_deploy.rules.rollout.cadence import SHORTEST, progress_of, seconds_until_next_poll
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.running_tasks import tasks_now
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.step_failure import Polled

TOGETHER = timedelta(seconds=0.5)
"""Services that are due within this time are polled together."""


class Watched:
    """The tracks of the services. Polling advances them, updates the ledger and notifies of each service.

    `failed_polls` counts the latest polls in a row that failed. `redeploy` redeploys a service that ECS could not roll back; without
    it the service has failed. `redeployed` is set when that has happened, because the waiting time begins again then.
    """

    def __init__(
        self,
        environment: Environment,
        interval: float,
        ledger: Ledger,
        ports: Ports,
        notify: Callable[[Event], None],
        redeploy: Callable[[Track], Track] | None = None,
    ) -> None:
        self.failed_polls = 0
        self.redeployed = False
        self._redeploy = redeploy
        self._tracks: dict[str, Track] = {}
        self._environment = environment
        self._ledger = ledger
        self._ports = ports
        self._notify = notify
        self._polling = Polling(
            ports.runtime(environment),
            ports.code_deploy(environment),
            OptionalReads(lambda text: notify(Notice(text))),
        )
        self._interval = interval
        self._began = ports.clock.utc()
        self._due_at: dict[str, datetime] = {}
        self._settled_at: dict[str, datetime] = {}
        self._views: dict[ServiceKey, ServiceView] = {}
        self._polled_since_wait: set[str] = set()
        self._unfinished: set[str] = set()
        self._blamed: set[str] = set()
        self._pauses = Pauses()
        self._last_error = ""

    def add(self, tracks: Mapping[str, Track]) -> None:
        """Watch these services, too."""
        self._tracks |= tracks

    def knows(self, service_id: str) -> bool:
        """Whether the service is watched, or was until it settled."""
        return service_id in self._tracks

    @property
    def own_wait(self) -> timedelta:
        """How much longer than the waiting time rollouts may take that ECS's configuration makes wait."""
        return max((track.service.own_wait for track in self.unsettled.values()), default=timedelta(0))

    def end_of_wait(self, end: datetime, wait: timedelta) -> datetime:
        """When the unsettled services have been waited for long enough: at `end`, or later where ECS makes them wait."""
        ends = (
            self._pauses.end_of_wait(service_id, end + track.service.own_wait, wait)
            for service_id, track in self.unsettled.items()
        )
        return max(ends, default=end)

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

    @property
    def due(self) -> dict[str, Track]:
        """The unsettled services that are to be polled now."""
        now = self._ports.clock.utc()
        return {
            service_id: track
            for service_id, track in self.unsettled.items()
            if self._due_at.get(service_id, now) <= now
        }

    @property
    def seconds_until_due(self) -> float:
        """The seconds until an unsettled service is to be polled; 0 if one is due."""
        now = self._ports.clock.utc()
        next_at = min((self._due_at.get(service_id, now) for service_id in self.unsettled), default=now)
        return max(0.0, (next_at - now).total_seconds())

    def wait(self, seconds: float) -> None:
        self._ledger.wait(seconds)
        self._polled_since_wait.clear()

    def poll(self, due: Mapping[str, Track], answered_by: datetime, *, everything: bool) -> None:
        """Poll these services, and judge those that could be read.

        Answers that come later than `answered_by` make a poll that read nothing. With `everything` all tasks are read.
        """
        self._tracks |= due
        began = self._ports.clock.utc()
        try:
            read = self._polling.poll(
                due.values(), self._ports.calls.until(answered_by), everything=everything
            )
        except AwsError as error:
            read = Poll({}, {track.service.key: error for track in due.values()})
        self._views |= read.views
        known = {
            service_id: track for service_id, track in due.items() if track.service.key not in read.unread
        }
        self._polled_since_wait |= known.keys()
        for service_id, track in known.items():
            after = advance(track, read.views.get(track.service.key))
            if after.not_rolled_back and self._redeploy is not None:
                after, self.redeployed = self._redeploy(after), True
            self._tracks[service_id] = after
        self._judged(known)
        self._plan_next(due, known, began)
        errors = list(read.unread.values())
        self.failed_polls = self.failed_polls + 1 if errors else 0
        self._last_error = errors[0].message if errors else ""
        if errors:
            self._notify(PollFailed(errors[0].message, self._ports.clock.utc()))

    def close(self, answered_by: datetime) -> Polled:
        """Give the services that are not settled the outcome of a waiting time that is over."""
        in_time = replace(self._ports, calls=self._ports.calls.until(answered_by))
        tracks = {service_id: track.when_time_is_over() for service_id, track in self.unsettled.items()}
        for service_id, failures in self._diagnosed(tracks, in_time).items():
            outcome = self._outcome(tracks[service_id], self._ledger.outcome(service_id))
            self._ledger.service(replace(outcome, failures=failures))
        return Polled(
            last_error=self._last_error,
            unfinished=bool(self._unfinished),
            blamed=bool(self._blamed),
            paused=tuple(service_id for service_id, track in self.unsettled.items() if track.paused),
        )

    def _judged(self, polled: Mapping[str, Track]) -> None:
        """Update the ledger with the new tracks of these services, and notify of each."""
        ledger, now = self._ledger, self._ports.clock.utc()
        tracks = {service_id: self._tracks[service_id] for service_id in polled}
        known = {service_id: ledger.outcome(service_id) for service_id in polled}
        self._unfinished -= polled.keys()
        self._blamed -= polled.keys()
        for service_id, track in tracks.items():
            self._pauses.note(service_id, now, paused=track.paused)
            outcome = self._outcome(track, known[service_id])
            ledger.service(outcome)  # certain, even if diagnosing it fails
            if not track.settled:
                if not track.more_seconds:  # otherwise all is well, and only has to last
                    self._unfinished.add(service_id)
                if track.blames_image:
                    self._blamed.add(service_id)
                self._notify(Progress(outcome, track.running, track.desired, track.state, now, track.since))
        settled = {service_id: track for service_id, track in tracks.items() if track.settled}
        self._settled_at |= dict.fromkeys(settled, now)
        for service_id, failures in self._diagnosed(settled, self._ports).items():
            track = settled[service_id]
            # ECS forgets stopped tasks after an hour; what was recorded of them stays.
            recorded = () if track.status in GOOD else known[service_id].failures
            outcome = replace(self._outcome(track, known[service_id]), failures=failures or recorded)
            if outcome != known[service_id]:
                self._notify(ServiceSettled(outcome, track.running, track.desired, now, track.since))
            ledger.service(outcome)

    def _diagnosed(self, tracks: Mapping[str, Track], ports: Ports) -> dict[str, tuple[Failure, ...]]:
        """The evidence of failures of these services, all of which are diagnosed together."""
        services = [(track, self._views.get(track.service.key)) for track in tracks.values()]
        found = diagnose(services, self._environment, ports, self._polling.stopped)
        return dict(zip(tracks, found, strict=True))

    def _plan_next(self, due: Mapping[str, Track], known: Mapping[str, Track], began: datetime) -> None:
        """Decide when the services of a poll that began then are polled again; a failed poll is repeated after the interval."""
        moving = self.unsettled
        for service_id in moving.keys() & due.keys():
            seconds = self._interval
            if service_id in known:
                track = moving[service_id]
                watched = (began - track.since).total_seconds()
                progress = progress_of(track, self._views.get(track.service.key), watched)
                seconds = seconds_until_next_poll(progress, self._interval, len(moving))
            self._due_at[service_id] = self._rounded_up(began + timedelta(seconds=seconds))

    def _rounded_up(self, moment: datetime) -> datetime:
        """The moment, at most half a second later, so that services which are due at about the same time share calls."""
        if self._interval <= SHORTEST:
            return moment
        return moment + (self._began - moment) % TOGETHER

    def _outcome(self, track: Track, known: ServiceOutcome) -> ServiceOutcome:
        reason = track.reason if track.settled or track.status is ServiceStatus.UNVERIFIED else track.state
        view = self._views.get(track.service.key)
        return replace(
            known,
            status=track.status,
            reason=reason,
            ecs_deployment_id=track.deployment_id or None,
            ecs_rollback=track.ecs_rollback or None,
            draining=track.draining,
            tasks=known.tasks if view is None else tasks_now(track, view, known.tasks),
        )
