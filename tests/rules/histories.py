"""Generated histories of a rollout, and what polls show of them, old answers included.

Each step is followed by one poll, which may show the service as it was some steps ago. Tasks are always shown as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from tests.rules.simulated_rollout import Rollout, SimulatedTask
from tests.rules.states import (
    BEFORE,
    OLD,
    OURS,
    primary,
    service,
    track,
    view,
)
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track


@dataclass(frozen=True, slots=True)
class Step:
    """An event, the task that it happens to, and by how many steps the next poll lags (None: the service is missing)."""

    happens: str
    which: int
    lag: int | None


GOES_ON = (
    "place",
    "start",
    "report_digest",
    "crash",
    "reclaim",
    "release",
    "drain",
    "scale",
    "get_on",
    "count",
)
GOES_WELL = (*GOES_ON, "complete")
GOES_WRONG = (*GOES_WELL, "unpin", "supersede", "roll_back")

ROLLING: tuple[dict[str, bool], ...] = (
    {"classic": False},
    {"classic": False, "daemon": True, "counted": True},
    {"classic": False, "daemon": True, "counted": False},
)
"""The kinds of service for which ECS gives a rollout state."""
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
        tasks=st.integers(0, 3).map(
            lambda many: [SimulatedTask(f"old{number}", BEFORE, OLD) for number in range(many)]
        ),
    )


def steps(*happenings: str) -> st.SearchStrategy[list[Step]]:
    lag = st.one_of(st.just(0), st.integers(1, 8), st.none())
    step = st.builds(Step, happens=st.sampled_from(happenings), which=st.integers(0, 9), lag=lag)
    return st.lists(step, max_size=40)


@dataclass(slots=True)
class Watched:
    """A rollout that is polled. Once our deployment was listed, no two polls in a row are old.

    `past` has the service after each step, and whether it was idle; `idle` is what the last poll showed.
    """

    rollout: Rollout
    track: Track = field(init=False)
    past: list[tuple[Service, bool]] = field(default_factory=list)
    lagged: bool = False
    idle: bool = False

    def __post_init__(self) -> None:
        self.track = replace(track(*self.rollout.digests), made=primary(OURS))
        old = max(1, len(self.rollout.tasks))
        before = [primary(BEFORE, completed=True)]
        self.past.append(
            (service(running=old, scheduling=self.rollout.scheduling, deployments=before), False)
        )
        self._happened()

    def settles_within(self, history: Sequence[Step]) -> bool:
        """Go through the history until the rollout is settled, and say whether it is."""
        for step in history:
            self.step(step)
            if self.track.settled:
                return True
        return False

    def step(self, step: Step) -> None:
        getattr(self.rollout, step.happens)(step.which)
        self._happened()
        self.poll(step.lag)

    def _happened(self) -> None:
        self.past.append((self.rollout.described(), self.rollout.idle))

    def poll(self, lag: int | None = 0) -> None:
        if lag != 0 and self.lagged and (self.track.ours_listed or lag is None):
            lag = 0
        self.lagged = lag != 0
        self.track = advance(self.track, self._view(lag))

    def _view(self, lag: int | None) -> ServiceView | None:
        if lag is None:
            return None
        described, self.idle = self.past[max(0, len(self.past) - 1 - lag)]
        return view(described, self.rollout.listed(), self.rollout.ended)

    def to_the_end(self, polls: int = 3) -> None:
        """Let the rollout end, and poll it until answers can't be old any more."""
        self.rollout.settle_down()
        self._happened()
        for _ in range(polls):
            self.poll()
