"""A rollback ends the deployment in progress where ECS returns to the right images; otherwise it begins a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.figures import Count
from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    confirm_deploy,
    deployments,
    recorded,
    release_deploy,
    rollback,
)
from tests.world import Behaviour, Killed, World, crash, slow
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, AwsError, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import EcsRollbackRequested, Notice, Progress, ServiceRedeployed
from weco_deploy.model.kind import Kind
from weco_deploy.sandbox.ecs.state import Json

TWO = project({"search": ["search-api"], "items": ["items-api"]})
CONFIGURATIONS: dict[str, Json] = {
    "ROLLING": {},
    "BLUE_GREEN": {"bakeTimeInMinutes": 5},
    "LINEAR": {"linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}},
    "CANARY": {"canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1}},
}
PAUSE: Json = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}


def good_then(
    behaviour: Behaviour,
    strategy: str = "ROLLING",
    *hooks: Json,
    before: Behaviour | None = None,
    **options: Any,
) -> tuple[World, str]:
    """A world whose good release is deployed, with an image that behaves so pushed. The good digest."""
    configuration: Json = CONFIGURATIONS[strategy] | {"lifecycleHooks": []}
    world = World.of(ONE_AND_ONE, strategy=strategy, configuration=configuration, breaker=False, **options)
    good = world.push("search", before)
    release_deploy(world)
    world.declared("search-api", "stage").configuration["lifecycleHooks"] = list(hooks)
    world.pass_time(1)
    world.push("search", behaviour)
    return world, good


def rolled_back(world: World, told: Told | None = None) -> Deployment:
    """`release-deploy --rollback-on-failure`: the rollback."""
    deployment = release_deploy(world, rollback_on_failure=True, told=told)
    assert deployment.status is DeploymentStatus.ROLLED_BACK, deployment.reason
    assert deployment.rollback is not None
    return deployment.rollback


def interrupted_then(world: World, after: float = 60.0, **options: object) -> Deployment:
    """A deployment that a signal ends so many seconds later, as it is recorded."""
    world.signal_at(after)
    deployment = release_deploy(world, **options)  # type: ignore[arg-type]  # options of any field
    assert deployment.status is DeploymentStatus.INTERRUPTED
    return deployment


def updates(world: World) -> int:
    return world.count("runtime.redeploy")


def assert_back(world: World, good: str) -> None:
    world.settle_down()
    assert world.running("search-api", "stage") == {good}
    assert world.tag("search", "env.stage") == good
    assert recorded(world).lock is None


@pytest.mark.parametrize("new_id", [True, False], ids=["new id", "earlier id"])
@pytest.mark.parametrize("strategy", CONFIGURATIONS)
def test_rollback_ends_the_deployment_in_progress_and_starts_no_other(strategy: str, new_id: bool) -> None:
    world, good = good_then(crash(), strategy, desired=3)
    world.ecs.simulation.settings.rollback_has_new_id = new_id
    before, told = updates(world), Told()

    back = rolled_back(world, told)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert updates(world) == before + 1, "only that of the release that failed"
    assert world.count("runtime.roll_back") == 1
    (service,) = back.services
    primary = world.look("search-api", "stage").primary
    assert primary is not None
    assert (service.status, service.ecs_deployment_id) == (ServiceStatus.SUCCEEDED, primary.id)
    assert service.ecs_rollback == world.look("search-api", "stage").service_deployment_arn
    assert len(told.of(EcsRollbackRequested)) == 1
    assert [found.services for found in deployments(world) if found.kind is Kind.ROLLBACK] == [back.services]
    assert_back(world, good)


def test_tags_go_back_before_ecs_is_told_to_roll_back() -> None:
    world, _ = good_then(crash())

    rolled_back(world)

    changes = [call.name for call in world.calls if call.name in ("registry.point", "runtime.roll_back")]
    assert changes[-2:] == ["registry.point", "runtime.roll_back"]


def test_paused_deployment_is_rolled_back_at_its_hook() -> None:
    world, good = good_then(slow(1), "BLUE_GREEN", PAUSE)
    interrupted_then(world, 120)
    before = updates(world)

    back = rollback(world)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert updates(world) == before
    (call,) = [call for call in world.calls if call.name == "runtime.roll_back"]
    assert "hook_id='ecs-pause-" in str(call)
    assert_back(world, good)


def test_rollback_says_what_ecs_does() -> None:
    world, _ = good_then(crash())
    told = Told()

    rolled_back(world, told)

    states = [event.state for event in told.events if isinstance(event, Progress)]
    assert "ECS is about to roll it back" in states
    assert any(state.startswith("ECS rolls it back") for state in states)


def test_service_is_redeployed_if_ecs_would_return_to_other_images() -> None:
    world, _ = good_then(slow(1))
    first = deployments(world)[0].release_id
    second = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", slow(300))
    interrupted_then(world)
    before = updates(world)

    back = rollback(world, to_release=first)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert (updates(world), world.count("runtime.roll_back")) == (before + 1, 0)
    assert second not in world.running("search-api", "stage")


def test_service_without_version_consistency_is_redeployed() -> None:
    """Its revision has no digests, so nothing tells what ECS would return to."""
    world, good = good_then(crash(), pins_tags=False)

    back = rolled_back(world)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.roll_back") == 0
    assert_back(world, good)


def test_forced_rollback_redeploys() -> None:
    world, good = good_then(slow(300))
    interrupted_then(world)

    assert rollback(world, force_redeploy=True).status is DeploymentStatus.SUCCEEDED

    assert world.count("runtime.roll_back") == 0
    assert_back(world, good)


def test_deployment_that_is_no_rollback_never_ends_one_in_progress() -> None:
    world, _ = good_then(slow(300))
    good = deployments(world)[0].release_id
    interrupted_then(world)
    world.push("search")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    assert world.count("runtime.roll_back") == 0
    assert deployments(world)[0].release_id != good


def refused(world: World) -> None:
    world.before("runtime.roll_back", lambda _: world.trouble("search-api", "stage", "deployment-stopped"))


def denied(world: World) -> None:
    world.fail("runtime.roll_back", AccessDenied("ecs:StopServiceDeployment", "not authorized"))


def unreachable(world: World) -> None:
    world.fail("runtime.roll_back", Unreachable("ecs:StopServiceDeployment", "no answer"), times=9)


def without_candidate(world: World) -> None:
    world.after("runtime.roll_back", lambda _: world.declared("search-api", "stage").completed.clear())


def unreadable(world: World) -> None:
    world.fail("runtime.revisions", AwsError("ecs:DescribeServiceRevisions", "no"), times=9)


@pytest.mark.parametrize("trouble", [refused, denied, unreachable, without_candidate, unreadable])
def test_service_is_redeployed_if_ecs_does_not_roll_it_back(trouble: Callable[[World], None]) -> None:
    world, good = good_then(crash(), desired=2)
    trouble(world)
    before, told = updates(world), Told()

    back = rolled_back(world, told)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert updates(world) == before + 2
    (service,) = back.services
    assert service.ecs_rollback is None
    assert len(told.of(ServiceRedeployed)) == 2
    assert_back(world, good)


def test_rollback_that_ecs_fails_to_make_is_explained() -> None:
    world, _ = good_then(crash())
    without_candidate(world)
    told = Told()

    rolled_back(world, told)

    (notice,) = [event.message for event in told.events if isinstance(event, Notice)]
    assert notice == (
        "search-api is redeployed instead: ECS did not roll it back (ROLLBACK_FAILED): "
        "No rollback candidate was found to run the rollback."
    )


@pytest.mark.parametrize("acted", [True, False], ids=["ECS acted", "ECS did not act"])
def test_lost_answer_is_made_up_for_by_reading_the_service_deployment(acted: bool) -> None:
    world, good = good_then(crash())
    lost = Unreachable("ecs:StopServiceDeployment", "no answer")
    (world.lose_answer if acted else world.fail)("runtime.roll_back", lost)
    before = updates(world)

    assert rolled_back(world).status is DeploymentStatus.SUCCEEDED

    assert updates(world) == before + 1
    assert world.count("runtime.roll_back") == (1 if acted else 2)
    assert_back(world, good)


@pytest.mark.parametrize("finish", [rollback, confirm_deploy], ids=["rollback", "confirm-deploy"])
@pytest.mark.parametrize("seconds", [0, 200])
def test_rollback_that_was_killed_goes_on_with_what_ecs_does(
    finish: Callable[..., Deployment], seconds: float
) -> None:
    world, good = good_then(slow(300))
    interrupted_then(world)
    world.cut_after(2, "store.note")
    before = updates(world)
    with pytest.raises(Killed):
        rollback(world)
    world.pass_time(LEASE_AND_GRACE + seconds)

    done = finish(world)

    assert done.status is DeploymentStatus.SUCCEEDED, done
    assert updates(world) == before
    assert_back(world, good)


def test_rollback_that_was_killed_before_ecs_began_is_judged_by_what_ecs_does_for_it() -> None:
    """Its record says that ECS rolls the deployment back: the end of that deployment is no failure."""
    world, good = good_then(slow(300))
    interrupted_then(world)
    settings = world.ecs.simulation.settings
    settings.timings = replace(settings.timings, placement=LEASE_AND_GRACE + 30.0)
    world.cut_before(1, "clock.wait")
    with pytest.raises(Killed):
        rollback(world)
    assert deployments(world)[0].services[0].ecs_rollback
    world.pass_time(LEASE_AND_GRACE)

    assert confirm_deploy(world, wait=600.0).status is DeploymentStatus.SUCCEEDED
    assert_back(world, good)


def test_rollback_by_ecs_that_already_goes_on_is_watched() -> None:
    world, good = good_then(slow(300))
    interrupted_then(world)
    world.trouble("search-api", "stage", "deployment-stopped")
    before = updates(world)

    back = rollback(world)

    assert back.status is DeploymentStatus.SUCCEEDED
    assert (updates(world), world.count("runtime.roll_back")) == (before, 0)
    assert_back(world, good)


def test_somebody_who_deploys_other_images_during_the_rollback_supersedes_it() -> None:
    world, _ = good_then(slow(300))
    interrupted_then(world)
    other = world.push("search")

    def somebody_deploys(_: object) -> None:
        world.point("search", "env.stage", other)
        world.somebody_redeploys("search-api", "stage")

    world.after("runtime.roll_back", somebody_deploys)

    back = rollback(world)

    assert (back.status, back.services[0].status) == (DeploymentStatus.FAILED, ServiceStatus.SUPERSEDED)


@pytest.mark.parametrize("strategy", ["ROLLING", "BLUE_GREEN"])
def test_ecs_rolls_back_sooner_than_a_new_rollout_would(strategy: str, count: Count) -> None:
    seconds = {}
    for how in ("ECS's rollback", "a new rollout"):
        world, _ = good_then(slow(60), strategy, before=slow(60), desired=4)
        world.ecs.simulation.settings.rollback_has_new_id = False  # as it is documented
        if how == "a new rollout":
            denied(world)
        interrupted_then(world, 50)
        began = world.now()
        assert rollback(world).status is DeploymentStatus.SUCCEEDED
        seconds[how] = int((world.now() - began).total_seconds())
        count(
            f"seconds: rollback of 4 tasks in the middle of a {strategy} deployment, by {how}", seconds[how]
        )
    assert seconds["ECS's rollback"] < seconds["a new rollout"]


def test_interrupted_deployment_puts_tags_back_and_has_ecs_roll_back_if_that_is_wanted() -> None:
    world, good = good_then(slow(300))
    told = Told()

    deployment = interrupted_then(world, on_interrupt="rollback", told=told)

    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == good
    assert len(told.of(EcsRollbackRequested)) == 1
    assert "its tags were put back; ECS was told to roll back search-api" in deployment.reason
    (service,) = deployments(world)[0].services
    assert (service.status, service.reason) == (ServiceStatus.IN_PROGRESS, "ECS was told to roll it back")
    assert not deployments(world)[0].images["search"].tag_moved
    before = updates(world)
    assert rollback(world).status is DeploymentStatus.SUCCEEDED
    assert updates(world) == before
    assert_back(world, good)


def test_interrupted_deployment_is_left_as_it_is_by_default() -> None:
    world, good = good_then(slow(300))

    interrupted_then(world)

    assert world.tag("search", "env.stage") != good
    assert world.count("runtime.roll_back") == 0


def test_interrupted_deployment_says_which_services_keep_the_new_images() -> None:
    world = World.of(TWO, breaker=False)
    good = {image_id: world.push(image_id) for image_id in ("search", "items")}
    release_deploy(world)
    world.pass_time(1)
    world.push("search", slow(300))
    world.push("items")

    deployment = interrupted_then(world, 100, on_interrupt="rollback")

    assert (
        "the new images run in items-api, or will: `rollback` puts back the earlier ones" in deployment.reason
    )
    assert rollback(world).status is DeploymentStatus.SUCCEEDED
    world.settle_down()
    assert world.running("items-api", "stage") == {good["items"]}
    assert world.running("search-api", "stage") == {good["search"]}


def test_interrupted_rollback_is_not_undone() -> None:
    world, good = good_then(slow(300))
    interrupted_then(world)
    world.signal_before(1, "runtime.roll_back")

    back = rollback(world, on_interrupt="rollback")

    assert back.status is DeploymentStatus.INTERRUPTED
    assert world.tag("search", "env.stage") == good


def test_interrupted_deployment_whose_services_can_not_be_read_has_its_tags_back_all_the_same() -> None:
    world, good = good_then(slow(300))
    world.signal_at(60)
    world.at(
        59, lambda: world.fail("runtime.describe", Unreachable("ecs:DescribeServices", "no answer"), times=50)
    )

    deployment = release_deploy(world, on_interrupt="rollback")

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert world.tag("search", "env.stage") == good
    assert world.count("runtime.roll_back") == 0
