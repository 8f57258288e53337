"""Whole histories of one rollout: what may happen to it, and what polls see of that, reads that lag included.

A `Rollout` is the truth. Every step is looked at by one poll, which may show the service as it was some
steps ago. Tasks are always told as they are: what lags behind is the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.rules.states import (
    BEFORE,
    CHILD,
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
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

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
    """The truth about search-api, from just after our deployment began. `state` is that of the primary one.

    Of an `index` tasks may tell its own digest or its child's. A `daemon` runs a task for each of `desired` instances,
    which ECS has not `counted` at first. Behind a Classic Load Balancer (`classic`), where ECS tells no state, that would
    look like one with nothing to run: no daemon is generated there.
    """

    desired: int
    breaker: bool
    classic: bool
    index: bool = False
    daemon: bool = False
    counted: bool = True
    state: str = "IN_PROGRESS"
    primary: str = OURS
    rolled_back: bool = False
    tasks: list[Running] = field(default_factory=list)
    ended: list[Task] = field(default_factory=list)
    made: int = 0
    crashes: int = 0

    @property
    def digests(self) -> frozenset[str]:
        """The digests that tasks of ours may tell."""
        return frozenset({NEW, CHILD} if self.index else {NEW})

    @property
    def idle(self) -> bool:
        """Whether nothing is to run, and nothing does."""
        return self.desired == 0 and not self.tasks

    def of(self, deployment_id: str) -> list[Running]:
        return [one for one in self.tasks if one.of == deployment_id]

    def seen(self) -> Service:
        """The service as DescribeServices tells it, the primary deployment first."""
        others = [one for one in (OURS, BEFORE) if one != self.primary and self.of(one)]
        state = None if self.classic else self.state
        return service(
            desired=self.desired if self.counted else 0,
            scheduling=self.scheduling,
            running=sum(one.runs for one in self.tasks),
            pending=sum(not one.runs for one in self.tasks),
            breaker=self.breaker,
            deployments=[
                primary(
                    self.primary,
                    state=state,
                    running=self._up(self.primary),
                    pending=self._due(self.primary),
                    reason=self._reason,
                ),
                *(self._other(one) for one in others),
            ],
            events=self._events,
        )

    @property
    def scheduling(self) -> str:
        return "DAEMON" if self.daemon else "REPLICA"

    @property
    def _reason(self) -> str:
        if not self.rolled_back or self.state == "COMPLETED":
            return ""
        if self.primary == BEFORE:
            return "ECS deployment rollback in progress."
        return f"ECS deployment circuit breaker: rolling back to deploymentId {BEFORE}."

    @property
    def _events(self) -> list[str]:
        """Only a rollback that is a deployment of its own is told apart by them."""
        if not self.rolled_back or self.primary == BEFORE:
            return []
        return [f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start."]

    def _up(self, deployment_id: str) -> int:
        return sum(one.runs for one in self.of(deployment_id))

    def _due(self, deployment_id: str) -> int:
        return sum(not one.runs for one in self.of(deployment_id))

    def _other(self, deployment_id: str) -> EcsDeployment:
        ours = "FAILED" if self.rolled_back else "IN_PROGRESS"
        state = None if self.classic else "COMPLETED" if deployment_id == BEFORE else ours
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
        # A daemon's instance has room for one of its tasks: the old one goes before the new one comes.
        there = self.tasks if self.daemon else self.of(self.primary)
        if self.counted and len(there) < self.desired:
            self.made += 1
            digest = self._pulled(which)
            self.tasks.append(Running(f"t{self.made}", self.primary, digest, runs=False, told=False))

    def _pulled(self, which: int) -> str:
        if self.primary == OURS:
            return CHILD if self.index and which % 2 else NEW
        if self.rolled_back:
            return OLD
        return NEW if which % 2 else OTHER

    def count(self, _: int) -> None:
        self.counted = True

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
        self.desired = which % 6
        for one in (self.tasks if self.daemon else self.of(self.primary))[self.desired :]:
            self._end(one, "ServiceSchedulerInitiated")

    def complete(self, _: int) -> None:
        """A deployment may end before the old tasks are gone."""
        own = self.of(self.primary)
        if self.counted and len(own) == self.desired and all(one.runs for one in own):
            self.state = "COMPLETED"

    def get_on(self, which: int) -> None:
        """A while in which all goes well: old tasks go, and new ones come up."""
        self.count(0)
        for one in [one for one in self.tasks if one.of != self.primary][which % 3 :]:
            self._end(one, "ServiceSchedulerInitiated")
        for number in range(self.desired):
            self.place(which + number)
        for one in self.tasks:
            one.runs = one.told = True

    def unpin(self, which: int) -> None:
        """A task of ours pulls something else: its service does not pin, or its instance has it cached."""
        for one in _chosen([one for one in self.of(OURS) if not one.runs], which):
            one.digest = OTHER if self.index or which % 2 else CHILD

    def supersede(self, _: int) -> None:
        if self.primary == OURS:
            self.primary, self.state = LATER, "IN_PROGRESS"

    def roll_back(self, which: int) -> None:
        """ECS's circuit breaker gives ours up, for the deployment before or for one of its own making."""
        if self.breaker and not self.classic and self.primary == OURS and self.state == "IN_PROGRESS":
            self.primary, self.rolled_back = (BEFORE if which % 2 else LATER), True

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


