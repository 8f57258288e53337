"""What the simulated ECS does, where the contract tests do not look."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.model.service import Service, Task
from weco_deploy.ports import Ports

STAGE = ONE_AND_ONE.environment("stage")
SEARCH = ("search-api", "stage")


def deployed(world: World, behaviour: Behaviour) -> tuple[str, str, str]:
    """Push an image, move stage's tag to it and redeploy: the digest before, the new one, the ECS deployment."""
    before = world.tag("search", "env.stage")
    assert before is not None
    digest = world.push("search", behaviour)
    world.point("search", "env.stage", digest)
    runtime = world.ports().runtime(STAGE)
    return before, digest, runtime.redeploy(world.declared(*SEARCH).key)


def stopped(ports: Ports) -> tuple[Task, ...]:
    runtime = ports.runtime(STAGE)
    cluster = runtime.clusters()[0]
    return runtime.tasks(cluster, runtime.tasks_listed(cluster, None, stopped=True).arns)


def states(service: Service) -> list[tuple[str, str | None]]:
    return [(one.status, one.rollout_state) for one in service.deployments]


def test_a_declared_project_is_up_and_running_at_once() -> None:
    world = World.of(FIVE_AND_EIGHT)
    assert world.running("pipeline", "prod") == {
        world.tag("transformer", "env.prod"),
        world.tag("merger", "env.prod"),
    }
    assert all(service.steady for service in world.ecs.services)
    assert len(world.ecs.services) == 2 * len(FIVE_AND_EIGHT.services)


