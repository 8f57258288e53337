"""The number of calls that reading the tasks of many services costs, with and without other tasks in their cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

import pytest

from tests.operations.runs import release, release_deploy, request
from tests.world import Call, World
from tests.world.projects import project
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.plan import Action, Plan
from weco_deploy.model.service import DefinedContainer, Service, ServiceKey
from weco_deploy.operations.deploy import plan
from weco_deploy.pipeline.cluster_listing import ListedBefore
from weco_deploy.pipeline.health_reads import READ_AHEAD
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.reads import tasks_as_far_as_read

BUSYBOX = (DefinedContainer(name="app", image="busybox"),)


def world_of(
    services: int,
    others: int = 0,
    tasks_each: int = 1,
    *,
    breaker: bool = True,
    health_check: bool = False,
) -> World:
    """A world with so many services of one image, up and running; `others` are tasks of other people in their cluster."""
    images = {"search": [f"search-{number}" for number in range(services)]}
    world = World(project(images, environments=("stage",)))
    world.image("search", "env.stage")
    world.repository("busybox")
    for number in range(1, services + 1):
        world.service(
            f"search-{number - 1}",
            "stage",
            ["search"],
            desired=tasks_each,
            breaker=breaker,
            health_check=health_check,
        )
        fill(world, others * number // services - others * (number - 1) // services)
    return world


def fill(world: World, tasks: int) -> None:
    """Somebody runs so many tasks more in the cluster, as one service."""
    if tasks:
        key = ServiceKey(world.cluster("stage"), f"other-{len(list(world.ecs.services()))}")
        world.run(world.place, key, BUSYBOX, None, desired=tasks)


def planned(world: World) -> tuple[Plan, Counter[str]]:
    """The plan of a dry run, and the number of its calls by name."""
    ports = world.ports()
    wanted = request(release(ports))
    before = len(world.calls)
    made = plan(wanted, ports)
    return made, Counter(call.name.removeprefix("runtime.") for call in world.calls[before:])


def test_many_services_of_a_cluster_cost_a_call_for_each_hundred_tasks() -> None:
    made, calls = planned(world_of(services=120, tasks_each=2))

    assert {service.action for service in made.services} == {Action.LEAVE}
    assert (calls["tasks_listed"], calls["tasks"]) == (3, 3)


def test_as_many_tasks_of_others_among_them_cost_as_many_calls_more() -> None:
    made, calls = planned(world_of(services=120, tasks_each=2, others=240))

    assert {service.action for service in made.services} == {Action.LEAVE}
    assert (calls["tasks_listed"], calls["tasks"]) == (5, 5)


@pytest.mark.parametrize(("services", "listed", "described"), [(2, 2, 1), (10, 10, 2)])
def test_thousands_of_tasks_of_others_cost_at_most_a_page(services: int, listed: int, described: int) -> None:
    made, calls = planned(world_of(services, others=5000))

    assert {service.action for service in made.services} == {Action.LEAVE}
    assert (calls["tasks_listed"], calls["tasks"]) == (listed, described)


def test_polls_of_many_services_cost_a_call_for_each_hundred_tasks() -> None:
    world = world_of(services=60, tasks_each=2)
    world.push("search")
    before = len(world.calls)

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    calls = world.calls[before:]
    described = sum(call.name == "runtime.describe" for call in calls)
    listed = sum(call.name == "runtime.tasks_listed" and "STOPPED" not in call.about for call in calls)
    reads = described / 6  # of all services: at the beginning, and at each poll
    tasks_at_once = 60 * 2 * 2  # old ones and new ones
    assert listed <= reads * (tasks_at_once / 100 + 1)


def test_poll_keeps_to_its_bound_and_most_polls_read_no_tasks() -> None:
    services, tasks_each = 60, 2
    world = world_of(services, tasks_each=tasks_each)
    world.push("search")
    before = len(world.calls)

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    polls = polls_of(world.calls[before:])
    assert sum(poll.pop("defined", 0) for poll in polls) == services, "each task definition is read once"
    describing = ceil(services / 10) + ceil(services / 20)
    of_new_or_old_ones = 2 * ceil(services * tasks_each / 100)
    for poll in polls:
        reads_tasks = bool(poll["tasks"])
        assert poll.total() <= describing + (2 * of_new_or_old_ones if reads_tasks else 0), poll
    reading = sum(1 for poll in polls if poll["tasks"])
    assert reading < len(polls), polls


def polls_of(calls: Sequence[Call]) -> list[Counter[str]]:
    """The calls of each poll by name: those after the last UpdateService, between two waits."""
    last = max(place for place, call in enumerate(calls) if call.name == "runtime.redeploy")
    polls: list[Counter[str]] = [Counter()]
    for call in calls[last + 1 :]:
        if call.name == "clock.wait":
            polls.append(Counter())
        elif call.name.startswith("runtime."):
            polls[-1][call.name.removeprefix("runtime.")] += 1
    return [poll for poll in polls if poll["describe"]]


def test_tasks_of_services_that_run_the_same_ones_as_before_are_not_listed_again() -> None:
    *_, about_to_settle = deployed(world_of(services=60, tasks_each=2))

    assert (about_to_settle["tasks_listed"], about_to_settle["tasks"]) == (0, 2)


def test_stopped_tasks_are_not_listed_again_where_the_same_tasks_run_as_before() -> None:
    polls = deployed(world_of(services=60, tasks_each=2, breaker=False))

    listing = [poll["tasks_listed"] for poll in polls]
    assert listing[-1] == 0
    assert any(listing), polls


def test_poll_reads_few_task_definitions_before_they_are_needed() -> None:
    polls = deployed(world_of(services=60, health_check=True))

    read = [poll["defined"] for poll in polls if poll["defined"]]
    assert read[0] == READ_AHEAD, polls


def test_pages_of_a_cluster_are_read_to_the_end_where_it_had_few_of_them_lately() -> None:
    world = world_of(services=60, others=240)
    runtime = world.ports().runtime(world.project.environments[0])
    calls = world.ports().calls
    every = [world.look(f"search-{number}", "stage") for number in range(60)]
    listed_before = ListedBefore()

    def lists(services: Sequence[Service]) -> int:
        before = world.count("runtime.tasks_listed")
        tasks_as_far_as_read(runtime, services, PartialReads(calls), before=listed_before)
        return world.count("runtime.tasks_listed") - before

    assert lists(every) == 3
    # Their tasks are on the last page, and the pages before it don't tell how many more there are.
    last = [service for service in every if int(service.key.name.removeprefix("search-")) >= 45]
    assert lists(last) == 3
    assert lists(last[:4]) == 4, "the pages would cost more than the services"


def deployed(world: World) -> list[Counter[str]]:
    """The polls of a deployment of a new version, each by the names of its calls."""
    world.push("search")
    before = len(world.calls)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    return polls_of(world.calls[before:])
