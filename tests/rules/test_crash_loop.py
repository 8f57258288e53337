"""When failed tasks make a rollout a failure, and which tasks count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.rules.polls import STARTING, after, judged
from tests.rules.states import (
    BEFORE,
    NEW,
    NOW,
    ago,
    container,
    made_at,
    primary,
    service,
    stopped,
    task,
    track,
    verdict,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.requests import DEFAULT_STABLE_FOR
from weco_deploy.model.service import Container, ServiceView, Task
from weco_deploy.rules.rollout.crash_loop import POLLS_BEFORE_SUSPICION, is_failure
from weco_deploy.rules.rollout.reading import reads


def crashing(*ended: Task, desired: int = 2, breaker: bool = False) -> ServiceView:
    return view(
        service(desired=desired, running=0, deployments=[primary()], breaker=breaker), ended=list(ended)
    )


def test_three_failed_tasks_fail_a_service_without_circuit_breaker() -> None:
    ended = [stopped("t1", at=5), stopped("t3", at=7, reason="CannotPullContainerError: no"), stopped("t2")]
    assert judged(crashing(*ended[:2])) is ServiceStatus.IN_PROGRESS
    now = after(crashing(*ended))
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: CannotPullContainerError: no; "
        "it has no circuit breaker, so ECS keeps retrying"
    )


def test_failed_tasks_add_up_over_polls_and_count_once_each() -> None:
    first, second, third = (crashing(stopped(name)) for name in ("t1", "t2", "t3"))
    assert judged(first, first, first, second, second) is ServiceStatus.IN_PROGRESS
    assert judged(first, second, third) is ServiceStatus.FAILED


def test_crash_loop_fails_although_its_tasks_reach_running() -> None:
    names = ("t1", "t2", "t3")
    polls = [
        view(
            service(desired=1, running=1, deployments=[primary()], breaker=False),
            [task(f"next-{name}")],
            [stopped(name)],
        )
        for name in names
    ]
    assert judged(*polls[:2]) is ServiceStatus.IN_PROGRESS
    assert judged(*polls) is ServiceStatus.FAILED


@pytest.mark.parametrize(
    ("desired", "limit"), [(1, 3), (5, 3), (6, 3), (7, 4), (20, 10), (21, 11), (1000, 200)]
)
def test_failed_tasks_fail_the_rollout_at_half_of_the_desired_count(desired: int, limit: int) -> None:
    ended = [stopped(f"t{number}") for number in range(limit)]
    assert judged(crashing(*ended[:-1], desired=desired)) is ServiceStatus.IN_PROGRESS
    assert judged(crashing(*ended, desired=desired)) is ServiceStatus.FAILED


def test_failed_starts_are_not_counted_while_a_circuit_breaker_counts_them() -> None:
    ended = [stopped(f"t{number}") for number in range(10)]
    assert judged(crashing(*ended, breaker=True)) is ServiceStatus.IN_PROGRESS


def test_tasks_that_exited_after_they_ran_are_counted_despite_a_circuit_breaker() -> None:
    ran = [replace(stopped(f"t{number}", reason="no memory"), started_at=made_at(2)) for number in range(3)]
    looping = crashing(*ran, breaker=True)
    assert judged(crashing(*ran[:2], breaker=True)) is ServiceStatus.IN_PROGRESS
    now = after(looping)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: no memory; "
        "its circuit breaker does not count containers that exit after their task was running, so ECS keeps retrying"
    )


def test_stopped_tasks_of_a_service_with_circuit_breaker_are_read_only_if_the_rollout_takes_long() -> None:
    going = view(service(desired=2, deployments=[primary()]))
    assert not reads(after(going), going.service).stopped
    assert reads(after(*[going] * POLLS_BEFORE_SUSPICION), going.service).stopped


def crashed_once_complete(*ended: Task, running: int = 1) -> ServiceView:
    return view(
        service(desired=2, running=running, deployments=[primary(completed=True, running=running)]),
        [task(f"up{number}") for number in range(running)],
        list(ended),
    )


def test_failed_tasks_are_counted_despite_a_circuit_breaker_once_the_rollout_is_complete() -> None:
    ended = [stopped("t1"), stopped("t2"), stopped("t3", at=7, reason="Essential container in task exited")]
    assert judged(crashed_once_complete(*ended[:2])) is ServiceStatus.IN_PROGRESS
    now = after(crashed_once_complete(*ended))
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: Essential container in task exited; "
        "its circuit breaker counts no more, because the rollout was complete, so ECS keeps retrying"
    )


ENDED = [
    stopped("t1", at=5, reason="older"),
    stopped("t2", at=6, reason="Essential container in task exited"),
]
"""Failures before the tasks that run now."""


def up(*started: datetime, breaker: bool = False, ended: Sequence[Task] = ENDED) -> ServiceView:
    """A service with a task that runs since each of these times."""
    tasks = [task(f"up-{number}", started=at) for number, at in enumerate(started)]
    described = service(running=len(tasks), deployments=[primary(completed=True)], breaker=breaker)
    return view(described, tasks, list(ended))


def test_success_names_failed_tasks_that_were_too_few_for_a_failure() -> None:
    now = after(up(made_at(7), made_at(8)))
    assert (now.status, now.reason) == (
        ServiceStatus.SUCCEEDED,
        "although 2 of its tasks stopped: Essential container in task exited",
    )


def test_failures_before_and_after_a_first_success_are_one_loop() -> None:
    well = after(up(made_at(7)))
    assert well.status is ServiceStatus.SUCCEEDED
    # The task that was up has crashed: its good moment is a part of the loop.
    crashed = crashing(*ENDED, replace(stopped("up-0", at=8.9), started_at=made_at(7)), desired=1)
    assert judged(crashed, start=well.reopened(made_at(60))) is ServiceStatus.FAILED


def test_failures_before_a_recorded_failure_do_not_count_again() -> None:
    three = [*ENDED, stopped("t3", at=7)]
    start = replace(track(), failures_since=made_at(5.5))
    assert judged(crashing(*three)) is ServiceStatus.FAILED
    assert judged(crashing(*three), start=start) is ServiceStatus.IN_PROGRESS


# Rows of failures


def test_healthy_task_ends_a_row_of_failures() -> None:
    three = [*ENDED, stopped("t3", at=7)]
    running = [task("t4", started=made_at(8))]
    described = service(desired=2, running=1, deployments=[primary(running=1)], breaker=False)
    recovered = view(described, running, three)
    assert judged(recovered) is ServiceStatus.IN_PROGRESS
    later = view(described, running, [*three, stopped("t5", at=8.5), stopped("t6", at=8.6)])
    assert judged(recovered, later) is ServiceStatus.IN_PROGRESS
    again = view(described, running, [*three, *(stopped(f"t{n}", at=8.5) for n in (5, 6, 7))])
    assert judged(recovered, again) is ServiceStatus.FAILED


def test_running_alone_does_not_end_a_row_of_failures() -> None:
    three = [stopped("t1", at=5), stopped("t2", at=6), stopped("t3", at=7)]
    running = [task("t4", started=ago(DEFAULT_STABLE_FOR - 1))]
    described = service(desired=2, running=1, deployments=[primary(running=1)], breaker=False)
    assert judged(view(described, running, three)) is ServiceStatus.FAILED


def test_unhealthy_task_does_not_end_a_row_of_failures() -> None:
    three = [stopped("t1", at=5), stopped("t2", at=6), stopped("t3", at=7)]
    running = [task("t4", started=made_at(3), health="UNHEALTHY")]
    described = service(desired=2, running=1, deployments=[primary(running=1)], breaker=False)
    assert judged(view(described, running, three)) is ServiceStatus.FAILED


def test_failures_are_a_suspicion_while_tasks_run_that_may_turn_out_healthy() -> None:
    at_once = [replace(stopped(f"t{number}"), stopped_at=ago(2)) for number in range(3)]
    described = service(desired=6, running=3, deployments=[primary(running=3)], breaker=False)
    young = view(described, [task(f"up-{number}", started=ago(2)) for number in range(3)], at_once)
    suspected = after(young)
    assert (suspected.status, bool(suspected.suspicion)) == (ServiceStatus.IN_PROGRESS, True)
    healthy = replace(young, service=replace(described, as_of=NOW + timedelta(seconds=DEFAULT_STABLE_FOR)))
    recovered = after(young, healthy)
    assert (recovered.status, recovered.suspicion) == (ServiceStatus.IN_PROGRESS, "")


def test_suspicion_is_a_failure_once_no_task_turned_out_healthy_in_time() -> None:
    failed = [replace(stopped(f"t{number}"), stopped_at=ago(DEFAULT_STABLE_FOR)) for number in range(3)]
    described = service(desired=1, running=1, deployments=[primary(running=1)], breaker=False)
    assert judged(view(described, [task("t4", started=ago(3))], failed)) is ServiceStatus.FAILED


def test_suspicion_is_a_failure_when_the_waiting_time_is_over() -> None:
    failed = [replace(stopped(f"t{number}"), stopped_at=ago(2)) for number in range(3)]
    described = service(desired=1, running=1, deployments=[primary(running=1)], breaker=False)
    suspected = after(view(described, [task("t4", started=ago(1))], failed))
    assert suspected.when_time_is_over().reason == suspected.suspicion != ""
    assert after(STARTING).when_time_is_over().status is ServiceStatus.IN_PROGRESS


def test_only_a_failure_by_our_own_count_is_looked_at_again() -> None:
    counted = after(crashing(*(stopped(f"t{number}") for number in range(3))))
    assert counted.looked_at_again
    by_ecs = after(
        view(service(desired=2, deployments=[primary(state="FAILED")])), start=counted.reopened(made_at(60))
    )
    assert by_ecs.status is ServiceStatus.FAILED
    assert not by_ecs.looked_at_again


# The circuit breaker counts


def unhealthy(name: str, at: float) -> Task:
    """A task that ran, failed its health checks, and was stopped by the scheduler."""
    reason = "Task failed container health checks"
    ended = stopped(name, code="ServiceSchedulerInitiated", reason=reason, at=at)
    return replace(ended, started_at=made_at(2.5))


def test_failed_health_checks_are_left_to_the_circuit_breaker_while_it_counts() -> None:
    failed = [unhealthy(f"t{number}", 5) for number in range(6)]
    assert judged(crashing(*failed, desired=6, breaker=True)) is ServiceStatus.IN_PROGRESS
    assert judged(crashing(*failed, desired=6, breaker=False)) is ServiceStatus.FAILED


def test_failures_that_the_circuit_breaker_counted_do_not_fail_the_rollout_when_it_has_stopped() -> None:
    """Its owner accepts ten failures; the fourth task is good, and ECS goes on."""
    failed = [stopped(f"t{number}", at=5) for number in range(5)]
    counting = replace(
        crashing(*failed, desired=1, breaker=True), service_deployment=verdict("MONITORING", threshold=10)
    )
    described = service(desired=1, running=1, deployments=[primary(running=1)])
    young = view(described, [task("t9", started=ago(1))], failed)
    done = replace(young, service_deployment=verdict("MONITORING_COMPLETE", threshold=10))
    now = after(counting, done)
    assert (now.status, now.suspicion) == (ServiceStatus.IN_PROGRESS, "")


def test_failures_count_once_the_circuit_breaker_has_seen_a_good_task() -> None:
    failed = [stopped(f"t{number}", at=5 + number) for number in range(3)]
    seen = replace(crashing(desired=2, breaker=True), service_deployment=verdict("MONITORING_COMPLETE"))
    looping = replace(
        crashing(*failed, desired=2, breaker=True), service_deployment=verdict("MONITORING_COMPLETE")
    )
    now = after(seen, looping)
    assert now.status is ServiceStatus.FAILED
    assert "its circuit breaker counts no more, because a task was healthy" in now.reason


def test_success_names_failed_tasks_of_a_service_without_circuit_breaker() -> None:
    on_the_way = view(
        service(desired=1, running=0, deployments=[primary()], breaker=False),
        ended=[stopped("t1", reason="out of memory")],
    )
    whole = view(
        service(desired=1, running=1, deployments=[primary(completed=True)], breaker=False), [task("t2")], []
    )
    now = after(on_the_way, whole)
    assert (now.status, now.reason) == (
        ServiceStatus.SUCCEEDED,
        "although one of its tasks stopped: out of memory",
    )


def test_failed_tasks_of_other_deployments_are_not_counted() -> None:
    ended = [stopped(f"t{number}", of=BEFORE) for number in range(5)]
    assert judged(crashing(*ended)) is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "code",
    [
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "ServiceSchedulerInitiated",
        "UserInitiated",
    ],
)
def test_tasks_that_stopped_for_other_reasons_than_their_image_are_not_counted(code: str) -> None:
    ended = [stopped(f"t{number}", code=code) for number in range(5)]
    assert judged(crashing(*ended)) is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("TaskFailedToStart", "CannotPullContainerError: manifest unknown"),
        ("EssentialContainerExited", ""),
        ("", ""),
        ("SomethingNew", ""),
    ],
)
def test_tasks_that_stopped_because_of_their_image_are_counted(code: str, reason: str) -> None:
    ended = [stopped(f"t{number}", code=code, reason=reason) for number in range(3)]
    assert judged(crashing(*ended)) is ServiceStatus.FAILED


def not_started(name: str, reason: str, *containers: Container, at: float = 5) -> Task:
    ended = stopped(name, code="TaskFailedToStart", reason=reason, at=at)
    return replace(ended, containers=containers)


NO_SECRET = "ResourceInitializationError: unable to pull secrets or registry auth"
NO_ENTRY_POINT = 'CannotStartContainerError: exec: "serve": executable file not found in $PATH'


def test_tasks_that_something_else_than_their_image_kept_from_starting_are_not_counted_and_the_state_says_why() -> (
    None
):
    ended = [
        not_started("t1", "RESOURCE:CPU", at=4),
        not_started("t2", NO_SECRET),
        not_started("t3", "", at=3),
    ]
    now = after(crashing(*ended))
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)
    assert now.state == f"starting: {NO_SECRET}"


def test_reason_of_a_container_tells_why_its_task_did_not_start() -> None:
    """On EC2 instances the task's own reason says nothing."""
    without_entry_point = [
        not_started(f"t{number}", "Task failed to start", replace(container(), reason=NO_ENTRY_POINT))
        for number in range(3)
    ]
    now = after(crashing(*without_entry_point))
    assert (now.status, now.blames_image) == (ServiceStatus.FAILED, False)
    assert f"stopped: Task failed to start; {NO_ENTRY_POINT}" in now.reason
    assert after(crashing(without_entry_point[0])).blames_image


