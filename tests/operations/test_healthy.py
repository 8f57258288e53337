"""Health checks of containers and of load balancers: a task that runs but is not healthy yet is no success."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, confirm_deploy, release_deploy
from tests.world import World
from tests.world.ecs import ServiceOptions
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, Unreachable
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Notice, Progress
from weco_deploy.model.plan import Action
from weco_deploy.sandbox.ecs.state import Task as SimulatedTask

CHECKED: ServiceOptions = {"health_check": True}
BALANCED: ServiceOptions = {"balanced": True}
STATES = {
    "health_check": "waiting for the health checks of its containers",
    "balanced": "waiting for its load balancer to find its tasks healthy",
}


def world_with_a_fresh_task(options: ServiceOptions) -> World:
    """The release was deployed. Then a task ended, and the one in its place has just started, in a complete rollout."""
    world = World.of(ONE_AND_ONE, **options)
    world.push("search")
    assert release_deploy(world, interval=1.0).status is DeploymentStatus.SUCCEEDED
    world.stop_task("search-api", "stage", "host-failure")
    while world.running("search-api", "stage"):
        world.pass_time(1)
    while not world.running("search-api", "stage"):
        world.pass_time(1)
    return world


def tasks(world: World) -> list[SimulatedTask]:
    return list(world.declared("search-api", "stage").tasks.values())


def healthy(world: World) -> bool:
    return all(task.healthy for task in tasks(world))


def denied(call: str) -> AccessDenied:
    return AccessDenied(call, "not authorized to perform it")


@pytest.mark.parametrize("options", [CHECKED, BALANCED], ids=STATES)
def test_task_that_replaced_another_is_no_success_before_it_is_healthy(options: ServiceOptions) -> None:
    world, told = world_with_a_fresh_task(options), Told()
    assert not healthy(world)

    deployment = confirm_deploy(world, told=told, interval=1.0, stable_for=5.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert healthy(world)
    (option,) = options
    assert STATES[option] in [event.state for event in told.events if isinstance(event, Progress)]


def world_with_failing_targets() -> World:
    """The release was deployed, and a task in place of another runs, but the load balancer finds no target healthy."""
    world = World.of(ONE_AND_ONE, **BALANCED)
    world.push("search")
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.trouble("search-api", "stage", "targets-fail")
    while not any(task.running and task.target == "initial" for task in tasks(world)):
        world.pass_time(1)
    return world


def test_service_whose_targets_are_unhealthy_is_not_left_alone() -> None:
    world, told = world_with_failing_targets(), Told()
    redeployed = world.count("runtime.redeploy")

    deployment = release_deploy(world, told=told, wait=5.0, stable_for=0.0)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert world.count("runtime.redeploy") == redeployed
    (claimed,) = [event for event in told.events if isinstance(event, Claimed)]
    assert claimed.plan is not None
    (planned,) = claimed.plan.services
    assert (planned.action, planned.why) == (
        Action.ADOPT,
        f"its tasks run the release; {STATES['balanced']}",
    )


def test_service_whose_new_task_has_not_passed_its_health_check_is_not_left_alone() -> None:
    world, told = world_with_a_fresh_task(CHECKED), Told()
    world.pass_time(3)
    redeployed = world.count("runtime.redeploy")

    deployment = release_deploy(world, told=told, interval=1.0, stable_for=2.0)

    assert (deployment.services[0].status, healthy(world)) == (ServiceStatus.SUCCEEDED, True)
    assert world.count("runtime.redeploy") == redeployed
    (claimed,) = [event for event in told.events if isinstance(event, Claimed)]
    assert claimed.plan is not None
    (planned,) = claimed.plan.services
    assert (planned.action, planned.why) == (
        Action.ADOPT,
        f"its tasks run the release; {STATES['health_check']}",
    )


def test_service_without_health_checks_is_left_alone_though_its_task_is_new() -> None:
    world = world_with_a_fresh_task({})
    world.pass_time(3)

    assert release_deploy(world, stable_for=2.0).services[0].status is ServiceStatus.UNCHANGED


def test_no_task_definition_is_read_of_a_service_that_is_left_alone_with_old_tasks() -> None:
    world = World.of(ONE_AND_ONE, **CHECKED)
    world.push("search")
    release_deploy(world)
    world.pass_time(3600)
    before = world.count("runtime.defined")

    assert release_deploy(world).services[0].status is ServiceStatus.UNCHANGED
    assert world.count("runtime.defined") == before


def test_service_whose_targets_are_healthy_is_left_alone() -> None:
    world = World.of(ONE_AND_ONE, **BALANCED)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    before = world.count("runtime.targets")

    deployment = release_deploy(world)

    assert deployment.services[0].status is ServiceStatus.UNCHANGED
    assert world.count("runtime.targets") == before + 1


def test_service_is_left_alone_if_its_targets_may_not_be_read_and_the_plan_says_so() -> None:
    world, told = world_with_failing_targets(), Told()
    world.fail("runtime.targets", denied("elasticloadbalancing:DescribeTargetHealth"), times=1000)

    deployment = release_deploy(world, told=told, stable_for=0.0)

    assert deployment.services[0].status is ServiceStatus.UNCHANGED
    notices = [event.message for event in told.events if isinstance(event, Notice)]
    assert any("behind their load balancers can't be read" in text for text in notices)


@pytest.mark.parametrize(
    ("options", "ends", "wait"), [(CHECKED, 31.0, 51.0), (BALANCED, 48.0, 68.0)], ids=STATES
)
def test_release_is_not_rolled_back_because_a_task_is_not_healthy_yet(
    options: ServiceOptions, ends: float, wait: float
) -> None:
    world, told = World.of(ONE_AND_ONE, **options), Told()
    new = world.push("search")
    # The rollout is complete when the task ends. The one in its place has just started when the time is over.
    world.at(ends, lambda: world.stop_task("search-api", "stage", "host-failure"))

    deployment = release_deploy(
        world, told=told, wait=wait, interval=1.0, stable_for=60.0, rollback_on_failure=True
    )

    (option,) = options
    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert deployment.services[0].reason == STATES[option]
    assert world.tag("search", "env.stage") == new


def test_slow_release_is_not_rolled_back_while_ecs_ignores_its_unhealthy_targets() -> None:
    """The load balancer finds the new task unhealthy until its application is up, which the grace period allows for."""
    world = World.of(ONE_AND_ONE, balanced=True, properties={"healthCheckGracePeriodSeconds": 120})
    new = world.push("search")
    world.trouble("search-api", "stage", "targets-fail")

    deployment = release_deploy(world, wait=70.0, rollback_on_failure=True)

    assert (deployment.status, deployment.rollback) == (DeploymentStatus.TIMED_OUT, None)
    assert world.tag("search", "env.stage") == new
    world.trouble("search-api", "stage", "none")
    assert confirm_deploy(world, wait=300.0).status is DeploymentStatus.SUCCEEDED


TWO = project({"search": ["search-api"], "items": ["items-api"]})
SHARED = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shared/0123456789abcdef"


def world_with_a_shared_target_group() -> World:
    """Two services on two instances, both at port 8080 and in one target group, which finds the tasks of items-api unhealthy."""
    world = World(TWO)
    world.cluster("stage", world.place)
    region = world.ecs.simulation.region(world.place.account, world.place.region)
    region.clusters["stage"].instances = 2
    for service_id, (image_id,) in TWO.services.items():
        world.image(image_id, "env.stage")
        balancer = {"targetGroupArn": SHARED, "containerName": image_id, "containerPort": 80}
        world.service(
            service_id,
            "stage",
            [image_id],
            desired=1,
            host_port=8080,
            properties={"loadBalancers": [balancer]},
            configuration={"minimumHealthyPercent": 0, "maximumPercent": 100},
        )
    world.push("search")
    world.trouble("items-api", "stage", "targets-fail")
    return world


def test_task_on_an_instance_is_not_taken_for_that_of_another_instance_at_the_same_port() -> None:
    world = world_with_a_shared_target_group()

    deployment = release_deploy(world, wait=120.0)

    found = {service.service_id: service.status for service in deployment.services}
    assert found["search-api"] is ServiceStatus.SUCCEEDED
    assert world.count("runtime.hosts") >= 1


def test_health_of_tasks_on_instances_is_left_to_ecs_if_their_hosts_may_not_be_read_and_said_once() -> None:
    world, told = world_with_a_shared_target_group(), Told()
    world.fail("runtime.hosts", denied("ecs:DescribeContainerInstances"), times=1000)

    deployment = release_deploy(world, told=told, wait=120.0)

    found = {service.service_id: service.status for service in deployment.services}
    assert found["search-api"] is ServiceStatus.SUCCEEDED
    notices = [event.message for event in told.events if isinstance(event, Notice)]
    assert [text for text in notices if "which EC2 instances run the tasks behind load balancers" in text]


def test_targets_that_nobody_uses_are_left_to_ecs_and_the_result_says_so() -> None:
    world = World.of(ONE_AND_ONE, **BALANCED)
    world.push("search")
    world.trouble("search-api", "stage", "targets-unused")

    (search,) = release_deploy(world).services

    assert search.status is ServiceStatus.SUCCEEDED
    assert "no load balancer uses it, or not in the Availability Zone of 1 of its tasks" in search.reason


@pytest.mark.parametrize(
    ("options", "call", "said"),
    [
        (CHECKED, "runtime.defined", "whether ECS checks the health of containers can't be read"),
        (BALANCED, "runtime.targets", "the health of the services' targets behind their load balancers"),
    ],
    ids=STATES,
)
def test_health_that_may_not_be_read_is_left_to_ecs_and_said_once(
    options: ServiceOptions, call: str, said: str
) -> None:
    world, told = world_with_a_fresh_task(options), Told()
    world.fail(call, denied(call), times=1000)

    deployment = confirm_deploy(world, told=told, interval=1.0, stable_for=5.0)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert not healthy(world)
    assert [said in event.message for event in told.events if isinstance(event, Notice)] == [True]


def test_poll_whose_read_of_targets_fails_in_passing_is_no_success() -> None:
    world, told = world_with_a_fresh_task(BALANCED), Told()
    # The sixth second is over, so the task is stable, but it is healthy only after ten.
    world.fail("runtime.targets", Unreachable("elasticloadbalancing", "timeout"), nth=7, times=2)

    deployment = confirm_deploy(world, told=told, interval=1.0, stable_for=5.0)

    assert deployment.services[0].status is ServiceStatus.SUCCEEDED
    assert healthy(world)


def test_services_without_checks_cost_one_read_of_their_task_definition_and_none_of_targets() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    release_deploy(world, interval=1.0)

    assert world.count("runtime.defined") == 1
    assert world.count("runtime.targets") == 0
