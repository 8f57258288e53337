"""Polls of which a part fails: the other services are judged all the same."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, release_deploy, statuses
from tests.world import World, slow
from tests.world.projects import project
from weco_deploy.errors import AwsError, Throttled
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import PollFailed, ServiceSettled

FOR_GOOD = 1000
SERVICES = [f"search-{number:02}" for number in range(12)]
TWELVE = project({"search": SERVICES}, environments=("stage",))
REFUSED = AwsError("ecs:DescribeServices", "InvalidParameterException: no")
THROTTLED = Throttled("ecs:DescribeTasks", "Rate exceeded")


def test_services_that_could_be_described_are_judged_although_others_could_not() -> None:
    world = World.of(TWELVE)
    world.push("search")
    world.after(
        "runtime.redeploy",
        lambda _: world.fail("runtime.describe", REFUSED, times=FOR_GOOD, about="search-11"),
    )

    deployment = release_deploy(world, wait=60.0)

    found = statuses(deployment)
    assert {service_id for service_id, status in found.items() if status is ServiceStatus.SUCCEEDED} == set(
        SERVICES[:10]
    )
    assert {found["search-10"], found["search-11"]} == {ServiceStatus.IN_PROGRESS}
    assert "the last look at the services failed: ecs:DescribeServices: " in deployment.reason


def test_service_whose_verdict_needs_no_tasks_is_judged_although_tasks_could_not_be_read() -> None:
    world = World.of(TWELVE)
    world.scale("search-03", "stage", 0)
    world.pass_time(30)
    world.push("search")
    world.after("runtime.redeploy", lambda _: world.fail("runtime.tasks", THROTTLED, times=FOR_GOOD))
    told = Told()

    deployment = release_deploy(world, told=told, wait=60.0)

    found = statuses(deployment)
    assert found.pop("search-03") is ServiceStatus.NOTHING_RUNNING
    assert set(found.values()) == {ServiceStatus.IN_PROGRESS}
    assert told.of(PollFailed)


@pytest.mark.parametrize("name", ["runtime.describe", "runtime.tasks", "runtime.tasks_listed"])
def test_call_refused_in_passing_delays_no_verdict_beyond_the_next_poll(name: str) -> None:
    quiet, disturbed = World.of(TWELVE), World.of(TWELVE)
    for world in (quiet, disturbed):
        world.push("search")
    disturbed.after("runtime.redeploy", lambda _: disturbed.fail(name, THROTTLED, nth=2))

    assert release_deploy(quiet).status is DeploymentStatus.SUCCEEDED
    assert release_deploy(disturbed).status is DeploymentStatus.SUCCEEDED

    assert (disturbed.now() - quiet.now()).total_seconds() <= 10.0


def test_service_that_was_good_says_when_if_the_last_look_failed() -> None:
    world = World.of(project({"search": ["search-api"], "items": ["items-api"]}))
    for image_id, behaviour in (("search", None), ("items", slow(300))):
        world.push(image_id, *([behaviour] if behaviour else []))
    told = Told()
    world.at(100, lambda: world.fail("runtime.describe", REFUSED, times=FOR_GOOD))

    deployment = release_deploy(world, told=told, wait=150.0)

    (settled,) = told.of(ServiceSettled)
    assert isinstance(settled, ServiceSettled)
    outcome = next(found for found in deployment.services if found.service_id == "search-api")
    assert outcome.status is ServiceStatus.IN_PROGRESS
    assert outcome.reason == f"it was good at {settled.at:%H:%M:%S}Z, and could not be looked at since"