def test_a_rollout_starts_then_completes_then_drains_what_was_there() -> None:
    world = World.of(ONE_AND_ONE)
    before, digest, ours = deployed(world, good())
    seen = [states(world.look(*SEARCH))]
    ran = [world.running(*SEARCH)]
    for _ in range(60):
        world.pass_time(1)
        if states(world.look(*SEARCH)) != seen[-1]:
            seen.append(states(world.look(*SEARCH)))
        if world.running(*SEARCH) != ran[-1]:
            ran.append(world.running(*SEARCH))
    assert seen == [
        [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")],
        [("PRIMARY", "COMPLETED"), ("ACTIVE", "COMPLETED")],
        [("PRIMARY", "COMPLETED")],
    ]
    assert ran == [{before}, {before, digest}, {digest}]
    assert world.look(*SEARCH).deployments[0].id == ours


def test_a_slow_image_is_pending_until_it_is_up() -> None:
    world = World.of(ONE_AND_ONE)
    deployed(world, slow(300))
    world.pass_time(299)
    assert (world.look(*SEARCH).running, world.look(*SEARCH).pending) == (1, 1)
    world.pass_time(10)
    assert (world.look(*SEARCH).running, world.look(*SEARCH).pending) == (2, 0)


def test_the_tag_counts_that_is_there_when_the_first_task_is_placed() -> None:
    world = World.of(ONE_AND_ONE)
    deployed(world, good())
    late = world.push("search")
    world.point("search", "env.stage", late)
    world.settle_down()
    assert world.running(*SEARCH) == {late}


def test_later_tasks_of_a_rollout_keep_to_its_digest_although_the_tag_moved() -> None:
    world = World.of(ONE_AND_ONE)
    before = world.running(*SEARCH)
    world.point("search", "env.stage", world.push("search"))
    world.scale(*SEARCH, 3)
    world.settle_down()
    assert world.running(*SEARCH) == before
    assert world.look(*SEARCH).running == 3


def test_without_version_consistency_a_new_task_runs_what_the_tag_says_now() -> None:
    world = World(ONE_AND_ONE)
    first = world.image("search", "env.stage")
    world.service("search-api", "stage", ["search"], pins_tags=False)
    second = world.push("search")
    world.point("search", "env.stage", second)
    world.scale(*SEARCH, 2)
    world.settle_down()
    assert world.running(*SEARCH) == {first, second}


def test_the_circuit_breaker_trips_after_three_failures_and_rolls_back_to_the_old_digest() -> None:
    world = World.of(ONE_AND_ONE)
    before, digest, ours = deployed(world, crash(code=7))
    world.settle_down()
    assert world.running(*SEARCH) == {before}
    assert world.tag("search", "env.stage") == digest
    service = world.look(*SEARCH)
    assert service.primary is not None
    assert service.primary.id != ours
    assert "rolling back" in service.primary.rollout_reason
    failed = [task for task in stopped(world.ports()) if task.deployment_id == ours]
    assert len(failed) == 3
    assert {(task.stop_code, task.containers[0].exit_code) for task in failed} == {
        ("EssentialContainerExited", 7)
    }


@pytest.mark.parametrize(("desired", "failures"), [(1, 3), (6, 3), (9, 5), (500, 200)])
def test_the_threshold_is_half_of_the_desired_count_between_3_and_200(desired: int, failures: int) -> None:
    world = World.of(ONE_AND_ONE, desired=desired, rolls_back=False)
    _, _, ours = deployed(world, crash())
    world.settle_down()
    failed = world.look(*SEARCH).deployment(ours)
    assert failed is not None
    assert (failed.rollout_state, failed.failed_tasks) == ("FAILED", failures)


def test_without_rollback_the_failed_deployment_stays_and_the_old_tasks_go_on() -> None:
    world = World.of(ONE_AND_ONE, rolls_back=False)
    before, _, ours = deployed(world, unpullable())
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", "FAILED"), ("ACTIVE", "COMPLETED")]
    assert world.look(*SEARCH).deployments[0].id == ours
    assert world.running(*SEARCH) == {before}
    assert {task.stop_code for task in stopped(world.ports())} == {"TaskFailedToStart"}
    assert all(task.stopped_reason.startswith("CannotPullContainerError") for task in stopped(world.ports()))


def test_without_a_breaker_ecs_retries_with_growing_delays() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    deployed(world, crash())
    world.pass_time(3600)
    starts = sorted(task.created_at for task in stopped(world.ports()) if task.created_at is not None)
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert waits == sorted(waits)
    assert waits[-1] > 10 * waits[0]
    assert world.look(*SEARCH).deployments[0].rollout_state == "IN_PROGRESS"


def test_an_image_that_crashes_after_it_ran_is_restarted_for_ever_and_never_counted() -> None:
    world = World.of(ONE_AND_ONE)
    _, _, ours = deployed(world, crash(at=1))
    world.pass_time(600)
    service = world.look(*SEARCH)
    assert (service.deployments[0].rollout_state, service.deployments[0].failed_tasks) == ("IN_PROGRESS", 0)
    assert sum(1 for task in stopped(world.ports()) if task.deployment_id == ours) > 20


def test_a_service_with_nothing_desired_completes_and_runs_nothing() -> None:
    world = World.of(ONE_AND_ONE, desired=0)
    deployed(world, crash())
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", "COMPLETED")]
    assert world.running(*SEARCH) == set()


def test_a_daemon_stops_the_old_task_before_it_starts_the_new_one() -> None:
    world = World.of(ONE_AND_ONE, scheduling="DAEMON")
    before, digest, _ = deployed(world, good())
    ran = [world.running(*SEARCH)]
    for _ in range(60):
        world.pass_time(1)
        if world.running(*SEARCH) != ran[-1]:
            ran.append(world.running(*SEARCH))
    assert ran == [{before}, set(), {digest}]


def test_a_classic_load_balancer_hides_the_state_of_rollouts() -> None:
    world = World.of(ONE_AND_ONE, classic=True)
    deployed(world, good())
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", None)]


def test_somebody_elses_deployment_takes_over() -> None:
    world = World.of(ONE_AND_ONE)
    _, _, ours = deployed(world, good())
    world.pass_time(6)
    assert world.look(*SEARCH).pending == 1
    theirs = world.somebody_redeploys(*SEARCH)
    assert [(one.id, one.pending) for one in world.look(*SEARCH).deployments[:2]] == [(theirs, 0), (ours, 0)]
    world.settle_down()
    assert [one.id for one in world.look(*SEARCH).deployments] == [theirs]
    assert theirs != ours


def test_a_multi_arch_image_reports_its_index_or_the_child_that_runs() -> None:
    world = World.of(ONE_AND_ONE)
    index = world.push("search", multi_arch=True, reports_child=True)
    world.point("search", "env.stage", index)
    world.somebody_redeploys(*SEARCH)
    world.settle_down()
    manifest = world.stored("search").images[index].manifest
    assert world.running(*SEARCH) == {manifest.children[0]}


def test_a_missing_tag_keeps_a_service_down_until_it_is_there_and_redeployed() -> None:
    world = World(ONE_AND_ONE)
    digest = world.image("search")
    world.service("search-api", "stage", ["search"])
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", "FAILED")]
    world.point("search", "env.stage", digest)
    world.somebody_redeploys(*SEARCH)
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", "COMPLETED")]


def test_an_instance_that_pulls_once_ignores_that_the_tag_moved() -> None:
    world = World.of(ONE_AND_ONE, pulls_once=True)
    before, _, _ = deployed(world, good())
    world.settle_down()
    assert world.running(*SEARCH) == {before}


def test_stopped_tasks_are_told_for_an_hour() -> None:
    world = World.of(ONE_AND_ONE)
    deployed(world, good())
    world.settle_down()
    world.pass_time(3590)
    assert len(stopped(world.ports())) == 1
    world.pass_time(20)
    assert stopped(world.ports()) == ()


def test_a_read_that_lags_tells_what_was_true_before() -> None:
    world = World.of(ONE_AND_ONE)
    key = world.declared(*SEARCH).key
    runtime = world.ports().runtime(STAGE)
    world.lag(8)
    _, _, ours = deployed(world, good())

    def primary() -> str:
        (service,) = runtime.describe(key.cluster, [key.name])
        return service.deployments[0].id

    world.pass_time(7)
    assert primary() != ours
    world.pass_time(1)
    assert primary() == ours


def test_a_person_who_stops_a_task_makes_it_start_again() -> None:
    world = World.of(ONE_AND_ONE)
    world.stop_task(*SEARCH)
    assert world.running(*SEARCH) == set()
    world.settle_down()
    assert world.running(*SEARCH) == {world.tag("search", "env.stage")}
    assert [task.stop_code for task in stopped(world.ports())] == ["UserInitiated"]


def test_the_last_lines_of_a_container_can_be_read() -> None:
    world = World.of(ONE_AND_ONE)
    deployed(world, crash(lines=("one", "two", "three")))
    world.settle_down()
    ports = world.ports()
    task = next(task for task in stopped(ports) if task.containers[0].exit_code == 1)
    (container,) = ports.runtime(STAGE).defined(task.task_definition)
    assert ports.logs(STAGE).tail(container, task.id, 2) == ("two", "three")


def test_events_are_told_newest_first() -> None:
    world = World.of(ONE_AND_ONE)
    deployed(world, crash())
    world.settle_down()
    events = world.look(*SEARCH).events
    assert [one.at for one in events] == sorted((one.at for one in events), reverse=True)
    assert len({one.id for one in events}) == len(events)
    assert any("deployment failed: tasks failed to start" in one.message for one in events)
    assert events[0].at - events[-1].at > timedelta(0)
