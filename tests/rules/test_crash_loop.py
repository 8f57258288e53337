"""When failed tasks make a rollout a failure, and which tasks count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import after, judged
from tests.rules.states import (
    BEFORE,
    made_at,
    primary,
    service,
    stopped,
    task,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.rollout.crash_loop import POLLS_BEFORE_SUSPICION, is_failure
from weco_deploy.rules.rollout.rolling import reads


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


@pytest.mark.parametrize(("desired", "limit"), [(1, 3), (5, 3), (6, 3), (7, 4), (20, 10), (21, 11)])
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
        "its circuit breaker does not count tasks that had been running, so ECS keeps retrying"
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


def test_reopened_rollout_fails_by_tasks_that_failed_since_its_success() -> None:
    whole = view(
        service(running=2, deployments=[primary(completed=True)]),
        [task("t8"), task("t9")],
        [
            stopped("t1", at=5),
            stopped("t2", at=6),
            stopped("t3", at=7),
            stopped("t4", at=8),
            stopped("t5", at=9),
        ],
    )
    well = replace(after(whole), failures_since=made_at(6.5))
    assert well.status is ServiceStatus.SUCCEEDED
    assert reads(well.reopened(), whole.service).stopped
    assert (
        judged(whole, start=replace(well, failures_since=made_at(7.5)).reopened()) is ServiceStatus.SUCCEEDED
    )
    assert judged(whole, start=well.reopened()) is ServiceStatus.FAILED


@pytest.mark.parametrize(
    ("judged_at", "reason"),
    [
        (7.5, "although 2 of its tasks stopped: Essential container in task exited"),
        (8.5, "although one of its tasks stopped: Essential container in task exited"),
        (9.5, ""),
    ],
)
def test_success_names_failed_tasks_that_were_too_few_for_a_failure(judged_at: float, reason: str) -> None:
    why = "Essential container in task exited"
    whole = view(
        service(running=2, deployments=[primary(completed=True)]),
        [task("t8"), task("t9")],
        [
            stopped("t3", at=7, reason="older"),
            stopped("t4", at=8, reason=why),
            stopped("t5", at=9, reason=why),
        ],
    )
    now = after(whole, start=replace(after(whole), failures_since=made_at(judged_at)).reopened())
    assert (now.status, now.reason) == (ServiceStatus.SUCCEEDED, reason)


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


def test_reopened_rollout_still_names_tasks_that_failed_before_its_success() -> None:
    on_the_way = view(
        service(desired=1, running=0, deployments=[primary()], breaker=False),
        ended=[stopped("t1", reason="out of memory")],
    )
    whole = view(
        service(desired=1, running=1, deployments=[primary(completed=True)], breaker=False), [task("t2")], []
    )
    well = after(on_the_way, whole)
    assert after(whole, start=replace(well, failures_since=made_at(8)).reopened()).reason == well.reason != ""


def test_failed_tasks_do_not_matter_once_a_service_with_circuit_breaker_runs_completely() -> None:
    ended = [stopped(f"t{number}") for number in range(5)]
    assert judged(crashed_once_complete(*ended, running=2)) is ServiceStatus.SUCCEEDED


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


@pytest.mark.parametrize("code", ["TaskFailedToStart", "EssentialContainerExited", "", "SomethingNew"])
def test_tasks_that_stopped_because_of_their_image_are_counted(code: str) -> None:
    ended = [stopped(f"t{number}", code=code) for number in range(3)]
    assert judged(crashing(*ended)) is ServiceStatus.FAILED


@pytest.mark.parametrize(
    "reason", ["Task failed container health checks", "Task failed ELB health checks in (target-group x)"]
)
def test_task_that_the_scheduler_stopped_as_unhealthy_is_a_failure(reason: str) -> None:
    assert is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason=reason))
    assert not is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason="Scaling activity"))