GOES_ON = ("place", "start", "tell", "crash", "reclaim", "release", "drain", "scale", "get_on", "count")
GOES_WELL = (*GOES_ON, "complete")
GOES_WRONG = (*GOES_WELL, "unpin", "supersede", "roll_back")

ROLLING: tuple[dict[str, bool], ...] = (
    {"classic": False},
    {"classic": False, "daemon": True, "counted": True},
    {"classic": False, "daemon": True, "counted": False},
)
"""The kinds of service whose rollouts ECS tells the state of."""
KINDS = (*ROLLING, {"classic": True})


def rollouts(
    kinds: Sequence[dict[str, bool]] = KINDS, breakers: Sequence[bool] = (False, True)
) -> st.SearchStrategy[Rollout]:
    return st.builds(
        lambda kind, **more: Rollout(**kind, **more),
        st.sampled_from(kinds),
        desired=st.integers(0, 5),
        breaker=st.sampled_from(breakers),
        index=st.booleans(),
        tasks=st.integers(0, 3).map(lambda many: [Running(f"old{one}", BEFORE, OLD) for one in range(many)]),
    )


def steps(*happenings: str) -> st.SearchStrategy[list[Step]]:
    lag = st.one_of(st.just(0), st.integers(1, 8), st.none())
    one = st.builds(Step, happens=st.sampled_from(happenings), which=st.integers(0, 9), lag=lag)
    return st.lists(one, max_size=40)


@dataclass(slots=True)
class Watched:
    """A rollout that is polled. No two polls in a row show the past once ours was seen.

    `past` is what was true of the service, and whether it was idle; `idle` whether it was as the last poll showed it.
    """

    rollout: Rollout
    track: Track = field(init=False)
    past: list[tuple[Service, bool]] = field(default_factory=list)
    lagged: bool = False
    idle: bool = False

    def __post_init__(self) -> None:
        self.track = track(*self.rollout.digests)
        old = max(1, len(self.rollout.tasks))
        before = [primary(BEFORE, completed=True)]
        self.past.append(
            (service(running=old, scheduling=self.rollout.scheduling, deployments=before), False)
        )
        self._happened()

    def step(self, step: Step) -> None:
        getattr(self.rollout, step.happens)(step.which)
        self._happened()
        self.poll(step.lag)

    def _happened(self) -> None:
        self.past.append((self.rollout.seen(), self.rollout.idle))

    def poll(self, lag: int | None = 0) -> None:
        if lag != 0 and self.lagged and (self.track.ours_listed or lag is None):
            lag = 0
        self.lagged = lag != 0
        self.track = advance(self.track, self._view(lag))

    def _view(self, lag: int | None) -> ServiceView | None:
        if lag is None:
            return None
        told, self.idle = self.past[max(0, len(self.past) - 1 - lag)]
        return view(told, self.rollout.listed(), self.rollout.ended)

    def to_the_end(self, polls: int = 3) -> None:
        """What is to come comes, and is looked at until reads can't be old any more."""
        self.rollout.settle_down()
        self._happened()
        for _ in range(polls):
            self.poll()
