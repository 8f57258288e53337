"""Passes events to several sinks. Only the first sink, the terminal, may delay the operation.

    operation ──event──► EventDispatcher ──event────► terminal, in the operation's own thread
                                         ──envelope─► a queue and a daemon thread for each other sink

A slow, blocked or broken sink delays neither the lease nor the verdict. Its queue holds 1,000 events. When the queue is
full, its oldest progress event is dropped and counted. Important events are never dropped.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from weco_deploy.model.events import Claimed, Envelope, Event, ServiceSettled, Settled, Settling, StepFinished
from weco_deploy.ports import NotDelivered

Sink: TypeAlias = Callable[[Envelope], None]

CAPACITY = 1000
"""How many events wait for a sink before progress is dropped."""
SECONDS_AFTER_VERDICT = 5.0
"""How long to wait in the end for sinks that have not got all events."""

_NEVER_DROPPED = (Claimed, StepFinished, ServiceSettled, Settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many events a sink did not get.

    Args:
        sink: the sink's name.
        dropped: the number of progress events that were dropped, because the queue was full.
        undelivered: the number of events in the queue when the time was over, and the event in progress.
        failures: the number of events for which the sink raised an error.
        error: the sink's last error; empty if there was none.

    """

    sink: str
    dropped: int
    undelivered: int
    failures: int
    error: str

    @property
    def complete(self) -> bool:
        return not (self.dropped or self.undelivered or self.failures)


class EventDispatcher:
    """Passes the events of a run to the terminal, then to the other sinks.

    Call it from one thread only. The other sinks get the events in envelopes, each sink in its own thread.

    Args:
        terminal: gets each event first, in the caller's thread. The caller gets its errors.
        sinks: the other sinks, by name.
        environment: the environment of the run, for the envelopes.
        now: returns the time in UTC, for the envelopes.

    """

    def __init__(
        self,
        terminal: Callable[[Event], None],
        sinks: Mapping[str, Sink],
        *,
        environment: str | None,
        now: Callable[[], datetime],
    ) -> None:
        self._terminal = terminal
        self._environment = environment
        self._now = now
        self._deployment_id: str | None = None
        self._deliverers = [_Deliverer(name, sink) for name, sink in sinks.items()]

    def __call__(self, event: Event) -> None:
        self._terminal(event)
        envelope = self._envelope(event)
        for deliverer in self._deliverers:
            deliverer.add(envelope)

    def close(self, seconds: float = SECONDS_AFTER_VERDICT) -> tuple[Delivery, ...]:
        """Wait until the sinks have got all events, for at most `seconds` in total."""
        end = time.monotonic() + seconds
        for deliverer in self._deliverers:
            deliverer.finish()
        return tuple(deliverer.delivery(end - time.monotonic()) for deliverer in self._deliverers)

    def _envelope(self, event: Event) -> Envelope:
        if isinstance(event, Claimed | Settled):
            # All events of a rollback in the same run are between its Claimed and its Settled. The last event is Settled of
            # the deployment that was rolled back.
            self._deployment_id = event.deployment.deployment_id
        deployment_id = self._deployment_id
        if isinstance(event, Settling):  # the event of an earlier deployment
            deployment_id = event.deployment.deployment_id
        return Envelope(
            deployment_id=deployment_id, environment=self._environment, time=self._now(), event=event
        )


class _Deliverer:
    """A sink's queue, and the thread that empties it.

    The thread releases the lock while the sink handles an event, so that adding an event never waits for the sink.
    """

    def __init__(self, name: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._waiting: deque[Envelope] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._busy = False
        self._dropped = 0
        self._failures = 0
        self._error = ""
        self._thread = threading.Thread(target=self._deliver, name=f"events to {name}", daemon=True)
        self._thread.start()

    def add(self, envelope: Envelope) -> None:
        with self._changed:
            self._waiting.append(envelope)
            if len(self._waiting) > CAPACITY:
                self._drop_oldest_progress()
            self._changed.notify()

    def finish(self) -> None:
        """Let the thread end once the queue is empty."""
        with self._changed:
            self._finished = True
            self._changed.notify()

    def delivery(self, seconds: float) -> Delivery:
        """The result, after waiting at most `seconds` for the remaining events. Then the queue is cleared."""
        self._thread.join(max(0.0, seconds))
        with self._changed:
            undelivered = len(self._waiting) + self._busy
            self._waiting.clear()
            return Delivery(
                sink=self._name,
                dropped=self._dropped,
                undelivered=undelivered,
                failures=self._failures,
                error=self._error,
            )

    def _drop_oldest_progress(self) -> None:
        for position, envelope in enumerate(self._waiting):
            if not isinstance(envelope.event, _NEVER_DROPPED):
                del self._waiting[position]
                self._dropped += 1
                return

    def _deliver(self) -> None:
        while (envelope := self._next()) is not None:
            error = self._failure(envelope)
            with self._changed:
                self._busy = False
                if error is not None:
                    self._failures += 1
                    known = isinstance(error, NotDelivered)
                    self._error = str(error) if known else f"{type(error).__name__}: {error}"

    def _next(self) -> Envelope | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finished)
            if not self._waiting:
                return None
            self._busy = True
            return self._waiting.popleft()

    def _failure(self, envelope: Envelope) -> Exception | None:
        try:
            self._sink(envelope)
        except Exception as error:  # noqa: BLE001 - after any error, the sink still gets the next event
            return error
        return None
