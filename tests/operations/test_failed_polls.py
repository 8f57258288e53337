"""Polls that fail until the waiting time is over: the result says why, and nothing is rolled back without evidence."""

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
    """Deploys a good release, pushes another image, and returns the digest of the good one."""
    good = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", slow(20))
    return good


def deny_once_redeployed(world: World, name: str, error: AwsError = DENIED) -> None:
    world.after("runtime.redeploy", lambda _: world.fail(name, error, times=FOR_GOOD))


def kept(world: World) -> Deployment:
    return deployments(world)[0]


def test_result_and_record_name_the_permission_that_the_last_poll_lacked() -> None:
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


def test_rollout_that_no_poll_observed_is_not_called_unfinished() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    deny_once_redeployed(world, "runtime.describe", REFUSED)

    deployment = release_deploy(world, wait=WAIT)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith(
        "not seen to be done after 60 s; the last look at the services failed: ecs:DescribeServices: "
    )


def test_poll_that_failed_in_passing_is_not_part_of_the_reason() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=2))

    deployment = release_deploy(world, wait=WAIT)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith("still not done after 60 s; ECS goes on")


def test_failed_deployment_says_why_the_state_of_other_services_is_not_known() -> None:
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


def test_confirm_deploy_says_that_the_last_poll_failed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=WAIT)
    before = world.count("runtime.describe")
    world.fail("runtime.describe", REFUSED, nth=2, times=FOR_GOOD)  # the first is part of observing

    deployment = confirm_deploy(world, wait=WAIT)

    assert world.count("runtime.describe") > before + 1
    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert "the last look at the services failed: ecs:DescribeServices: " in deployment.reason


# Rolling back


def test_rollout_that_no_poll_observed_is_not_rolled_back() -> None:
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


def fail_polls_once_done(world: World) -> None:
    """Let every further poll fail once the new images run and nothing else does."""
    images = {"search-api": "search", "items-api": "items"}
    if all(
        world.running(service_id, "stage") == {world.tag(image_id, "latest")}
        and world.look(service_id, "stage").deployments[0].rollout_state == "COMPLETED"
        for service_id, image_id in images.items()
    ):
        world.fail("runtime.describe", REFUSED, times=FOR_GOOD)


def test_rollout_that_was_done_at_the_last_successful_poll_is_not_rolled_back() -> None:
    world = World.of(TWO)
    good_then(world)
    new = world.tag("search", "latest")
    world.push("items", slow(40))
    # search-api is done before items-api; the poll that would show that it still is fails.
    world.after("runtime.describe", lambda _: fail_polls_once_done(world), times=FOR_GOOD)

    deployment = release_deploy(world, wait=600.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.reason.startswith("not seen to be done after 600 s; the last look")
    assert "it was not rolled back" in deployment.reason
    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == new


def test_rollout_whose_tasks_failed_is_rolled_back_although_the_last_polls_failed() -> None:
    world = World.of(ONE_AND_ONE, breaker_threshold=50)
    good = good_then(world)
    world.push("search", crash())
    fifth, to_the_end = 5, 4
    world.after(
        "runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, nth=fifth, times=to_the_end)
    )

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert "the last look at the services failed" in deployment.reason
    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good


def test_refused_service_is_not_rolled_back_while_polls_of_the_others_failed() -> None:
    world = World.of(TWO)
    release_deploy(world)
    world.pass_time(1)
    for image_id in ("search", "items"):
        world.push(image_id)
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "no"), nth=2)
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=7))

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.FAILED, None)


def test_rollout_whose_tasks_failed_is_rolled_back_if_polls_succeed_again_before_the_end() -> None:
    world = World.of(ONE_AND_ONE, breaker_threshold=50)
    good = good_then(world)
    world.push("search", crash())
    world.after("runtime.redeploy", lambda _: world.fail("runtime.describe", REFUSED, times=3))

    deployment = release_deploy(world, wait=WAIT, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
