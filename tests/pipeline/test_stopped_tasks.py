"""The stopped tasks of many services are read by pages of their cluster, as long as that costs fewer calls."""

from __future__ import annotations

from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AwsError
from weco_deploy.model.service import ServiceKey
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.stopped_tasks import StoppedTasks
from weco_deploy.ports import Calls, ServiceRuntime

SERVICES = [f"search-{number}" for number in range(6)]
SIX = project({"search": SERVICES}, environments=("stage",))
REFUSED = AwsError("ecs:ListTasks", "no")


class Reading:
    """Six services in a world, and what reads of their stopped tasks find and cost."""

    def __init__(self) -> None:
        self.world = World.of(SIX, desired=2)
        ports = self.world.ports()
        self.runtime: ServiceRuntime = ports.runtime(SIX.environments[0])
        self.calls: Calls = ports.calls
        self.keys = [self.world.key(name, "stage") for name in SERVICES]
        self.stopped = StoppedTasks(self.runtime)
        self.reads = PartialReads[str](self.calls)

    def stop(self, name: str, times: int) -> None:
        for _ in range(times):
            self.world.stop_task(name, "stage")
            self.world.pass_time(30)

    def found(self) -> dict[ServiceKey, int]:
        self.reads = PartialReads[str](self.calls)
        return {key: len(tasks) for key, tasks in self.stopped.read(self.keys, self.reads).items()}

    def cost(self) -> tuple[int, int]:
        """The calls that list and that describe tasks, of one more reading."""
        before = self.world.count("runtime.tasks_listed"), self.world.count("runtime.tasks")
        self.found()
        after = self.world.count("runtime.tasks_listed"), self.world.count("runtime.tasks")
        return after[0] - before[0], after[1] - before[1]


def test_page_of_the_cluster_tells_the_stopped_tasks_of_all_services() -> None:
    reading = Reading()
    reading.stop("search-1", 2)
    reading.stop("search-4", 1)

    found = reading.found()

    assert {key.name: number for key, number in found.items() if number} == {
        reading.keys[1].name: 2,
        reading.keys[4].name: 1,
    }


def test_task_that_has_stopped_is_described_once() -> None:
    reading = Reading()
    reading.stop("search-1", 2)

    assert reading.cost() == (1, 1)
    assert reading.cost() == (1, 0)
    reading.stop("search-2", 1)
    assert reading.cost() == (1, 1)
    assert sum(reading.found().values()) == 3


def test_services_are_listed_one_by_one_where_others_have_pages_of_stopped_tasks() -> None:
    reading = Reading()
    reading.stop("search-1", 2)
    crowd_out(reading, 700)

    assert reading.found()[reading.keys[1]] == 2
    listed, _ = reading.cost()
    assert listed == len(SERVICES), "it has learnt that pages of the cluster are not enough"


def test_pages_that_were_too_many_for_few_services_are_read_for_many() -> None:
    reading = Reading()
    reading.stop("search-1", 2)
    crowd_out(reading, 350)
    every, reading.keys = reading.keys, reading.keys[:3]
    reading.found()
    reading.found()
    assert reading.cost() == (3, 0), "each of the three services is listed"

    reading.keys = every

    assert reading.cost() == (4, 2), "the tasks of two pages are new"
    assert reading.found()[reading.keys[1]] == 2


def test_refused_read_is_named_with_its_cluster() -> None:
    reading = Reading()
    reading.world.fail("runtime.tasks_listed", REFUSED)

    reading.found()

    assert reading.reads.errors == {reading.keys[0].cluster: REFUSED}


def crowd_out(reading: Reading, tasks: int) -> None:
    """Others stop so many tasks in the cluster."""
    world = reading.world
    world.service("crowd", "stage", ["search"], desired=tasks)
    world.scale("crowd", "stage", 0)
    world.pass_time(60)
