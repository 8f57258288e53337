"""The state of one account and region, and what is due there.

Nothing happens by itself: transitions wait in a heap until a request, or whoever drives the simulation, runs what is
due. A transition that needs images is not run before they are resolved, which is done while the lock is free.
"""

from __future__ import annotations

import heapq
import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from weco_deploy.sandbox.ecs.code_deploy import CodeDeploy
from weco_deploy.sandbox.ecs.images import Resolved
from weco_deploy.sandbox.ecs.service_state import Deployment, Service
from weco_deploy.sandbox.ecs.state import Cluster, Json, Place, Task, TaskDefinition
from weco_deploy.sandbox.ecs.timings import Settings

EVENTS_KEPT = 100
"""DescribeServices answers no more events than this."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def no_references() -> Collection[str]:
    return ()


def _nothing_to_do(*_: object) -> None:
    """Stand in for the scheduler until there is one."""


@dataclass(slots=True)
class Transition:
    """Something that happens, and the images that it needs."""

    run: Callable[[Resolved], None]
    references: Callable[[], Collection[str]]


class Region:
    """All state of an account and region. Its methods are called while its lock is held."""

    def __init__(self, place: Place, settings: Settings, ids: Random) -> None:
        self.place = place
        self.settings = settings
        self.lock = threading.RLock()
        self.now = LONG_AGO
        self.clusters: dict[str, Cluster] = {}
        self.definitions: dict[str, list[TaskDefinition]] = {}
        self.logs: dict[str, dict[str, list[Json]]] = {}
        self.alarms: set[str] = set()
        self.code_deploy = CodeDeploy()
        self.run_tasks: dict[str, tuple[Json, list[Task]]] = {}
        self.tokens: dict[int, tuple[float, datetime]] = {}
        self.reconcile: Callable[[Service], None] = _nothing_to_do
        self.task_failed: Callable[[Service, Deployment], None] = _nothing_to_do
        self._ids = ids
        self._due: list[tuple[datetime, int, Transition]] = []
        """By time; what is due at the same time in the order in which it was scheduled."""
        self._woken: deque[Service] = deque()
        self._numbers = count()
        self._changed: dict[int, Service | Task] = {}

    def after(self, seconds: float, run: Callable[[], None]) -> None:
        """Run something after so many seconds, which the simulation's speed divides."""
        self._schedule(seconds, lambda _: run(), no_references)

    def after_resolving(
        self, seconds: float, references: Callable[[], Collection[str]], run: Callable[[Resolved], None]
    ) -> None:
        """Run something that needs the images which `references` names when it is due."""
        self._schedule(seconds, run, references)

    def at(self, when: datetime, run: Callable[[], None]) -> None:
        """Run something at a time that the speed of the simulation does not move."""
        self._push(when, lambda _: run(), no_references)

    def wake(self, service: Service) -> None:
        """Let the scheduler look at the service, once, as soon as what happens now has happened."""
        self.changed(service)
        if not service.reconciling:
            service.reconciling = True
            self._woken.append(service)

    def changed(self, item: Service | Task) -> None:
        """Note that reads must tell the item anew."""
        item.view = None
        self._changed[id(item)] = item

    def take_changed(self) -> dict[int, Service | Task]:
        """What has changed since this was last asked, by its identity."""
        changed = self._changed
        if changed:
            self._changed = {}
        return changed

    def next_due(self) -> datetime | None:
        if self._woken:
            return self.now
        return self._due[0][0] if self._due else None

    def run_due(self, now: datetime, resolved: Resolved, recorded: Callable[[], None]) -> Collection[str]:
        """Run what is due, and `recorded` after each transition.

        Stops before a transition whose images are not among `resolved`, and answers all references that are
        needed by what is due; none once everything that is due has run.
        """
        while (next_due := self.next_due()) is not None and next_due <= now:
            if self._woken and not (self._due and self._due[0][0] <= self.now):
                self.reconcile(self._woken.popleft())
                recorded()
                continue
            at, _, transition = self._due[0]
            if any(reference not in resolved for reference in transition.references()):
                return self._needed(now, resolved)
            heapq.heappop(self._due)
            self.now = max(self.now, at)
            transition.run(resolved)
            recorded()
        self.now = max(self.now, now)
        return ()

    def tell(self, service: Service, message: str, source: str = "") -> None:
        """Add an event: `(service NAME) message`. `source` is put into the parentheses after the name."""
        event: Json = {
            "id": str(uuid.UUID(int=self._ids.getrandbits(128), version=4)),
            "createdAt": self.now,
            "message": f"(service {service.name}{source}) {message}",
        }
        service.events.insert(0, event)
        del service.events[EVENTS_KEPT:]
        self.changed(service)

    def log(self, group: str, stream: str, lines: Collection[str]) -> None:
        """Write lines into a log."""
        events = self.logs.setdefault(group, {}).setdefault(stream, [])
        at = round(self.now.timestamp() * 1000)
        events.extend({"timestamp": at, "ingestionTime": at, "message": line} for line in lines)

    def new_number(self) -> str:
        """A number of 19 digits, as ECS gives to deployments."""
        return str(self._ids.randrange(10**18, 10**19))

    def new_hex(self) -> str:
        """32 hexadecimal digits, as ECS gives to tasks."""
        return f"{self._ids.getrandbits(128):032x}"

    def new_address(self) -> str:
        """A private address."""
        return f"10.{self._ids.randrange(256)}.{self._ids.randrange(256)}.{self._ids.randrange(1, 255)}"

    def _needed(self, now: datetime, resolved: Resolved) -> Collection[str]:
        return {
            reference
            for at, _, transition in self._due
            if at <= now
            for reference in transition.references()
            if reference not in resolved
        }

    def _schedule(
        self, seconds: float, run: Callable[[Resolved], None], references: Callable[[], Collection[str]]
    ) -> None:
        self._push(self.now + timedelta(seconds=seconds / self.settings.speed), run, references)

    def _push(
        self, at: datetime, run: Callable[[Resolved], None], references: Callable[[], Collection[str]]
    ) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), Transition(run, references)))
