"""Polls rollouts until every service is settled or the waiting time is over, then takes a last look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Clock
from weco_deploy.rules.step_failure import Polled


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds.

    Args:
        wait: for the services to be settled.
        interval: between two polls of a service, at most.
        late_answers: for the answers to a poll, once the waiting time is over.
        last_polls: how often the last poll is tried, because without it nothing is known.

    """

    wait: float
    interval: float
    late_answers: float = 15.0
    last_polls: int = 3


def poll_until_settled(
    watched: Watched,
    patience: Patience,
    clock: Clock,
) -> Polled:
    """Poll until all services are settled or the time is over; the ledger has the outcome of each.

    A last look makes every outcome true when the deployment ends: it polls services once more that were settled earlier and
    may have changed since. If it finds one that is not settled any more and time is left, polling goes on. If the time ends
    while a service only has to go on running to be stable, or to be polled a second time, the time is extended by what that takes.

    Raises Interrupted if a signal asks to stop, and LeaseLost if somebody took the environment over.
    """
    deadline = _Deadline(clock, patience, watched)
    while True:
        _poll_while_unsettled(watched, deadline)
        _look_again(watched, patience, deadline)
        if deadline.remaining <= 0:
            deadline.extend_once(watched.more_seconds)
        if not watched.unsettled or deadline.remaining <= 0:
            return watched.close(deadline.for_answers)
        watched.wait(min(watched.seconds_until_due, deadline.remaining))


class _Deadline:
    """The end of the waiting time. A service that ECS makes wait is waited for longer."""

    def __init__(self, clock: Clock, patience: Patience, watched: Watched) -> None:
        self._clock = clock
        self._patience = patience
        self._watched = watched
        self._wait = timedelta(seconds=patience.wait)
        self._extended_to: datetime | None = None
        self.begin_again()

    def begin_again(self) -> None:
        """Let the whole waiting time begin now."""
        self._usual_end = self._clock.utc() + self._wait
        self._extended_to = None

    @property
    def remaining(self) -> float:
        """Seconds until the end; not above zero once it has passed."""
        return (self._end - self._clock.utc()).total_seconds()

    def extend_once(self, seconds: float) -> None:
        """Let the time end so many seconds from now, unless it was extended before."""
        if seconds and self._extended_to is None:
            self._extended_to = self._clock.utc() + timedelta(seconds=seconds)

    @property
    def _end(self) -> datetime:
        return self._extended_to or self._watched.end_of_wait(self._usual_end, self._wait)

    @property
    def for_answers(self) -> datetime:
        """How long the answers to a poll that begins now are waited for."""
        return max(self._end, self._clock.utc()) + timedelta(seconds=self._patience.late_answers)


def _poll_while_unsettled(watched: Watched, deadline: _Deadline) -> None:
    """Poll services when they are due; at the end of the time all that are not settled, with all that tells anything."""
    while watched.unsettled:
        over = deadline.remaining <= 0
        if due := watched.unsettled if over else watched.due:
            watched.poll(due, deadline.for_answers, everything=over)
            if watched.redeployed:
                watched.redeployed = False
                deadline.begin_again()
        if over:
            deadline.extend_once(watched.more_seconds)
            if deadline.remaining <= 0:
                return
        if watched.unsettled and deadline.remaining > 0:
            watched.wait(min(watched.seconds_until_due, deadline.remaining))


def _look_again(watched: Watched, patience: Patience, deadline: _Deadline) -> None:
    while due := watched.due_at_the_end:
        given_up = watched.failed_polls >= patience.last_polls
        if given_up and due.keys() <= watched.unsettled.keys():
            return
        if watched.failed_polls and not given_up:
            watched.wait(patience.interval)
            due = watched.due_at_the_end
        watched.poll(due, deadline.for_answers, everything=True)
