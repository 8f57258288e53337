"""A release reaches an environment: what changes, what is left alone, what is recorded."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, deployments, release, release_deploy, request, statuses
from tests.world import World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import Declined, EnvironmentLocked, PlanRefused
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Notice, ServiceRedeployed, Settled
from weco_deploy.operations.deploy import deploy, plan


def test_every_service_of_new_images_is_redeployed_once_and_runs_them() -> None:
    world = World.of(FIVE_AND_EIGHT)
    pushed = {image.id: world.push(image.id) for image in FIVE_AND_EIGHT.images}

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.redeploy") == 8
    for service_id, image_ids in FIVE_AND_EIGHT.services.items():
        assert world.running(service_id, "stage") == {pushed[image_id] for image_id in image_ids}
    assert all(world.tag(image_id, "env.stage") == digest for image_id, digest in pushed.items())


def test_one_new_image_redeploys_its_services_only() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("merger")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    redeployed = {one for one, status in statuses(deployment).items() if status is ServiceStatus.SUCCEEDED}
    assert redeployed == {"merger", "pipeline"}
    assert world.count("runtime.redeploy") == 2


def test_a_second_run_has_nothing_to_do_asks_nothing_and_is_recorded() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    release_deploy(world)
    told = Told()
    before = world.count("runtime.redeploy")

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert set(statuses(deployment).values()) == {ServiceStatus.UNCHANGED}
    assert world.count("runtime.redeploy") == before
    assert world.count("registry.point") == 1
    assert told.plans == []
    recorded = world.ports().store.deployments(["stage"], 10)
    assert recorded[0].deployment_id == deployment.deployment_id
    assert len(recorded) == 2


def test_what_the_plan_warns_of_is_told_also_where_it_is_not_shown_for_want_of_changes() -> None:
    world = World.of(FIVE_AND_EIGHT)
    release_deploy(world)
    world.delete_service("search-worker", "stage")
    shown, unshown = Told(), Told()
    new = world.push("search")
    release_deploy(world, told=shown, allow_missing=True)
    assert world.tag("search", "env.stage") == new
    release_deploy(world, told=unshown, allow_missing=True)

    assert [plan.warnings for plan in shown.plans] != [()]
    assert not any(isinstance(one, Notice) and "warning" in one.message for one in shown.events)
    assert unshown.plans == []
    (warned,) = [one.message for one in unshown.events if isinstance(one, Notice)]
    assert warned.startswith("warning: search-worker: ")


def test_a_service_that_is_scaled_to_nothing_is_never_called_unchanged() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.scale("search-api", "stage", 0)
    world.settle_down()

    for _ in range(2):
        assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.NOTHING_RUNNING}
    assert statuses(deployments(world)[0]) == {"search-api": ServiceStatus.NOTHING_RUNNING}


def test_a_crashing_image_fails_and_says_why() -> None:
    world = World.of(ONE_AND_ONE, breaker=True)
    world.push("search", crash(code=7, lines=("starting", "no database")))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    (service,) = deployment.services
    assert service.status is ServiceStatus.FAILED
    task_failures = [failure for failure in service.failures if failure.kind == "task"]
    assert task_failures[0].exit_code == 7
    assert "no database" in task_failures[0].log_lines


def test_a_crash_loop_without_a_circuit_breaker_fails_at_the_third_stop() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash(at=3, code=1))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "ECS keeps retrying" in deployment.services[0].reason


def test_the_waiting_time_ends_with_timed_out() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))

    deployment = release_deploy(world, wait=60.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment) == {"search-api": ServiceStatus.IN_PROGRESS}


def test_a_service_that_still_runs_an_earlier_task_definition_is_judged_by_the_present_one() -> None:
    """Its rollout failed for want of the tag that the deployment makes, so the old tasks run on."""
    world = World.of(ONE_AND_ONE, breaker=True, rolls_back=False)
    world.redefine("search-api", "stage", "latest")
    world.settle_down()
    world.untag("search", "env.stage")
    world.redefine("search-api", "stage", "env.stage")
    world.pass_time(1800)
    assert [one.rollout_state for one in world.look("search-api", "stage").deployments] == [
        "FAILED",
        "COMPLETED",
    ]

    deployment = release_deploy(world)

    assert statuses(deployment) == {"search-api": ServiceStatus.SUCCEEDED}
    assert world.running("search-api", "stage") == {world.tag("search", "latest")}


def test_a_service_that_is_not_done_in_time_shows_what_stopped_of_it() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.push("search", crash(code=7, lines=("no database",)))

    deployment = release_deploy(world, wait=25.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    (service,) = deployment.services
    assert service.status is ServiceStatus.IN_PROGRESS
    assert [(one.kind, one.exit_code, one.log_lines) for one in service.failures] == [
        ("task", 7, ("no database",))
    ]


def test_an_answer_of_no_changes_and_records_nothing() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    before = world.tag("search", "env.stage")
    ports = world.ports()

    with pytest.raises(Declined):
        deploy(request(release(ports)), ports, lambda _: False, lambda _: None)

    assert world.tag("search", "env.stage") == before
    assert world.count("store.claim") == 0
    assert world.ports().store.deployments(["stage"], 10) == ()


def test_a_plan_changes_nothing_not_even_a_table() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    ports = world.ports()

    planned = plan(request(release(ports)), ports)

    assert planned.changes
    assert planned.images[0].manifest.digest == new
    assert {call.name.rpartition(".")[2] for call in world.calls} <= {
        "find",
        "caller",
        "check_account",
        "tagged",
        "environment",
        "deployments",
        "repositories",
        "manifest_and_tag",
        "statuses",
        "describe",
        "tasks_listed",
        "tasks",
        "latest",
        "release",
        "subjects",
        "ancestry",
        "resolved",
        "defined",
    }


def test_nothing_changes_before_the_claim_is_told() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    told = Told()
    order: list[str] = []
    world.before("registry.point", lambda _: order.append("point"))
    world.after("store.claim", lambda _: order.append("claim"))
    world.before("runtime.redeploy", lambda _: order.append("redeploy"))

    release_deploy(world, told=told)

    assert order == ["claim", "point", "redeploy"]
    assert isinstance(told.events[0], Claimed)
    assert isinstance(told.events[-1], Settled)
    assert len(told.of(ServiceRedeployed)) == 2


def test_an_environment_that_somebody_holds_is_reported_before_anything_is_planned() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage", holder="ann", reason="migrating")

    with pytest.raises(EnvironmentLocked, match=r"ann .* migrating"):
        release_deploy(world)

    assert world.count("registry.point") == 0


def test_a_lock_that_ends_in_time_is_waited_for() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    world.somebody_locks("stage")
    world.at(30, lambda: world.somebody_unlocks("stage"))

    deployment = release_deploy(world, wait_for_lock=60.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_a_service_of_another_controller_is_refused_by_name_though_it_has_no_task_definition() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.hand_over("search-api", "stage", "EXTERNAL")

    with pytest.raises(PlanRefused, match=r"EXTERNAL controller.*`deployed_by: other`"):
        release_deploy(world)

    assert world.count("runtime.defined") == 0


def test_two_services_for_one_pair_are_refused() -> None:
    world = World.of(ONE_AND_ONE)
    world.service("search-api", "stage", ["search"], cluster="stage", name="search-api-again")
    world.push("search")

    with pytest.raises(PlanRefused, match="more than one ECS service"):
        release_deploy(world)


def test_a_service_deployed_before_and_gone_is_an_error_unless_allowed() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    release_deploy(world)
    world.delete_service("search-worker", "stage")
    new = world.push("search")

    with pytest.raises(PlanRefused, match="search-worker"):
        release_deploy(world)
    deployment = release_deploy(world, allow_missing=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_forced_it_redeploys_what_runs_the_release_already() -> None:
    world = World.of(ONE_AND_ONE)

    deployment = release_deploy(world, force_redeploy=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.redeploy") == 1


def test_what_stage_runs_goes_to_prod() -> None:
    world = World.of(FIVE_AND_EIGHT)
    tested = world.push("search")
    release_deploy(world, "stage")
    world.push("search")

    deployment = release_deploy(world, "prod", "env.stage")

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {tested}


def test_the_cost_does_not_grow_with_the_account() -> None:
    images = {f"image-{n}": [f"service-{n}-a", f"service-{n}-b"] for n in range(10)}
    world = World.of(project(images))
    for image_id in images:
        world.push(image_id)
    release_deploy(world)  # the environment is known from now on
    for image_id in images:
        world.push(image_id)
    before = len(world.calls)
    world.measure_rounds()
    release_deploy(world)

    mine = [
        call for call in world.calls[before:] if call.name not in ("history.subjects", "caller", "clock.wait")
    ]
    redeploys = [number for number, call in enumerate(mine) if call.name == "runtime.redeploy"]
    assert len(redeploys) == 20
    assert len(mine[: redeploys[-1] + 1]) <= 80
    assert (
        len({call.round for call in mine[: redeploys[0] + 1]}) <= 10
    )  # and two more for nineteen at sixteen a time
