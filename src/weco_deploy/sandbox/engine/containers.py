"""The lives of simulated containers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import Literal

from weco_deploy.sandbox.behaviour import Behaviour

TASK_LABEL = "com.amazonaws.ecs.task-arn"
STOPPED_BY_TERM = 143
KILLED = 137

HOLD = 5.0
"""Seconds that a look at a running container may be held back at most, see `Containers.look`."""
A_PAIR_WITHIN = 1.0
CALM_AFTER = 0.3
LOOKS_AT_ONCE = 4
"""Looks that are answered at once after the start, which needs several in a row."""

State = Literal["created", "running", "exited"]


class NoSuchContainer(Exception):
    """There is no container of that id or name."""


class NameTaken(Exception):
    """There is a container of that name already."""


@dataclass(slots=True, kw_only=True)
class Container:
    """A container and what was done to it so far; times are seconds since the epoch."""

    id: str
    name: str
    image: str
    shown_as: str
    behaviour: Behaviour
    labels: Mapping[str, str]
    created: float
    started: float | None = None
    stopped: float | None = None
    stopped_with: int = 0
    looks: int = 0
    looked: float = 0.0

    @property
    def ends(self) -> float | None:
        """When it ended or will end; None if nothing ends it yet."""
        if self.stopped is not None or self.started is None or self.behaviour.exit_code is None:
            return self.stopped
        return self.started + self.behaviour.exits_after

    def state(self, now: float) -> State:
        ends = self.ends
        if ends is not None and ends <= now:
            return "exited"
        return "created" if self.started is None else "running"

    @property
    def exit_code(self) -> int:
        """The code it ended or will end with; 0 as long as nothing ends it."""
        return self.stopped_with if self.stopped is not None else self.behaviour.exit_code or 0

    @property
    def output(self) -> tuple[str, ...]:
        """All that it ever prints, which it does as soon as it has started."""
        return (f"starting {self.shown_as}", *self.behaviour.output)


@dataclass(slots=True)
class _Group:
    """The containers of one ECS task: who waits for one of them is told when something happens to any."""

    changed: Condition = field(default_factory=Condition)
    containers: list[Container] = field(default_factory=list)
    held: int = 0
    disturbed: float = 0.0

    def calm(self, now: float) -> bool:
        """Whether all run, and nobody else asked just now."""
        return now - self.disturbed > CALM_AFTER and all(
            container.state(now) == "running" for container in self.containers
        )

    def hold(self, now: float) -> float:
        """For how many seconds: the longer nothing happened the more, but never past the next end."""
        ends = [container.ends for container in self.containers]
        starts = [container.started for container in self.containers]
        since = max(self.disturbed, *(start for start in starts if start is not None))
        return min(HOLD, now - since, *(end - now for end in ends if end is not None))


class Containers:
    """All containers of the engine. Every method may be called from any thread;"""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_id: dict[str, tuple[Container, _Group]] = {}
        self._groups: dict[str, _Group] = {}

    def create(
        self, *, name: str, image: str, shown_as: str, behaviour: Behaviour, labels: Mapping[str, str]
    ) -> Container:
        """A new container, not started. Raises NameTaken."""
        container = Container(
            id=uuid.uuid4().hex + uuid.uuid4().hex,
            name=name,
            image=image,
            shown_as=shown_as,
            behaviour=behaviour,
            labels=labels,
            created=time.time(),
        )
        with self._lock:
            if any(other.name == name for other, _ in self._by_id.values()):
                raise NameTaken(name)
            group = self._groups.setdefault(labels.get(TASK_LABEL, container.id), _Group())
            group.containers.append(container)
            self._by_id[container.id] = (container, group)
        return container

    def start(self, key: str) -> None:
        """Start it, which takes as long as its behaviour says, unless it is stopped meanwhile."""
        container, group = self._find(key)
        with group.changed:
            if container.started is None:
                group.changed.wait_for(
                    lambda: container.stopped is not None, container.behaviour.starts_after
                )
                container.started = time.time()
            group.changed.notify_all()

    def stop(self, key: str, exit_code: int) -> None:
        """End it with that code, if it has not ended."""
        container, group = self._find(key)
        with group.changed:
            now = time.time()
            if container.state(now) != "exited":
                container.stopped, container.stopped_with = now, exit_code
            group.changed.notify_all()

    def remove(self, key: str) -> None:
        container, group = self._find(key)
        self.stop(container.id, KILLED)
        with self._lock:
            del self._by_id[container.id]
            group.containers.remove(container)
            if not group.containers:
                self._groups.pop(container.labels.get(TASK_LABEL, container.id), None)

    def look(self, key: str) -> Container:
        """The container, as it is or, if it runs, as it is soon: the answer may be held back.

        The emulator looks at every container of every task twenty times a second, in pairs, which a machine
        with a few hundred tasks has not the time for. So the second look of a pair is held back until
        something happens in the task, for some seconds at most. Nobody else should wait: a look that finds
        another one held ends that, and for a moment none is held.
        """
        container, group = self._find(key)
        with group.changed:
            now = time.time()
            if group.held:
                group.disturbed = now
                group.changed.notify_all()
            after, container.looked = now - container.looked, now
            container.looks += container.started is not None
            if after < A_PAIR_WITHIN and container.looks > LOOKS_AT_ONCE and group.calm(now):
                group.held += 1
                group.changed.wait(group.hold(now))
                group.held -= 1
        return container

    def at_once(self, key: str) -> Container:
        """The container, as it is."""
        return self._find(key)[0]

    def wait(self, key: str) -> int:
        """Wait until it has ended; answers its exit code."""
        container, group = self._find(key)
        with group.changed:
            while container.state(time.time()) != "exited":
                end = container.ends
                group.changed.wait(None if end is None else max(0.0, end - time.time()))
        return container.exit_code

    def follow(self, key: str) -> Iterator[str]:
        """Its lines, once it has started. It prints nothing later, so the lines end before it does."""
        container, group = self._find(key)
        with group.changed:
            group.changed.wait_for(lambda: container.started is not None or container.stopped is not None)
        yield from self.printed(container)

    def printed(self, container: Container) -> tuple[str, ...]:
        """The lines that it printed so far."""
        return container.output if container.started is not None else ()

    def all(self) -> tuple[Container, ...]:
        with self._lock:
            return tuple(container for container, _ in self._by_id.values())

    def _find(self, key: str) -> tuple[Container, _Group]:
        with self._lock:
            if key in self._by_id:
                return self._by_id[key]
            for container, group in self._by_id.values():
                if container.name == key or (len(key) >= 12 and container.id.startswith(key)):
                    return container, group
        raise NoSuchContainer(key)
