"""The looks at the services fail until the time is over: the result says why, and nothing is undone on no evidence."""

from __future__ import annotations

from tests.operations.runs import confirm_deploy, deployments, recorded, release_deploy, statuses
from tests.world import World, crash, slow
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, AwsError
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus

FOR_GOOD = 1000
DENIED = AccessDenied("ecs:DescribeTasks", "not allowed: the IAM permission ecs:DescribeTasks is missing")
REFUSED = AwsError("ecs:DescribeServices", "InvalidParameterException: no")
TWO = project({"search": ["search-api"], "items": ["items-api"]})
WAIT = 60.0


def good_then(world: World) -> str:
    """A good release is deployed, and then another image pushed: the digest of the good one."""
    good = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", slow(20))
    return good


def deny_once_redeployed(world: World, name: str, error: AwsError = DENIED) -> None:
    world.after("runtime.redeploy", lambda _: world.fail(name, error, times=FOR_GOOD))


def kept(world: World) -> Deployment:
    return deployments(world)[0]


def test_the_result_and_the_record_tell_the_permission_that_the_last_look_lacked() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deny_once_redeployed(world, "runtime.tasks")

    deployment = release_deploy(world, wait=WAIT)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith(
        "still not done after 60 s; the last look at the services failed: ecs:DescribeTasks: not allowed: "
        "the IAM permission ecs:DescribeTasks is missing; ECS goes on"
    )
    assert kept(world).reason == deployment.reason


def test_what_no_look_ever_saw_is_not_said_to_be_undone() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deny_once_redeployed(world, "runtime.describe", REFUSED)

    deployment = release_deploy(world, wait=WAIT)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith(
        "not seen to be done after 60 s; the last look at the services failed: ecs:DescribeServices: "
    )


def test_a_look_that_failed_in_passing_is_no_reason() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=2))

    deployment = release_deploy(world, wait=WAIT)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith("still not done after 60 s; ECS goes on")


def test_where_one_service_failed_the_result_tells_why_the_others_are_not_known() -> None:
    world = World.of(TWO, breaker=True)
    world.push("search", crash())
    world.push("items", slow(500))
    world.at(400, lambda: world.fail("runtime.describe", REFUSED, times=FOR_GOOD))

    deployment = release_deploy(world, wait=450.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment) == {
        "search-api": ServiceStatus.FAILED,
        "items-api": ServiceStatus.IN_PROGRESS,
    }
    assert "the last look at the services failed: ecs:DescribeServices: " in deployment.reason


def test_confirming_tells_it_too() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=WAIT)
    before = world.count("runtime.describe")
    world.fail("runtime.describe", REFUSED, nth=2, times=FOR_GOOD)  # the first one observes

    deployment = confirm_deploy(world, wait=WAIT)

    assert world.count("runtime.describe") > before + 1
    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert "the last look at the services failed: ecs:DescribeServices: " in deployment.reason


# Undoing.


def test_a_rollout_of_which_no_look_succeeded_is_not_undone() -> None:
    world = World.of(ONE_AND_ONE)
    good_then(world)
    new = world.tag("search", "latest")
    deny_once_redeployed(world, "runtime.tasks_listed")
    deny_once_redeployed(world, "runtime.describe", REFUSED)

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.rollback is None
    assert "it was not rolled back, because no look at the services told that anything is wrong" in (
        deployment.reason
    )
    assert kept(world).reason == deployment.reason
    assert world.tag("search", "env.stage") == new
    assert world.count("runtime.redeploy") == 2
    assert recorded(world).lock is None


def blind_once_done(world: World) -> None:
    """Once all of the new images runs and nothing else, no further look succeeds."""
    images = {"search-api": "search", "items-api": "items"}
    if all(
        world.running(service_id, "stage") == {world.tag(image_id, "latest")}
        and world.look(service_id, "stage").deployments[0].rollout_state == "COMPLETED"
        for service_id, image_id in images.items()
    ):
        world.fail("runtime.describe", REFUSED, times=FOR_GOOD)


def test_nor_is_one_that_was_done_when_it_was_last_seen() -> None:
    world = World.of(TWO)
    good_then(world)
    new = world.tag("search", "latest")
    world.push("items", slow(40))
    # The first one is done before the other; that it still is can't be seen at the end.
    world.after("runtime.describe", lambda _: blind_once_done(world), times=FOR_GOOD)

    deployment = release_deploy(world, wait=600.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith("not seen to be done after 600 s; the last look")
    assert "it was not rolled back" in deployment.reason
    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == new


def test_one_that_was_seen_not_to_get_on_is_undone_though_the_last_looks_failed() -> None:
    world = World.of(ONE_AND_ONE)
    good = good_then(world)
    world.push("search", slow(3600))
    fifth, to_the_end = 5, 3
    world.after(
        "runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, nth=fifth, times=to_the_end)
    )

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert "the last look at the services failed" in deployment.reason
    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good


def test_one_that_was_refused_is_undone_though_nothing_could_be_seen_of_the_others() -> None:
    world = World.of(TWO)
    release_deploy(world)
    world.pass_time(1)
    for image_id in ("search", "items"):
        world.push(image_id)
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "no"), nth=2)
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=7))

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert deployment.rollback is not None


def test_it_is_undone_where_the_looks_succeed_again_before_the_end() -> None:
    world = World.of(ONE_AND_ONE)
    good = good_then(world)
    world.push("search", slow(3600))
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=3))

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
