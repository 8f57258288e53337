"""Whole histories of one rollout: what may happen to it, and what polls see of that, reads that lag included.

A `Rollout` is the truth. Every step is looked at by one poll, which may show the service as it was some
steps ago. Tasks are always told as they are: what lags behind is the service.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.rules.states import (
    BEFORE,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    primary,
    service,
    stopped,
    task,
    track,
    view,
)
from weco_deploy.model.service import EcsDeployment, Service, ServiceView, Task
from weco_deploy.rules.verdict import Track, advance

CRASHES = 2
"""As many tasks may crash without making it a failure: one more would, where no circuit breaker counts."""


@dataclass(slots=True)
class Running:
    """A task that has not stopped. `told`: whether it tells its digest; `wanted`: whether it should run."""

    name: str
    of: str
    digest: str
    runs: bool = True
    told: bool = True
    wanted: bool = True


@dataclass(slots=True)
class Rollout:
    """The truth about search-api, from just after our deployment began. `state` is that of the primary one."""

    desired: int
    breaker: bool
    classic: bool
    state: str = "IN_PROGRESS"
    primary: str = OURS
    tasks: list[Running] = field(default_factory=list)
    ended: list[Task] = field(default_factory=list)
    made: int = 0
    crashes: int = 0

    def of(self, deployment_id: str) -> list[Running]:
        return [one for one in self.tasks if one.of == deployment_id]

    def seen(self) -> Service:
        """The service as DescribeServices tells it, the primary deployment first."""
        others = [one for one in (OURS, BEFORE) if one != self.primary and self.of(one)]
        state = None if self.classic else self.state
        return service(
            desired=self.desired,
            running=sum(one.runs for one in self.tasks),
            pending=sum(not one.runs for one in self.tasks),
            breaker=self.breaker,
            deployments=[
                primary(
                    self.primary, state=state, running=self._up(self.primary), pending=self._due(self.primary)
                ),
                *(self._other(one) for one in others),
            ],
        )

    def _up(self, deployment_id: str) -> int:
        return sum(one.runs for one in self.of(deployment_id))

    def _due(self, deployment_id: str) -> int:
        return sum(not one.runs for one in self.of(deployment_id))

    def _other(self, deployment_id: str) -> EcsDeployment:
        state = None if self.classic else "COMPLETED" if deployment_id == BEFORE else "IN_PROGRESS"
        return active(
            deployment_id, state=state, running=self._up(deployment_id), pending=self._due(deployment_id)
        )

    def listed(self) -> list[Task]:
        """The tasks that should run, described."""
        return [
            task(
                one.name,
                of=one.of,
                digest=one.digest if one.told else None,
                status="RUNNING" if one.runs else "PENDING",
            )
            for one in self.tasks
            if one.wanted
        ]

    # What may happen. `which` chooses among the tasks that it may happen to.

    def place(self, which: int) -> None:
        if len(self.of(self.primary)) < self.desired:
            self.made += 1
            digest = {OURS: NEW, LATER: NEW if which % 2 else OTHER}[self.primary]
            self.tasks.append(Running(f"t{self.made}", self.primary, digest, runs=False, told=False))

    def start(self, which: int) -> None:
        for one in _chosen([one for one in self.tasks if not one.runs], which):
            one.runs = True

    def tell(self, which: int) -> None:
        for one in _chosen([one for one in self.tasks if not one.told], which):
            one.told = True

    def crash(self, which: int) -> None:
        if self.crashes < CRASHES:
            for one in _chosen(self.of(OURS), which):
                self.crashes += 1
                self._end(one, "EssentialContainerExited")

    def reclaim(self, which: int) -> None:
        for one in _chosen(self.tasks, which):
            self._end(one, "SpotInterruption")

    def release(self, which: int) -> None:
        """An old task is told to stop, and goes on running for a while."""
        for one in _chosen([one for one in self.tasks if one.of != self.primary], which):
            one.wanted = False

    def drain(self, which: int) -> None:
        for one in _chosen([one for one in self.tasks if not one.wanted], which):
            self._end(one, "ServiceSchedulerInitiated")

    def scale(self, which: int) -> None:
        self.desired = 1 + which % 5
        for one in self.of(self.primary)[self.desired :]:
            self._end(one, "ServiceSchedulerInitiated")

    def complete(self, _: int) -> None:
        """A deployment may end before the old tasks are gone."""
        own = self.of(self.primary)
        if len(own) == self.desired and all(one.runs for one in own):
            self.state = "COMPLETED"

    def get_on(self, which: int) -> None:
        """A while in which all goes well: tasks come up, and old ones go."""
        for number in range(self.desired):
            self.place(which + number)
        for one in self.tasks:
            one.runs = one.told = True
        for one in [one for one in self.tasks if one.of != self.primary][which % 3 :]:
            self._end(one, "ServiceSchedulerInitiated")

    def unpin(self, which: int) -> None:
        """A task of ours pulls something else: its service does not pin, or its instance has it cached."""
        for one in _chosen([one for one in self.of(OURS) if not one.runs], which):
            one.digest = OTHER

    def supersede(self, _: int) -> None:
        if self.primary == OURS:
            self.primary, self.state = LATER, "IN_PROGRESS"

    def settle_down(self) -> None:
        """All that is to come comes: as many tasks as desired, the old ones gone, complete."""
        self.get_on(0)
        self.complete(0)

    def _end(self, one: Running, code: str) -> None:
        self.tasks.remove(one)
        self.ended.append(stopped(one.name, of=one.of, code=code))


def _chosen(among: list[Running], which: int) -> list[Running]:
    return [among[which % len(among)]] if among else []


@dataclass(frozen=True, slots=True)
class Step:
    """What happens, to which task, and how many steps the poll that follows lags behind. None: no answer has it."""

    happens: str
    which: int
    lag: int | None


GOES_WELL = ("place", "start", "tell", "crash", "reclaim", "release", "drain", "scale", "get_on", "complete")
GOES_WRONG = (*GOES_WELL, "unpin", "supersede")

rollouts = st.builds(
    Rollout,
    desired=st.integers(1, 5),
    breaker=st.booleans(),
    classic=st.booleans(),
    tasks=st.integers(0, 3).map(lambda many: [Running(f"old{one}", BEFORE, OLD) for one in range(many)]),
)


def steps(*happenings: str) -> st.SearchStrategy[list[Step]]:
    lag = st.one_of(st.just(0), st.integers(1, 8), st.none())
    one = st.builds(Step, happens=st.sampled_from(happenings), which=st.integers(0, 9), lag=lag)
    return st.lists(one, max_size=40)


@dataclass(slots=True)
class Watched:
    """A rollout that is polled. No two polls in a row show the past once ours was seen."""

    rollout: Rollout
    track: Track = field(default_factory=track)
    past: list[Service] = field(default_factory=list)
    lagged: bool = False

    def __post_init__(self) -> None:
        old = max(1, len(self.rollout.tasks))
        self.past.append(service(running=old, deployments=[primary(BEFORE, completed=True)]))
        self.past.append(self.rollout.seen())

    def step(self, step: Step) -> None:
        getattr(self.rollout, step.happens)(step.which)
        self.past.append(self.rollout.seen())
        self.poll(step.lag)

    def poll(self, lag: int | None = 0) -> None:
        if lag != 0 and self.lagged and (self.track.seen or lag is None):
            lag = 0
        self.lagged = lag != 0
        self.track = advance(self.track, self._view(lag))

    def _view(self, lag: int | None) -> ServiceView | None:
        if lag is None:
            return None
        told = self.past[max(0, len(self.past) - 1 - lag)]
        return view(told, self.rollout.listed(), self.rollout.ended)

    def to_the_end(self) -> None:
        """What is to come comes, and is looked at until reads can't be old any more."""
        self.rollout.settle_down()
        self.past.append(self.rollout.seen())
        for _ in range(3):
            self.poll()
