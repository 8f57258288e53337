"""Says that AWS does not answer: `waiting for ECR, attempt 2 of 5`, five seconds after a call was first sent.

botocore's events tell when a call begins, is sent (once for each attempt), and ends. A call runs in one thread; assuming a role
may make another call in the middle of it. Waiting for rate limits happens before a request is sent, so it doesn't count; a throttled
request was answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weco_deploy.aws.error_translation import is_throttled

if TYPE_CHECKING:
    from botocore.client import BaseClient

SLOW_AFTER = 5.0
"""Seconds after which a reader wants to know what the tool waits for."""


@dataclass(slots=True)
class _Call:
    """A call in progress. `sent_at` is when it was sent first, None before; `attempt` is the number of its latest attempt."""

    service: str
    attempts: int
    sent_at: float | None = None
    attempt: int = 0


class SlowCalls:
    """Watches the calls of clients, and says which services don't answer.

    Args:
        say: gets the lines, in the thread that checks.
        watch: begins to call its argument about once a second, in another thread, until that returns False.
        now: the time in seconds.

    """

    def __init__(
        self,
        say: Callable[[str], None],
        watch: Callable[[Callable[[], bool]], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._watch = watch
        self._now = now
        self._lock = threading.Lock()
        self._calls: dict[int, list[_Call]] = {}
        self._watched = False
        self._said: dict[str, int] = {}

    def observe(self, client: BaseClient, attempts: int) -> None:
        """Watch the calls of a client, which tries each call so many times."""
        service = client.meta.service_model.service_id
        name, events = service.hyphenize(), client.meta.events
        events.register(f"before-call.{name}", lambda **_: self._begin(service, attempts))
        events.register(f"before-send.{name}", lambda **_: self._send())
        events.register(f"needs-retry.{name}", lambda response, **_: self._answer(response))
        events.register(f"after-call.{name}", lambda **_: self._end())
        events.register(f"after-call-error.{name}", lambda **_: self._end())

    def check(self) -> bool:
        """Say what is waited for, once for each attempt. Returns whether there are calls in progress."""
        with self._lock:
            slow = self._slow()
            lines = [
                f"waiting for {service}, attempt {call.attempt} of {call.attempts}"
                for service, call in slow.items()
                if self._said.get(service) != call.attempt
            ]
            self._said = {service: call.attempt for service, call in slow.items()}
            self._watched = any(self._calls.values())
            watched = self._watched
        for line in lines:
            self._say(line)
        return watched

    def _slow(self) -> dict[str, _Call]:
        """By service, the call that was tried most often, of those that were sent a while ago."""
        before = self._now() - SLOW_AFTER
        slow: dict[str, _Call] = {}
        for calls in self._calls.values():
            for call in calls:
                known = slow.get(call.service)
                sent_long_ago = call.sent_at is not None and call.sent_at <= before
                if sent_long_ago and (known is None or known.attempt < call.attempt):
                    slow[call.service] = call
        return slow

    def _begin(self, service: str, attempts: int) -> None:
        with self._lock:
            self._calls.setdefault(threading.get_ident(), []).append(_Call(service, attempts))
            begins, self._watched = not self._watched, True
        if begins:
            self._watch(self.check)

    def _send(self) -> None:
        with self._lock:
            calls = self._calls.get(threading.get_ident())
            if calls:
                call = calls[-1]
                call.sent_at = self._now() if call.sent_at is None else call.sent_at
                call.attempt += 1

    def _answer(self, response: object) -> None:
        if is_throttled(response):
            with self._lock:
                calls = self._calls.get(threading.get_ident())
                if calls:
                    calls[-1].sent_at, calls[-1].attempt = None, 0

    def _end(self) -> None:
        with self._lock:
            calls = self._calls.get(threading.get_ident())
            if calls:
                calls.pop()
            if not calls:
                self._calls.pop(threading.get_ident(), None)
