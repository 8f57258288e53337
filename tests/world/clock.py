"""Virtual time: it passes only when somebody waits, and waiting runs what is scheduled."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from weco_deploy.sandbox.ecs import Simulation

START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
"""When every world begins."""
LONGEST = timedelta(days=7)
"""A world that lives longer than this waits for something that never comes."""


class Schedule:
    """The time, and what is to happen when. Actions of the same moment run in the order they were asked for.

    What happens in the simulated ECS by then happens first.
    """

    def __init__(self, lock: threading.RLock, simulation: Simulation) -> None:
        self.now = START
        self._lock = lock
        self._simulation = simulation
        self._asked = 0
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Run `action` when so many seconds have passed."""
        with self._lock:
            self._asked += 1
            heapq.heappush(self._due, (self.now + timedelta(seconds=seconds), self._asked, action))

    def next_due(self) -> datetime | None:
        """When something happens next, in ECS or by a scheduled action."""
        with self._lock:
            times = [self._simulation.next_due(), self._due[0][0] if self._due else None]
        return min((time for time in times if time is not None), default=None)

    def pass_until(self, moment: datetime, disturbed: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until `moment`, or until `disturbed`, running each action when its moment comes.

        Actions run outside the lock, so that one may be a whole run of the tool, with its own waits.
        """
        if moment - START > LONGEST:
            message = f"a week has passed in this world at {moment}: something waits for what never comes"
            raise AssertionError(message)
        while not disturbed():
            action = self._next(moment)
            if action is None:
                break
            action()
        if disturbed():
            return
        self._advance(moment)

    def _next(self, until: datetime) -> Callable[[], object] | None:
        with self._lock:
            if not self._due or self._due[0][0] > until:
                return None
            at, _, action = heapq.heappop(self._due)
            self._advance(at)
            return action

    def _advance(self, moment: datetime) -> None:
        with self._lock:
            self.now = max(self.now, moment)
            self._simulation.run_due(self.now)
