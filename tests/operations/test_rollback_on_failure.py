"""A failed deployment is rolled back if that is wanted: with a deployment of its own, under the same lock."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.operations.runs import Told, deployments, recorded, release, release_deploy, request, statuses
from tests.world import Behaviour, Call, World, crash, good, slow, unpullable
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, AwsError, EnvironmentLocked
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, RollingBack, ServiceSettled
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.operations.deploy import plan
from weco_deploy.operations.lock import lock
from weco_deploy.sandbox.ecs.trouble import START_FAILS

TWO = project({"search": ["search-api"], "items": ["items-api"]})
ROLLS_BACK = project(
    {"search": ["search-api"]},
    environments=["stage", Environment(id="prod", name="Prod", on_failure="rollback")],
)


def planned(world: World) -> Plan:
    """The plan to deploy `latest` again."""
    ports = world.ports()
    return plan(request(release(ports)), ports)


def good_then(behaviour: Behaviour, *, breaker: bool = True) -> tuple[World, str, str]:
    """A world with a good release deployed and an image with this behaviour pushed, and the digests of both."""
    world = World.of(ONE_AND_ONE, breaker=breaker)
    good = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    return world, good, world.push("search", behaviour)


def test_release_with_the_images_of_the_good_one_is_not_rolled_back_to_them() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.spoil("search", crash())
    told = Told()

    deployment = release_deploy(world, rollback_on_failure=True, force_redeploy=True, told=told)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is None
    assert "the last good release has the same images" in deployment.reason


def test_automatic_rollback_is_announced_with_the_verdict_before_it_changes_anything() -> None:
    world, _, _ = good_then(crash())
    told = Told()

    deployment = release_deploy(world, rollback_on_failure=True, told=told)

    assert deployment.rollback is not None
    [announced] = [event for event in told.events if isinstance(event, RollingBack)]
    assert announced.failed.deployment_id == deployment.deployment_id
    assert announced.failed.status is DeploymentStatus.FAILED
    assert announced.release_id == deployment.rollback.release_id
    following = told.events[told.events.index(announced) + 1]
    assert isinstance(following, Claimed)
    assert following.deployment.deployment_id == deployment.rollback.deployment_id


def test_settled_services_have_the_tasks_of_the_last_poll() -> None:
    world, _, _ = good_then(good())
    told = Told()

    release_deploy(world, told=told)

    [settled] = [event for event in told.events if isinstance(event, ServiceSettled)]
    assert (settled.running, settled.desired) == (1, 1)


def test_failed_deployment_is_rolled_back_to_the_good_release_and_both_are_recorded() -> None:
    world, good, _ = good_then(crash())
    first = deployments(world)[0]

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    back = deployment.rollback
    assert back is not None
    assert (back.kind, back.status, back.release_id) == (
        Kind.ROLLBACK,
        DeploymentStatus.SUCCEEDED,
        first.release_id,
    )
    assert deployment.deployment_id in back.description
    assert world.tag("search", "env.stage") == good
    assert world.running("search-api", "stage") == {good}
    kept = {deployment.deployment_id: deployment for deployment in deployments(world)}
    assert kept[deployment.deployment_id].status is DeploymentStatus.ROLLED_BACK
    assert kept[back.deployment_id].status is DeploymentStatus.SUCCEEDED
    noted = kept[deployment.deployment_id].rollback
    assert noted is not None
    assert noted.deployment_id == back.deployment_id
    record = recorded(world)
    assert record.lock is None
    assert record.current == record.good
    assert record.current is not None
    assert record.current.deployment_id == back.deployment_id


def test_tag_goes_back_without_a_redeployment_after_ecs_rolled_the_service_back() -> None:
    world, good, _ = good_then(crash())
    before = world.count("runtime.redeploy")

    deployment = release_deploy(world, rollback_on_failure=True, interval=200.0)  # ECS is done by then

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
    assert world.count("runtime.redeploy") == before + 1
    assert deployment.rollback is not None
    assert deployment.rollback.images["search"].tag_moved


def test_service_without_circuit_breaker_is_redeployed_with_the_good_image() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    good = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert deployment.rollback is not None
    assert statuses(deployment.rollback) == {"search-api": ServiceStatus.SUCCEEDED}
    assert world.running("search-api", "stage") == {good}


@pytest.mark.parametrize("breaker", [True, False], ids=["breaker", "no breaker"])
def test_deployment_that_timed_out_after_a_task_failed_is_rolled_back(breaker: bool) -> None:
    world, good, _ = good_then(Behaviour(start=30, exits_after=0), breaker=breaker)

    deployment = release_deploy(world, rollback_on_failure=True, wait=45.0)

    assert deployment.reason.startswith("still not done after 45 s")
    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
    assert world.running("search-api", "stage") == {good}


def test_image_that_starts_slowly_is_not_rolled_back_when_the_time_is_over() -> None:
    world, _, late = good_then(slow(3600))

    deployment = release_deploy(world, rollback_on_failure=True, wait=60.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.rollback is None
    assert "it was not rolled back, because no look at the services told that anything is wrong" in (
        deployment.reason
    )
    assert world.tag("search", "env.stage") == late


def test_full_cluster_is_not_rolled_back_and_makes_no_image_known_bad() -> None:
    world, _, new = good_then(good(), breaker=False)
    world.trouble("search-api", "stage", "no-capacity")

    deployment = release_deploy(world, rollback_on_failure=True, wait=300.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.rollback is None
    assert "unable to place a task" in deployment.services[0].reason
    assert world.tag("search", "env.stage") == new
    assert not any("this image" in warning for warning in planned(world).warnings)


@pytest.mark.parametrize("trouble", START_FAILS)
@pytest.mark.parametrize("breaker", [True, False], ids=["breaker", "no breaker"])
def test_release_is_not_rolled_back_if_tasks_lack_something_else_than_their_image_until_the_time_is_over(
    trouble: str, *, breaker: bool
) -> None:
    world, _, new = good_then(good(), breaker=breaker)
    world.trouble("search-api", "stage", trouble)

    deployment = release_deploy(world, rollback_on_failure=True, wait=15.0 if breaker else 300.0)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert START_FAILS[trouble].removesuffix(".") in deployment.services[0].reason
    assert START_FAILS[trouble] in deployment.services[0].failures[0].cause
    assert world.tag("search", "env.stage") == new
    assert not any("this image" in warning for warning in planned(world).warnings)
    world.trouble("search-api", "stage", "none")
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


@pytest.mark.parametrize("trouble", ["no-capacity", "no-secret"])
def test_image_is_not_known_bad_after_a_circuit_breaker_gave_up_on_tasks_that_could_not_start(
    trouble: str,
) -> None:
    world, old, new = good_then(good())
    world.trouble("search-api", "stage", trouble)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    reason = START_FAILS.get(trouble, "unable to place a task")
    assert any(reason in failure.message for failure in deployment.services[0].failures)
    assert deployment.rollback is not None
    assert world.tag("search", "env.stage") == old
    assert world.tag("search", "latest") == new
    assert not any("this image" in warning for warning in planned(world).warnings)


@pytest.mark.parametrize(
    "error", [AwsError("ecs:UpdateService", "no"), AccessDenied("ecs:UpdateService", "not allowed")]
)
def test_service_that_ecs_refuses_to_redeploy_says_nothing_against_the_images(error: AwsError) -> None:
    world = World.of(TWO)
    release_deploy(world)
    world.pass_time(1)
    new = {image_id: world.push(image_id) for image_id in ("search", "items")}
    world.fail("runtime.redeploy", error, nth=2)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.FAILED, None)
    assert "half deployed: items-api still runs what ran before, search-api has the release" in (
        deployment.reason
    )
    assert "it was not rolled back, because that ECS was not told to redeploy" in deployment.reason
    assert deployments(world)[0].reason == deployment.reason
    assert world.running("search-api", "stage") == {new["search"]}
    world.pass_time(1)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("items-api", "stage") == {new["items"]}


def test_release_is_rolled_back_if_a_service_was_refused_and_another_failed() -> None:
    world = World.of(TWO)
    good = {image_id: world.push(image_id) for image_id in ("search", "items")}
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())
    world.push("items")
    world.fail("runtime.redeploy", AwsError("ecs:UpdateService", "no"), nth=2)

    assert release_deploy(world, rollback_on_failure=True).status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good["search"]
    assert world.tag("items", "env.stage") == good["items"]


def test_interrupted_deployment_is_never_rolled_back() -> None:
    world, _, bad = good_then(slow(300))
    world.signal_at(60)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == bad
    assert len(deployments(world)) == 2


def test_failed_deployment_is_not_rolled_back_unless_that_is_wanted() -> None:
    world, _, bad = good_then(crash())

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == bad


def test_project_file_turns_rollback_on_for_an_environment() -> None:
    world = World.of(ROLLS_BACK)
    good = world.tag("search", "env.prod")
    release_deploy(world, "prod")
    world.pass_time(1)
    bad = world.push("search", crash())

    assert release_deploy(world, "prod").status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.prod") == good
    assert release_deploy(world, "stage").status is DeploymentStatus.FAILED
    assert world.tag("search", "env.stage") == bad


@pytest.mark.parametrize("call", ["registry.point", "runtime.redeploy"])
def test_deployment_that_failed_before_any_service_restarted_is_not_rolled_back(call: str) -> None:
    world, good, _ = good_then(crash())
    world.fail(call, AwsError("aws:Call", "no"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.FAILED, None)
    assert "it was not rolled back, because no service was restarted" in deployment.reason
    assert world.tag("search", "env.stage") == good


def test_other_services_are_rolled_back_although_a_service_was_deleted_meanwhile() -> None:
    world = World.of(TWO)
    good = world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())
    world.at(5, lambda: world.delete_service("items-api", "stage"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.running("search-api", "stage") == {good}


def only(world: World, image_id: str, behaviour: Behaviour, *, undone: bool = False) -> Deployment:
    """Deploys a release that has a new version of this image alone."""
    world.pass_time(1)
    world.point(image_id, "only", world.push(image_id, behaviour))
    deployment = release_deploy(world, label="only", rollback_on_failure=undone)
    world.untag(image_id, "only")
    world.pass_time(1)
    return deployment


def test_image_that_failed_before_a_success_without_it_is_not_restored() -> None:
    world = World.of(TWO)
    release_deploy(world)
    first = world.tag("search", "env.stage")
    assert only(world, "search", crash()).status is DeploymentStatus.FAILED
    assert only(world, "items", good()).status is DeploymentStatus.SUCCEEDED
    items = world.tag("items", "env.stage")

    deployment = only(world, "search", crash(), undone=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == first
    assert world.running("search-api", "stage") == {first}
    assert world.tag("items", "env.stage") == items


def test_image_that_never_worked_goes_back_to_what_ran_before_it() -> None:
    world = World.of(TWO)
    first = world.tag("search", "env.stage")
    assert only(world, "search", crash()).status is DeploymentStatus.FAILED
    assert only(world, "items", good()).status is DeploymentStatus.SUCCEEDED

    deployment = only(world, "search", unpullable(), undone=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == first
    assert world.running("search-api", "stage") == {first}


# No release was ever good


def test_without_a_good_release_images_go_back_to_what_ran_before() -> None:
    world = World.of(ONE_AND_ONE)
    first = world.tag("search", "env.stage")
    world.push("search", crash())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == first
    assert world.running("search-api", "stage") == {first}
    assert deployment.rollback is not None
    made = world.ports().store.release(deployment.rollback.release_id)
    assert made is not None
    assert made.versions["search"].digest == first
    assert made.versions["search"].ref.startswith("ref.")


def test_after_several_failures_images_go_back_to_what_ran_before_the_first_of_them() -> None:
    world = World.of(TWO)
    first = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    for image_id in ("search", "items"):
        world.push(image_id, crash())
        assert release_deploy(world).status is DeploymentStatus.FAILED
        world.pass_time(1)
    world.push("search", unpullable())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert {image_id: world.tag(image_id, "env.stage") for image_id in first} == first
    for image_id in first:
        assert world.running(f"{image_id}-api", "stage") == {first[image_id]}


def test_image_of_only_the_last_of_several_failures_goes_back_too() -> None:
    world = World.of(TWO)
    first = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    world.point("search", "only", world.push("search", crash()))
    assert release_deploy(world, label="only").status is DeploymentStatus.FAILED
    world.pass_time(1)
    world.push("items", crash())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert {image_id: world.tag(image_id, "env.stage") for image_id in first} == first


def test_deployment_with_nothing_before_it_stays_failed_and_says_why() -> None:
    world = World.of(ONE_AND_ONE)
    world.untag("search", "env.stage")
    world.push("search", crash())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert "could not be rolled back: nothing was deployed before" in deployment.reason
    assert recorded(world).lock is None
    assert deployments(world)[0].status is DeploymentStatus.FAILED


def test_deployment_whose_good_image_left_ecr_stays_failed_and_says_so() -> None:
    world, good, _ = good_then(crash())
    world.expire("search", good)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert re.search(r"search: ref\.\w+ is not in", deployment.reason)
    assert recorded(world).lock is None
    assert all(deployment.finished for deployment in deployments(world))


def test_deployment_whose_rollback_fails_stays_failed_and_names_the_rollback() -> None:
    world, _, _ = good_then(crash())
    world.fail("registry.point", AwsError("ecr:PutImage", "no"), nth=2)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is not None
    assert deployment.rollback.status is DeploymentStatus.FAILED
    assert recorded(world).lock is None
    kept = deployments(world)
    assert [deployment.status for deployment in kept[:2]] == [DeploymentStatus.FAILED] * 2


def test_signal_during_a_rollback_leaves_the_deployment_failed_and_the_rollback_interrupted() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())
    world.before("registry.point", lambda call: call.run.signal(), nth=2)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is not None
    assert deployment.rollback.status is DeploymentStatus.INTERRUPTED
    assert recorded(world).lock is None
    assert all(deployment.finished for deployment in deployments(world))


# The same lock


def test_environment_stays_locked_between_a_failure_and_its_rollback() -> None:
    world, good, _ = good_then(crash())
    tried: list[str] = []

    def somebody(_: Call) -> None:
        with pytest.raises(EnvironmentLocked):
            release_deploy(world)
        tried.append("deploy")

    # From the moment the first deployment holds the environment until it settles.
    after_claim = len(world.calls)
    world.after("store.claim", lambda _: world.before("store.*", not_within_itself(somebody), times=100))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
    assert len(tried) > 5
    claims = [call for call in world.calls[after_claim:] if call.name == "store.claim"]
    assert len({call.run.number for call in claims}) == 1
    assert len(claims) == 2


def not_within_itself(step: Callable[[Call], None]) -> Callable[[Call], None]:
    """Runs the step, but not for the calls that the step itself makes."""
    under_way: list[Call] = []

    def act(call: Call) -> None:
        if not under_way:
            under_way.append(call)
            step(call)
            under_way.clear()

    return act


def test_environment_that_is_not_ours_any_more_is_not_rolled_back() -> None:
    world, _, bad = good_then(slow(60))
    world.before("store.note", lambda _: world.somebody_unlocks("stage"), nth=2)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.rollback is None
    assert "not ours any more" in deployment.reason
    assert world.tag("search", "env.stage") == bad
    assert world.count("registry.point") == 2  # of the good one, then of this one


def test_lock_that_was_asked_for_begins_after_the_rollback() -> None:
    world, good, _ = good_then(crash())
    world.at(12, lambda: lock(world.ports(requested_by="ann"), "stage", "freeze"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good
    held = recorded(world).lock
    assert held is not None
    assert held.holder == "ann"


# Tags that still point at a failed image


def failed_reason(world: World) -> Deployment:
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.FAILED
    (kept,) = [stored for stored in deployments(world) if stored.deployment_id == deployment.deployment_id]
    assert kept.reason == deployment.reason
    return deployment


def test_reason_says_that_the_tag_still_points_at_the_bad_image_after_ecs_rolled_back() -> None:
    world, good, bad = good_then(crash())

    deployment = failed_reason(world)
    world.settle_down()

    assert world.running("search-api", "stage") == {good}
    assert world.tag("search", "env.stage") == bad
    assert "env.stage still points at the image of search that failed" in deployment.reason
    assert deployment.reason.endswith("; `rollback` moves it back")


def test_reason_does_not_say_that_a_tag_still_points_at_the_bad_image_if_somebody_moved_it_back() -> None:
    world, good, _ = good_then(crash())
    world.at(25, lambda: world.point("search", "env.stage", good))

    assert "points at" not in failed_reason(world).reason


def test_reason_says_that_it_is_unknown_where_the_tag_points_if_it_cannot_be_read() -> None:
    world, _, _ = good_then(crash())
    world.at(25, lambda: world.fail("registry.find", AwsError("ecr:DescribeImages", "no")))

    reason = failed_reason(world).reason

    assert "env.stage of search was left at the image that failed" in reason
    assert "can't be read: ecr:DescribeImages: no" in reason


def test_reason_names_only_the_images_of_failed_services() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    world.push("merger", crash())

    assert "the image of merger that failed" in failed_reason(world).reason


def test_reason_names_the_image_again_if_the_same_release_fails_again() -> None:
    world, _, _ = good_then(crash())
    failed_reason(world)
    world.pass_time(600)

    assert "env.stage still points at the image of search that failed" in failed_reason(world).reason


def test_reason_says_nothing_of_tags_that_are_back() -> None:
    world, _, _ = good_then(crash())

    deployment = release_deploy(world, rollback_on_failure=True)

    assert "still points" not in deployment.reason
    assert deployment.rollback is not None
    assert "still points" not in deployment.rollback.reason


def test_reason_says_nothing_of_tags_if_nothing_failed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    assert release_deploy(world, told=Told()).reason == ""


def test_rollback_is_refused_if_somebody_claimed_and_released_the_environment_before_it_was_planned() -> None:
    world, _, bad = good_then(crash())

    def claim_and_release(_: Call) -> None:
        world.somebody_locks("stage", lease_seconds=10)
        world.somebody_unlocks("stage")

    world.after("runtime.redeploy", lambda _: world.before("store.environment", claim_and_release))

    deployment = release_deploy(world, rollback_on_failure=True, lease=100_000)  # no renewal finds out before

    assert deployment.rollback is None
    assert "it could not be rolled back: somebody else changed the environment" in deployment.reason
    assert world.tag("search", "env.stage") == bad
