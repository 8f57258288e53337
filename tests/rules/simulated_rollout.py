"""A simulated rollout of search-api: its true state, and the events that may happen."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rules import states
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
)
from weco_deploy.model.service import EcsDeployment, Service, Task

DESIRED_COUNTS = 6
"""A service desires 0 to 5 tasks."""
CRASHES = 2
"""How many tasks may crash without failing the rollout, if there is no circuit breaker."""


@dataclass(slots=True)
class SimulatedTask:
    """A task that has not stopped. `reported`: it reports its digest; `wanted`: it should go on running."""

    name: str
    of: str
    digest: str
    runs: bool = True
    reported: bool = True
    wanted: bool = True


@dataclass(slots=True)
class Rollout:
    """The true state of search-api, beginning just after our deployment. `state` is that of the primary deployment.

    Tasks of an `index` may report its own digest or its child's. A `daemon` runs a task on each of `desired` instances,
    which ECS has not `counted` at first. Behind a Classic Load Balancer (`classic`) ECS gives no rollout state, and a daemon
    that is not counted yet would look like a service with nothing to run, so no such daemon is generated.
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
    tasks: list[SimulatedTask] = field(default_factory=list)
    ended: list[Task] = field(default_factory=list)
    made: int = 0
    crashes: int = 0

    @property
    def digests(self) -> frozenset[str]:
        """The digests that tasks of ours may report."""
        return frozenset({NEW, CHILD} if self.index else {NEW})

    @property
    def idle(self) -> bool:
        """Whether no task is desired and none runs."""
        return self.desired == 0 and not self.tasks

    def of(self, deployment_id: str) -> list[SimulatedTask]:
        return [task for task in self.tasks if task.of == deployment_id]

    def described(self) -> Service:
        """The service as DescribeServices answers it, the primary deployment first."""
        others = [name for name in (OURS, BEFORE) if name != self.primary and self.of(name)]
        state = None if self.classic else self.state
        return service(
            desired=self.desired if self.counted else 0,
            scheduling=self.scheduling,
            running=sum(task.runs for task in self.tasks),
            pending=sum(not task.runs for task in self.tasks),
            breaker=self.breaker,
            deployments=[
                primary(
                    self.primary,
                    state=state,
                    running=self._up(self.primary),
                    pending=self._due(self.primary),
                    reason=self._reason,
                ),
                *(self._other(name) for name in others),
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
        """The service's events. They name the failed deployment if ECS rolls back with a new deployment."""
        if not self.rolled_back or self.primary == BEFORE:
            return []
        return [f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start."]

    def _up(self, deployment_id: str) -> int:
        return sum(task.runs for task in self.of(deployment_id))

    def _due(self, deployment_id: str) -> int:
        return sum(not task.runs for task in self.of(deployment_id))

    def _other(self, deployment_id: str) -> EcsDeployment:
        ours = "FAILED" if self.rolled_back else "IN_PROGRESS"
        state = None if self.classic else "COMPLETED" if deployment_id == BEFORE else ours
        return active(
            deployment_id, state=state, running=self._up(deployment_id), pending=self._due(deployment_id)
        )

    def listed(self) -> list[Task]:
        """The tasks that should run, described."""
        return [
            states.task(
                task.name,
                of=task.of,
                digest=task.digest if task.reported else None,
                status="RUNNING" if task.runs else "PENDING",
            )
            for task in self.tasks
            if task.wanted
        ]

    # Events. `which` chooses among the tasks that an event may happen to.

    def place(self, which: int) -> None:
        # An instance has room for a single task of a daemon: the old task stops before the new one starts.
        there = self.tasks if self.daemon else self.of(self.primary)
        if self.counted and len(there) < self.desired:
            self.made += 1
            digest = self._pulled(which)
            self.tasks.append(
                SimulatedTask(f"t{self.made}", self.primary, digest, runs=False, reported=False)
            )

    def _pulled(self, which: int) -> str:
        if self.primary == OURS:
            return CHILD if self.index and which % 2 else NEW
        if self.rolled_back:
            return OLD
        return NEW if which % 2 else OTHER

    def count(self, _: int) -> None:
        self.counted = True

    def start(self, which: int) -> None:
        for task in _chosen([task for task in self.tasks if not task.runs], which):
            task.runs = True

    def report_digest(self, which: int) -> None:
        for task in _chosen([task for task in self.tasks if not task.reported], which):
            task.reported = True

    def crash(self, which: int) -> None:
        if self.crashes < CRASHES:
            for task in _chosen(self.of(OURS), which):
                self.crashes += 1
                self._end(task, "EssentialContainerExited")

    def reclaim(self, which: int) -> None:
        for task in _chosen(self.tasks, which):
            self._end(task, "SpotInterruption")

    def release(self, which: int) -> None:
        """An old task is asked to stop, and goes on running for a while."""
        for task in _chosen([task for task in self.tasks if task.of != self.primary], which):
            task.wanted = False

    def drain(self, which: int) -> None:
        for task in _chosen([task for task in self.tasks if not task.wanted], which):
            self._end(task, "ServiceSchedulerInitiated")

    def scale(self, which: int) -> None:
        """Somebody sets the desired count. Surplus tasks stop at once, or only later."""
        self.desired = which % DESIRED_COUNTS
        for task in (self.tasks if self.daemon else self.of(self.primary))[self.desired :]:
            if which < DESIRED_COUNTS:
                self._end(task, "ServiceSchedulerInitiated")
            else:
                task.wanted = False

    def complete(self, _: int) -> None:
        """A deployment may end before the old tasks are gone."""
        own = self.of(self.primary)
        if self.counted and len(own) == self.desired and all(task.runs for task in own):
            self.state = "COMPLETED"

    def get_on(self, which: int) -> None:
        """The rollout makes progress for a while: old tasks stop, and new tasks start."""
        self.count(0)
        surplus = [task for task in self.tasks if task.of == self.primary and not task.wanted]
        for task in surplus + [task for task in self.tasks if task.of != self.primary][which % 3 :]:
            self._end(task, "ServiceSchedulerInitiated")
        for number in range(self.desired):
            self.place(which + number)
        for task in self.tasks:
            task.runs = task.reported = True

    def unpin(self, which: int) -> None:
        """A task of ours runs another digest: its service does not pin tags, or its instance has the tag cached."""
        for task in _chosen([task for task in self.of(OURS) if not task.runs], which):
            task.digest = OTHER if self.index or which % 2 else CHILD

    def supersede(self, _: int) -> None:
        if self.primary == OURS:
            self.primary, self.state = LATER, "IN_PROGRESS"

    def roll_back(self, which: int) -> None:
        """ECS's circuit breaker rolls back, to the previous deployment or by a new one."""
        if self.breaker and not self.classic and self.primary == OURS and self.state == "IN_PROGRESS":
            self.primary, self.rolled_back = (BEFORE if which % 2 else LATER), True

    def settle_down(self) -> None:
        """The rollout reaches its end: as many tasks as desired, the old ones stopped, complete."""
        self.get_on(0)
        self.complete(0)

    def _end(self, task: SimulatedTask, code: str) -> None:
        self.tasks.remove(task)
        self.ended.append(stopped(task.name, of=task.of, code=code))


def _chosen(among: list[SimulatedTask], which: int) -> list[SimulatedTask]:
    return [among[which % len(among)]] if among else []