UNPULLABLE = "CannotPullContainerError: manifest unknown"


@pytest.mark.parametrize(
    ("image", "counts"),
    [
        ("uk.ac.wellcome/search:env.stage", True),
        ("public.ecr.aws/sidecars/proxy:1", False),
        (f"uk.ac.wellcome/search@{NEW}", True),
    ],
    ids=["the release's", "a sidecar's", "named by digest"],
)
def test_image_that_can_not_be_pulled_counts_only_if_it_may_be_the_release_s(
    image: str, *, counts: bool
) -> None:
    failing = replace(container(image=image, name="failing"), reason=UNPULLABLE)
    ended = [not_started(f"t{number}", UNPULLABLE, container(), failing) for number in range(3)]
    now = after(crashing(*ended))
    assert now.status is (ServiceStatus.FAILED if counts else ServiceStatus.IN_PROGRESS)
    assert after(crashing(ended[0])).blames_image is counts


@pytest.mark.parametrize("code", ["", "EssentialContainerExited", "SomethingNew"])
def test_task_whose_instance_was_terminated_is_no_failure_whatever_its_stop_code(code: str) -> None:
    assert not is_failure(
        stopped("t1", code=code, reason="Host EC2 (instance i-0123456789abcdef0) terminated.")
    )


def test_container_that_exited_before_its_task_was_running_counts_against_the_image() -> None:
    exited, stopped_by_ecs = replace(container(), exit_code=1), replace(container(), exit_code=143)
    assert is_failure(not_started("t1", "Task failed to start", exited))
    assert not is_failure(not_started("t1", "Task failed to start", stopped_by_ecs))


def test_event_that_says_why_tasks_can_not_be_placed_comes_before_the_reason_of_a_task() -> None:
    full = "(service search-api) was unable to place a task. Reason: No Container Instances were found in your cluster."
    gave_up = "(service search-api) is unable to consistently start tasks successfully."
    placed = crashing(not_started("t1", "RESOURCE:CPU"))
    for event, said in ((full, full.removesuffix(".")), (gave_up, "RESOURCE:CPU")):
        described = replace(placed.service, events=service(events=[event], deployments=[primary()]).events)
        assert after(replace(placed, service=described)).state == f"starting: {said}"


@pytest.mark.parametrize(
    "reason", ["Task failed container health checks", "Task failed ELB health checks in (target-group x)"]
)
def test_task_that_the_scheduler_stopped_as_unhealthy_is_a_failure(reason: str) -> None:
    assert is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason=reason))
    assert not is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason="Scaling activity"))


def test_task_that_a_read_still_shows_running_does_not_count_yet() -> None:
    lagging = [
        replace(stopped(f"t{number}", code=""), status="RUNNING", stopped_at=None) for number in range(3)
    ]
    assert judged(crashing(*lagging)) is ServiceStatus.IN_PROGRESS
