"""Services that are redeployed in waves: their order, what a failure stops, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    confirm_deploy,
    deployments,
    killed,
    release,
    release_deploy,
    request,
    rollback,
    statuses,
)
from tests.world import World, crash, good, slow
from tests.world.projects import THREE_WAVES
from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import (
    EcsRollbackRequested,
    ServiceRedeployed,
    ServiceSettled,
    StepFinished,
    StepStarted,
)
from weco_deploy.model.plan import Plan
from weco_deploy.model.steps import StepStatus
from weco_deploy.operations.deploy import plan

IMAGES = ("search", "items", "web")
SUCCEEDED, FAILED = ServiceStatus.SUCCEEDED, ServiceStatus.FAILED
NOT_STARTED, UNCHANGED = ServiceStatus.NOT_STARTED, ServiceStatus.UNCHANGED


def deployed() -> World:
    """A world in which a good release was deployed to stage in three waves."""
    world = World.of(THREE_WAVES)
    for image_id in IMAGES:
        world.push(image_id)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.pass_time(1)
    return world


def push_all(world: World) -> dict[str, str]:
    return {image_id: world.push(image_id) for image_id in IMAGES}


def waves(deployment: Deployment) -> list[tuple[str, StepStatus, str]]:
    return [(step.id, step.status, step.detail) for step in deployment.steps]


def redeployed(told: Told) -> list[str]:
    """The services that ECS was told to bring somewhere else, by a new deployment or by rolling one back."""
    return [
        event.service_id
        for event in told.events
        if isinstance(event, ServiceRedeployed | EcsRollbackRequested)
    ]


def planned(world: World) -> Plan:
    ports = world.ports()
    return plan(request(release(ports)), ports)


def test_wave_begins_once_all_services_of_the_one_before_have_succeeded() -> None:
    world, told = deployed(), Told()
    push_all(world)

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    story = [
        (type(event), getattr(event, "service_id", None) or event.outcome.service_id)  # type: ignore[union-attr]  # of the two classes
        for event in told.events
        if isinstance(event, (ServiceRedeployed, ServiceSettled))
    ]
    first, second, third = {"search-api", "web-admin"}, {"items-api"}, {"web"}
    expected = [
        (kind, names) for names in (first, second, third) for kind in (ServiceRedeployed, ServiceSettled)
    ]
    for kind, names in expected:
        assert {(kind, name) for name in names} == set(story[: len(names)])
        del story[: len(names)]
    assert story == []
    assert waves(deployment) == [(f"wave {number}", StepStatus.SUCCEEDED, "") for number in (1, 2, 3)]
    assert deployments(world)[0].steps == deployment.steps
    assert [event.step.id for event in told.events if isinstance(event, StepStarted)] == [
        event.step.id for event in told.events if isinstance(event, StepFinished)
    ]


def test_plan_has_the_wave_of_each_service() -> None:
    world = deployed()
    push_all(world)
    found = planned(world)
    assert {service.service_id: service.wave for service in found.services} == {
        "search-api": 1,
        "web-admin": 1,
        "items-api": 2,
        "web": 3,
    }


def test_service_of_images_in_several_waves_is_redeployed_once() -> None:
    images = tuple(
        replace(image, services=(*image.services, "web")) if image.id == "search" else image
        for image in THREE_WAVES.images
    )
    world, told = World.of(replace(THREE_WAVES, images=images)), Told()
    push_all(world)
    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED
    assert redeployed(told)[2:] == ["items-api", "web"]


def test_failure_stops_before_the_next_wave_and_the_verdict_says_so() -> None:
    world = deployed()
    digests = push_all(world)
    world.spoil("items", crash())

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment) == {
        "search-api": SUCCEEDED,
        "items-api": FAILED,
        "web": NOT_STARTED,
        "web-admin": SUCCEEDED,
    }
    web = next(service for service in deployment.services if service.service_id == "web")
    assert web.reason == "it was not redeployed, because the deployment stopped in wave 2"
    assert waves(deployment)[1:] == [
        ("wave 2", StepStatus.FAILED, "items-api failed"),
        ("wave 3", StepStatus.PENDING, ""),
    ]
    assert world.tag("web", "env.stage") == digests["web"]
    assert (
        "web was not started and still runs what ran before, but the tag of web stays moved: "
        "if somebody restarts it, it gets the release"
    ) in deployment.reason
    assert statuses(deployments(world)[0]) == statuses(deployment)


def test_time_over_stops_before_the_next_wave() -> None:
    world = deployed()
    push_all(world)
    world.spoil("search", slow(10_000))

    deployment = release_deploy(world, wait=60.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment)["items-api"] is NOT_STARTED
    assert waves(deployment)[0][1] is StepStatus.TIMED_OUT


def test_refused_redeployment_of_a_later_wave_stops_there_and_moves_no_tag_back() -> None:
    world = deployed()
    digests = push_all(world)
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "ECS refused"), about="items")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.reason.startswith("ecs:UpdateService: ECS refused")
    assert statuses(deployment)["web"] is NOT_STARTED
    assert world.tag("items", "env.stage") == digests["items"]


def test_refused_redeployment_of_the_first_service_moves_the_tags_back() -> None:
    world = deployed()
    before = {image_id: world.tag(image_id, "env.stage") for image_id in IMAGES}
    push_all(world)
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "ECS refused"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert {image_id: world.tag(image_id, "env.stage") for image_id in IMAGES} == before
    assert "stays moved" not in deployment.reason


def test_each_wave_has_the_whole_waiting_time() -> None:
    world = deployed()
    for image_id in IMAGES:
        world.push(image_id, slow(400))
    began = world.now()

    assert release_deploy(world, wait=600.0).status is DeploymentStatus.SUCCEEDED

    assert world.now() - began > timedelta(seconds=1200)


def test_wave_without_changes_takes_no_time() -> None:
    world, told = deployed(), Told()
    world.push("search")
    world.push("web")

    deployment = release_deploy(world, told=told)

    assert [status for _, status, _ in waves(deployment)] == [
        StepStatus.SUCCEEDED,
        StepStatus.SKIPPED,
        StepStatus.SUCCEEDED,
    ]
    assert redeployed(told)[-1] == "web"
    assert statuses(deployment)["items-api"] is UNCHANGED


def test_adopted_rollout_of_a_later_wave_does_not_hold_up_an_earlier_one() -> None:
    world, told = deployed(), Told()
    world.push("items", slow(400))
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    world.push("search")

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert redeployed(told) == ["search-api"], "the rollout of items-api goes on"
    ends = [
        event.step.id if isinstance(event, StepFinished) else event.outcome.service_id
        for event in told.events
        if isinstance(event, (StepFinished, ServiceSettled))
    ]
    assert ends.index("wave 1") < ends.index("items-api")


def test_service_of_the_first_wave_that_breaks_during_the_last_is_seen_at_the_end() -> None:
    world = deployed()
    world.push("search", crash(at=150))
    world.push("items", slow(60))
    world.push("web", slow(200))

    deployment = release_deploy(world)

    assert statuses(deployment)["web"] is SUCCEEDED
    assert statuses(deployment)["search-api"] is not SUCCEEDED
    assert deployment.status is not DeploymentStatus.SUCCEEDED


def test_automatic_rollback_goes_backwards_over_what_was_redeployed() -> None:
    world, told = deployed(), Told()
    before = {image_id: world.tag(image_id, "env.stage") for image_id in IMAGES}
    push_all(world)
    world.push("items", crash())

    deployment = release_deploy(world, told=told, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert {image_id: world.tag(image_id, "env.stage") for image_id in IMAGES} == before
    assert deployment.rollback is not None
    assert statuses(deployment.rollback)["web"] is UNCHANGED
    assert redeployed(told)[3:-2] == ["items-api"]
    assert set(redeployed(told)[-2:]) == {"search-api", "web-admin"}
    assert "stays moved" not in deployment.reason


def twice_deployed() -> World:
    world = deployed()
    push_all(world)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.pass_time(1)
    return world


def test_rollback_goes_backwards() -> None:
    world, told = twice_deployed(), Told()
    assert rollback(world, told=told).status is DeploymentStatus.SUCCEEDED
    assert redeployed(told)[:2] == ["web", "items-api"]


def test_service_that_fails_in_a_rollback_does_not_hold_up_the_next_wave() -> None:
    world = twice_deployed()
    world.spoil("web", crash())

    deployment = rollback(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment) == {
        "search-api": SUCCEEDED,
        "items-api": SUCCEEDED,
        "web": FAILED,
        "web-admin": FAILED,
    }


def test_service_that_is_refused_in_a_rollback_does_not_hold_up_the_next_wave() -> None:
    world = twice_deployed()
    tagged = world.tag("web", "env.stage")
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "ECS refused"))

    deployment = rollback(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment)["web"] is FAILED
    assert statuses(deployment)["items-api"] is SUCCEEDED
    assert statuses(deployment)["search-api"] is SUCCEEDED
    assert world.tag("web", "env.stage") != tagged


def test_slow_service_in_a_rollback_holds_up_the_next_wave_for_a_part_of_the_waiting_time() -> None:
    world, told = twice_deployed(), Told()
    world.spoil("web", slow(250))
    began = world.now()

    deployment = rollback(world, told=told, wait=300.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    items = world.declared("items-api", "stage").primary
    assert timedelta(seconds=100) <= items.created_at - began < timedelta(seconds=150)


@pytest.mark.parametrize("call", ["runtime.redeploy", "store.note"])
@pytest.mark.parametrize("nth", [3, 4])
def test_same_command_goes_on_after_a_kill_between_waves(call: str, nth: int) -> None:
    world = deployed()
    digests = push_all(world)
    cut_off = killed(world, call, nth)
    assert cut_off.status is DeploymentStatus.IN_PROGRESS
    world.pass_time(LEASE_AND_GRACE)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    for service_id, image_id in (("search-api", "search"), ("items-api", "items"), ("web", "web")):
        assert world.running(service_id, "stage") == {digests[image_id]}


def test_confirmation_leaves_a_service_not_started() -> None:
    world = deployed()
    push_all(world)
    world.spoil("search", crash())
    release_deploy(world)
    world.spoil("search", good())
    world.pass_time(1200)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment)["web"] is NOT_STARTED
