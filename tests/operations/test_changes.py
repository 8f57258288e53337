"""Tags first, then services: what happens where one of these changes is refused or its answer is lost."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, deployments, recorded, release_deploy, statuses
from tests.world import Behaviour, Call, World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.aws import api
from weco_deploy.aws.access_denied import access_denied
from weco_deploy.errors import AccessDenied, AwsError, Interrupted, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Notice, ServiceSettled, TagPutBack

DENIED = AccessDenied("ecs:UpdateService", "not allowed: ecs:UpdateService")
LOST = Unreachable("ecs:UpdateService", "connection reset")
NEW = ("search", "transformer", "merger")


def pushed() -> tuple[World, dict[str, str | None], dict[str, str]]:
    """A world with three new images; what its tags pointed at, and the new digests."""
    world = World.of(FIVE_AND_EIGHT)
    old = {image_id: world.tag(image_id, "env.stage") for image_id in NEW}
    return world, old, {image_id: world.push(image_id) for image_id in NEW}


def tags(world: World) -> dict[str, str | None]:
    return {image_id: world.tag(image_id, "env.stage") for image_id in NEW}


def put_back(told: Told) -> dict[str, str]:
    return {event.image.image_id: event.error for event in told.events if isinstance(event, TagPutBack)}


def assert_nothing_applied(world: World, deployment: Deployment) -> None:
    assert deployment.status is DeploymentStatus.FAILED
    assert deployments(world)[0] == deployment
    assert not any(change.tag_moved for change in deployment.images.values())
    record = recorded(world)
    assert not set(NEW) & set(record.images)
    assert record.lock is None


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_where_a_tag_cannot_be_moved_all_go_back_and_nothing_restarts(nth: int) -> None:
    world, old, _ = pushed()
    world.fail("registry.point", AccessDenied("ecr:PutImage", "not allowed: ecr:PutImage"), nth)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert tags(world) == old
    assert world.count("runtime.redeploy") == 0
    assert "ecr:PutImage" in deployment.reason
    assert_nothing_applied(world, deployment)
    assert set(put_back(told).values()) == {""}


def test_where_the_answer_of_a_tag_is_lost_that_one_goes_back_too() -> None:
    world, old, _ = pushed()
    world.lose_answer("registry.point", Unreachable("ecr:PutImage", "connection reset"), nth=2)

    deployment = release_deploy(world)

    assert tags(world) == old
    assert_nothing_applied(world, deployment)


def test_where_the_first_service_is_refused_the_tags_go_back() -> None:
    world, old, _ = pushed()
    world.fail("runtime.redeploy", DENIED)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert tags(world) == old
    assert set(put_back(told)) == set(NEW)
    assert world.count("runtime.redeploy") == 1
    assert "ecs:UpdateService" in deployment.reason
    assert_nothing_applied(world, deployment)
    told_services = [one for one in deployment.services if one.status is ServiceStatus.FAILED]
    assert "could not be redeployed" in told_services[0].reason
    assert len(told_services) == 1


FROZEN = access_denied(
    api.UPDATE_SERVICE,
    "AccessDeniedException",
    "User: me is not authorized to perform: ecs:UpdateService on resource: search with an explicit deny in a "
    "service control policy: arn:aws:organizations::444455556666:policy/o-a/service_control_policy/p-freeze",
)


def test_deploy_freeze_by_the_organisation_is_the_reason_and_the_tags_go_back() -> None:
    world, old, _ = pushed()
    world.fail("runtime.redeploy", FROZEN)

    deployment = release_deploy(world)

    assert tags(world) == old
    assert (
        "service_control_policy/p-freeze; the organisation's administrators decide this" in deployment.reason
    )


def test_later_service_that_is_denied_says_whose_business_that_is() -> None:
    world, _, _ = pushed()
    world.fail("runtime.redeploy", FROZEN, nth=2)

    deployment = release_deploy(world)

    (denied,) = [one for one in deployment.services if one.status is ServiceStatus.FAILED]
    assert "service_control_policy/p-freeze; the organisation's administrators decide this" in denied.reason


def test_a_tag_that_did_not_exist_before_cannot_go_back_and_that_is_said_and_recorded() -> None:
    world = World.of(ONE_AND_ONE)
    world.untag("search", "env.stage")
    new = world.push("search")
    world.fail("runtime.redeploy", DENIED)
    told = Told()

    deployment = release_deploy(world, told=told, force_redeploy=True)

    assert world.tag("search", "env.stage") == new
    assert "did not exist before, so it can't go back" in put_back(told)["search"]
    assert deployment.status is DeploymentStatus.FAILED
    (kept,) = deployments(world)
    assert kept.images["search"].tag_moved
    assert kept.images["search"].from_digest is None
    assert recorded(world).images["search"].digest == new


def test_what_stops_putting_back_does_not_hide_why_it_was_needed() -> None:
    world, _, _ = pushed()

    def refuse(_: Call) -> None:
        world.fail("store.note", AccessDenied("dynamodb:PutItem", "not allowed: dynamodb:PutItem"))
        raise DENIED

    world.before("runtime.redeploy", refuse)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert "ecs:UpdateService" in deployment.reason
    assert any("dynamodb:PutItem" in one.message for one in told.events if isinstance(one, Notice))


def test_a_signal_while_tags_are_put_back_does_not_leave_some_of_them_moved() -> None:
    world, old, _ = pushed()
    world.workers = 1  # so that the lease is renewed between two tags

    def refuse(_: Call) -> None:
        # The table is busy, and a signal ends the wait for it.
        world.fail("store.renew", Interrupted("interrupted by SIGTERM"))
        world.pass_time(40)
        raise DENIED

    world.before("runtime.redeploy", refuse)

    deployment = release_deploy(world)

    assert world.count("store.renew") > 1
    assert tags(world) == old
    assert_nothing_applied(world, deployment)


NOT_RENEWED = AccessDenied("dynamodb:UpdateItem", "not allowed: dynamodb:UpdateItem")
FOR_GOOD = 1000


def test_tags_go_back_where_the_lease_may_not_be_renewed_while_they_move() -> None:
    world, old, _ = pushed()
    world.workers = 1  # so that the lease is renewed between two tags
    world.fail("store.renew", NOT_RENEWED, times=FOR_GOOD)
    world.before("registry.point", lambda _: world.pass_time(40), nth=2)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert world.count("registry.point") > 2, "some tags had moved"
    assert tags(world) == old
    assert world.count("runtime.redeploy") == 0
    assert deployment.reason == NOT_RENEWED.message
    assert_nothing_applied(world, deployment)
    assert set(put_back(told).values()) == {""}


def test_tags_go_back_where_the_record_may_not_be_noted_once_they_have_moved() -> None:
    world, old, _ = pushed()
    world.fail("store.note", NOT_RENEWED)

    deployment = release_deploy(world)

    assert tags(world) == old
    assert world.count("runtime.redeploy") == 0
    assert deployment.reason == NOT_RENEWED.message
    assert_nothing_applied(world, deployment)


def test_tags_stay_where_the_record_may_not_be_noted_once_a_service_was_redeployed() -> None:
    world, _, new = pushed()
    world.after("runtime.redeploy", lambda _: world.fail("store.note", NOT_RENEWED))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.reason == NOT_RENEWED.message
    assert tags(world) == new
    assert ServiceStatus.IN_PROGRESS in statuses(deployment).values()


def test_tags_go_back_until_the_lease_ends_where_it_may_not_be_renewed_meanwhile() -> None:
    world, old, _ = pushed()
    world.workers = 1

    def refuse(_: Call) -> None:
        world.fail("store.renew", NOT_RENEWED, times=FOR_GOOD)
        world.pass_time(40)
        raise DENIED

    world.before("runtime.redeploy", refuse)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert tags(world) == old
    assert_nothing_applied(world, deployment)
    notices = [event.message for event in told.events if isinstance(event, Notice)]
    assert notices == [f"while the tags were put back: {NOT_RENEWED.message}"]


def test_tags_stay_after_a_signal_between_the_moves_and_the_first_redeployment() -> None:
    world, _, new = pushed()
    world.before("store.note", lambda call: call.run.signal())

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert deployment.reason == "interrupted before any service was redeployed"
    assert tags(world) == new
    assert world.count("runtime.redeploy") == 0
    assert all(deployments(world)[0].images[image_id].tag_moved for image_id in NEW)


def test_tags_stay_where_the_lease_was_lost_while_they_moved() -> None:
    world, old, _ = pushed()
    world.workers = 1
    world.before("registry.point", lambda _: world.somebody_unlocks("stage"))
    world.before("registry.point", lambda _: world.pass_time(40), nth=2)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.FAILED
    assert tags(world) != old
    assert put_back(told) == {}
    assert world.count("runtime.redeploy") == 0


def test_a_signal_while_ecs_refuses_to_be_told_for_now_ends_that() -> None:
    world, _, _ = pushed()
    told: list[int] = []

    def refused(call: Call) -> None:
        told.append(call.number)
        if len(told) == 1:
            call.run.signal()
        raise LOST

    world.before("runtime.redeploy", refused, nth=2, times=100)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert ServiceStatus.FAILED not in statuses(deployment).values()
    assert ServiceStatus.PENDING in statuses(deployment).values()


def test_a_signal_while_the_record_is_closed_does_not_leave_it_open() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.fail("store.settle", Interrupted("interrupted by SIGTERM"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED
    assert recorded(world).lock is None


@pytest.mark.parametrize("nth", range(2, 6))
def test_a_later_service_that_is_refused_fails_alone(nth: int) -> None:
    world, _, new = pushed()
    world.fail("runtime.redeploy", DENIED, nth)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert tags(world) == new
    found = list(statuses(deployment).values())
    assert found.count(ServiceStatus.FAILED) == 1
    assert found.count(ServiceStatus.SUCCEEDED) == 4
    assert found.count(ServiceStatus.UNCHANGED) == 3


def test_one_that_failed_alone_is_all_that_the_next_run_redeploys() -> None:
    world, _, _ = pushed()
    world.fail("runtime.redeploy", DENIED, nth=4)
    release_deploy(world)
    before = world.count("runtime.redeploy")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.redeploy") == before + 1


def ecs_deployments(world: World) -> int:
    """How many deployments the service has ever had."""
    service = world.declared("search-api", "stage")
    return sum("deployment completed" in event["message"] for event in service.events)


@pytest.mark.parametrize("lag", [0.0, 3.0])
def test_where_the_answer_of_a_redeployment_is_lost_the_service_is_not_redeployed_twice(lag: float) -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    if lag:
        world.lag(lag)
    world.lose_answer("runtime.redeploy", LOST)
    before = ecs_deployments(world)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    assert world.count("runtime.redeploy") == 1
    assert ecs_deployments(world) == before + 1
    assert deployment.services[0].ecs_deployment_id == world.declared("search-api", "stage").primary.id


def test_where_ecs_turns_out_not_to_have_acted_it_is_told_again() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    world.fail("runtime.redeploy", LOST, times=2)

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    assert world.count("runtime.redeploy") == 3


def test_where_ecs_never_acts_the_tags_go_back() -> None:
    world, old, _ = pushed()
    world.fail("runtime.redeploy", LOST, times=3)

    deployment = release_deploy(world)

    assert tags(world) == old
    assert_nothing_applied(world, deployment)


# Success means that all of it is true at the same time.


def test_what_succeeded_first_and_crashes_while_others_still_start_is_no_success() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("items", crash(at=70))
    world.push("loader", slow(78))

    deployment = release_deploy(world, wait=95.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment)["items-api"] is ServiceStatus.IN_PROGRESS
    assert statuses(deployment)["loader"] is ServiceStatus.SUCCEEDED


def test_what_succeeded_first_is_told_of_once() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("items")
    world.push("loader", slow(64))
    told = Told()

    assert release_deploy(world, told=told).status is DeploymentStatus.SUCCEEDED
    settled = [one.outcome.service_id for one in told.events if isinstance(one, ServiceSettled)]
    assert sorted(settled) == ["items-api", "loader", "loader-nightly"]


def test_a_last_look_that_fails_is_made_again() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("items")
    world.push("loader", slow(64))
    looks = [0]

    def fail_the_last(_: object) -> None:
        looks[0] += 1
        if world.declared("loader", "stage").primary.completed and looks[0] < 100:
            looks[0] = 100
            raise AwsError("ecs:DescribeServices", "no")

    world.after("store.claim", lambda _: world.before("runtime.describe", fail_the_last, times=1000))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert looks[0] > 100


def early_and(loader: Behaviour) -> World:
    """`items-api` succeeds in the first minute; what becomes of `loader` is known later."""
    world = World.of(FIVE_AND_EIGHT)
    world.push("items")
    world.push("loader", loader)
    return world


def test_what_succeeded_first_and_was_taken_over_is_superseded_also_where_another_one_failed() -> None:
    world = early_and(crash())
    world.at(45, lambda: world.redefine("items-api", "stage", "latest"))
    told = Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment)["loader"] is ServiceStatus.FAILED
    assert statuses(deployment)["items-api"] is ServiceStatus.SUPERSEDED
    assert statuses(deployments(world)[0]) == statuses(deployment)
    of_items = [
        one
        for one in told.events
        if isinstance(one, ServiceSettled) and one.outcome.service_id == "items-api"
    ]
    assert [one.outcome.status for one in of_items] == [ServiceStatus.SUCCEEDED, ServiceStatus.SUPERSEDED]


def test_what_succeeded_first_and_runs_no_more_is_no_success_either_where_time_runs_out() -> None:
    world = early_and(slow(900))
    world.at(100, lambda: world.somebody_redeploys("items-api", "stage"))

    deployment = release_deploy(world, wait=115.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment)["items-api"] is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("failing", "status"),
    [(2, DeploymentStatus.SUCCEEDED), (3, DeploymentStatus.TIMED_OUT)],
)
def test_a_last_look_that_fails_when_the_time_is_over_is_made_again_a_few_times(
    failing: int, status: DeploymentStatus
) -> None:
    world = early_and(slow(84))
    began = world.now()
    failed: list[Call] = []

    def fail(call: Call) -> None:
        is_last_look = "loader" not in call.about
        if (is_last_look or failed) and len(failed) < failing:
            failed.append(call)
            raise AwsError("ecs:DescribeServices", "no")

    world.at(95, lambda: world.before("runtime.describe", fail, times=failing + 2))

    deployment = release_deploy(world, wait=100.0)

    assert deployment.status is status
    assert (world.now() - began).total_seconds() == 100 + 2 * 10


def test_what_can_not_be_looked_at_in_the_end_is_not_called_a_success() -> None:
    world = early_and(slow(64))
    failed: list[Call] = []

    def fail_from_the_last_look_on(call: Call) -> None:
        if "loader" not in call.about or failed:
            failed.append(call)
            raise AwsError("ecs:DescribeServices", "no")

    world.at(62, lambda: world.before("runtime.describe", fail_from_the_last_look_on, times=1000))

    deployment = release_deploy(world, wait=150.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment)["items-api"] is ServiceStatus.IN_PROGRESS
    assert statuses(deployments(world)[0]) == statuses(deployment)


def test_what_succeeded_first_and_crashed_three_times_since_is_a_failure_though_it_runs_again() -> None:
    world = early_and(slow(265))
    world.push("items", crash(at=70, code=3))
    looked: list[set[str]] = []
    told = Told()
    world.after("store.settle", lambda _: looked.append(world.running("items-api", "stage")))

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.FAILED
    assert looked[0], "it runs at that moment"
    (failed,) = [one for one in deployment.services if one.status is ServiceStatus.FAILED]
    assert failed.service_id == "items-api"
    assert "3 tasks of this deployment stopped" in failed.reason
    assert "its circuit breaker counts no more" in failed.reason
    assert {failure.exit_code for failure in failed.failures if failure.kind == "task"} == {3}


def test_two_crashes_since_a_service_succeeded_are_not_yet_a_failure() -> None:
    world = early_and(slow(240))
    world.at(50, lambda: crash_once(world, "items-api"))
    world.at(80, lambda: crash_once(world, "items-api"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


def crash_once(world: World, service_id: str) -> None:
    """A task that runs crashes, and is replaced."""
    world.stop_task(service_id, "stage", "container-exit")


def test_a_crash_loop_that_is_met_between_two_crashes_is_not_called_unchanged_when_it_is_run_again() -> None:
    world = early_and(slow(260))
    world.push("items", crash(at=70))
    assert statuses(release_deploy(world))["items-api"] is ServiceStatus.FAILED
    world.pass_time(5)
    assert world.running("items-api", "stage")
    before = world.count("runtime.redeploy")

    again = release_deploy(world)

    assert (
        statuses(again)["items-api"] is ServiceStatus.SUCCEEDED
    )  # by a rollout of its own, that did not fail
    assert world.count("runtime.redeploy") == before + 1


def test_what_stopped_before_a_new_attempt_does_not_count_against_it() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash())
    failed = release_deploy(world)
    assert failed.status is DeploymentStatus.FAILED
    world.mend("search")  # what it needs, a secret say, is there now

    again = release_deploy(world)

    assert again.status is DeploymentStatus.SUCCEEDED
