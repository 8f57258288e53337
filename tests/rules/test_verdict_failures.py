"""When a rollout has failed or was superseded, and the reason that is given: one behaviour a name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import after, judged, overtaken, rolled
from tests.rules.states import (
    BEFORE,
    CHILD,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    container,
    made_at,
    primary,
    service,
    stopped,
    task,
    track,
    up,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import EcsDeployment, ServiceView, Task
from weco_deploy.rules.rollout.rolling import (
    POLLS_AGAINST_THE_PAST,
    POLLS_TO_BE_SUSPICIOUS,
    again,
    is_failure,
    reads,
)

# Superseded


@pytest.mark.parametrize("ours_listed", [True, False])
def test_a_later_deployment_of_somebody_else_supersedes_ours_in_the_second_poll(ours_listed: bool) -> None:
    going = view(service(desired=2, deployments=[primary()]))
    seen = overtaken(ours_listed=ours_listed)
    assert judged(going, seen) is ServiceStatus.IN_PROGRESS
    now = after(going, seen, seen)
    assert now.status is ServiceStatus.SUPERSEDED
    assert now.reason == f"a later deployment, {LATER}, took over from ours, {OURS}"


def test_a_deployment_that_took_over_before_the_first_poll_supersedes_ours_too() -> None:
    seen = overtaken(ours_listed=False)
    assert judged(seen, seen) is ServiceStatus.SUPERSEDED


@pytest.mark.parametrize("between", [None, view(service(desired=2, deployments=[primary()]))])
def test_polls_that_are_not_in_a_row_do_not_supersede(between: ServiceView | None) -> None:
    assert judged(overtaken(), between, overtaken()) is ServiceStatus.IN_PROGRESS


def test_a_later_deployment_that_fails_by_itself_is_not_a_rollback_of_ours() -> None:
    seen = overtaken(reason="ECS deployment circuit breaker: tasks failed to start.")
    assert judged(seen, seen) is ServiceStatus.SUPERSEDED


def test_ecs_rolling_somebody_elses_deployment_back_to_ours_is_not_a_rollback_of_ours() -> None:
    seen = overtaken(reason=f"ECS deployment circuit breaker: rolling back to deploymentId {OURS}.")
    assert judged(seen, seen) is ServiceStatus.SUPERSEDED


def test_right_digests_in_somebody_elses_deployment_are_no_success_of_ours() -> None:
    seen = up(NEW, NEW, of=LATER)
    assert judged(seen, seen, seen) is ServiceStatus.SUPERSEDED


# ECS's own verdict: the circuit breaker


def test_a_failed_rollout_fails_at_once_with_ecs_reason() -> None:
    why = "ECS deployment circuit breaker: tasks failed to start."
    now = after(view(service(desired=2, deployments=[primary(state="FAILED", reason=why)])))
    assert (now.status, now.reason) == (ServiceStatus.FAILED, why)


def test_a_failed_rollout_without_a_reason_says_who_says_so() -> None:
    now = after(view(service(desired=2, deployments=[primary(state="FAILED")])))
    assert now.reason == "ECS says that its rollout failed"


@pytest.mark.parametrize("back", [primary(LATER, reason="rolling back"), primary(BEFORE)])
def test_a_rollback_of_our_failed_rollout_is_a_failure_at_once(back: EcsDeployment) -> None:
    failed = active(OURS, state="FAILED", reason="tasks failed to start")
    now = after(view(service(running=2, deployments=[back, failed])))
    assert (now.status, now.reason) == (ServiceStatus.FAILED, "tasks failed to start")


def test_a_rollback_that_ran_to_its_end_is_a_failure_and_not_a_success() -> None:
    back = primary(LATER, completed=True, reason=f"rolling back to deploymentId {BEFORE}")
    seen = view(service(running=2, deployments=[back]), [task("t1", of=LATER, digest=OLD)] * 2)
    now = after(seen, seen)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == f"ECS rolled back to {LATER}: rolling back to deploymentId {BEFORE}"


def test_the_event_log_tells_a_rollback_whose_words_are_gone() -> None:
    events = (f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start.",)
    seen = overtaken(ours_listed=False, reason="ECS deployment completed.", events=events)
    assert judged(seen, seen) is ServiceStatus.FAILED


def test_an_older_deployment_that_is_primary_beside_ours_is_a_rollback() -> None:
    back = view(service(running=2, deployments=[primary(BEFORE), active(OURS, state="IN_PROGRESS")]))
    assert judged(back) is ServiceStatus.IN_PROGRESS
    now = after(back, back)
    assert (now.status, now.reason) == (
        ServiceStatus.FAILED,
        f"ECS rolled back to {BEFORE}: it gives no reason",
    )


def test_an_older_primary_deployment_is_a_rollback_also_where_nobody_knows_what_was_before() -> None:
    back = view(service(running=2, deployments=[primary(BEFORE), active(OURS, state="IN_PROGRESS")]))
    assert judged(back, back, start=track(previous=None)) is ServiceStatus.FAILED


def test_the_deployment_before_as_if_ours_never_was_is_a_rollback_once_it_can_be_no_old_answer() -> None:
    going = view(service(desired=2, deployments=[primary()]))
    past = up(OLD, OLD, of=BEFORE)
    assert judged(going, *[past] * (POLLS_AGAINST_THE_PAST - 1)) is ServiceStatus.IN_PROGRESS
    assert judged(going, *[past] * POLLS_AGAINST_THE_PAST) is ServiceStatus.FAILED


# Wrong digests


def test_a_task_of_ours_with_another_digest_fails_at_once() -> None:
    seen = view(
        service(desired=2, running=1, deployments=[primary()]),
        [task("t1", digest=OTHER)],
    )
    now = after(seen)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == "task t1 runs sha256:6f7468657200 of search, not the release's sha256:6e6577000000"


def test_a_wrong_digest_of_an_index_names_no_single_right_one() -> None:
    now = after(rolled(task("t1", digest=OTHER), task("t2")), start=track(NEW, CHILD))
    assert now.reason.endswith("of search, not the release's digests")


def test_one_wrong_container_among_right_ones_fails_it() -> None:
    mixed = [container(NEW), container(OLD, name="worker")]
    assert judged(rolled(task("t1"), task("t2", containers=mixed))) is ServiceStatus.FAILED


def test_old_tasks_with_old_digests_are_no_failure() -> None:
    seen = view(
        service(desired=1, running=2, deployments=[primary(running=1), active(running=1)]),
        [task("t1"), task("t0", of=BEFORE, digest=OLD)],
    )
    assert judged(seen, seen, seen) is ServiceStatus.IN_PROGRESS


def test_a_task_that_is_ours_only_perhaps_fails_nothing() -> None:
    perhaps = task("t0", of=None, made=made_at(2), digest=OLD)  # made in the second of our deployment
    certainly = task("t0", of=None, made=made_at(2.1), digest=OLD)
    assert judged(rolled(task("t1"), perhaps)) is ServiceStatus.IN_PROGRESS
    assert judged(rolled(task("t1"), certainly)) is ServiceStatus.FAILED


def test_a_rollback_before_the_first_look_is_known_by_what_ecs_tells_of_ours() -> None:
    told = f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start."
    back = view(service(running=2, deployments=[primary(BEFORE, completed=True)], events=(told,)))
    start = replace(track(), previous_id=BEFORE)
    assert judged(back, start=start) is ServiceStatus.IN_PROGRESS
    now = after(back, back, start=start)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == f"ECS rolled back to {BEFORE}: it gives no reason"


# No circuit breaker


def crashing(*ended: Task, desired: int = 2, breaker: bool = False) -> ServiceView:
    return view(
        service(desired=desired, running=0, deployments=[primary()], breaker=breaker), ended=list(ended)
    )


def test_without_a_circuit_breaker_three_failed_tasks_are_a_failure() -> None:
    ended = [stopped("t1", at=5), stopped("t3", at=7, reason="CannotPullContainerError: no"), stopped("t2")]
    assert judged(crashing(*ended[:2])) is ServiceStatus.IN_PROGRESS
    now = after(crashing(*ended))
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: CannotPullContainerError: no; "
        "it has no circuit breaker, so ECS keeps retrying"
    )


def test_failed_tasks_add_up_over_polls_and_each_counts_once() -> None:
    one, two, three = (crashing(stopped(name)) for name in ("t1", "t2", "t3"))
    assert judged(one, one, one, two, two) is ServiceStatus.IN_PROGRESS
    assert judged(one, two, three) is ServiceStatus.FAILED


def test_a_crash_loop_is_seen_though_its_tasks_reach_running() -> None:
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
def test_half_of_the_desired_tasks_may_not_fail(desired: int, limit: int) -> None:
    ended = [stopped(f"t{number}") for number in range(limit)]
    assert judged(crashing(*ended[:-1], desired=desired)) is ServiceStatus.IN_PROGRESS
    assert judged(crashing(*ended, desired=desired)) is ServiceStatus.FAILED


def test_with_a_circuit_breaker_ecs_judges_and_nobody_counts() -> None:
    ended = [stopped(f"t{number}") for number in range(10)]
    assert judged(crashing(*ended, breaker=True)) is ServiceStatus.IN_PROGRESS


def test_tasks_that_had_run_before_they_stopped_are_counted_by_us_also_beside_a_circuit_breaker() -> None:
    ran = [replace(stopped(f"t{number}", reason="no memory"), started_at=made_at(2)) for number in range(3)]
    looping = crashing(*ran, breaker=True)
    assert judged(crashing(*ran[:2], breaker=True)) is ServiceStatus.IN_PROGRESS
    now = after(looping)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: no memory; "
        "its circuit breaker does not count tasks that had been running, so ECS keeps retrying"
    )


def test_beside_a_circuit_breaker_stopped_tasks_are_only_read_where_it_takes_long() -> None:
    going = view(service(desired=2, deployments=[primary()]))
    assert not reads(after(going), going.service).stopped
    assert reads(after(*[going] * POLLS_TO_BE_SUSPICIOUS), going.service).stopped


def crashed_after_the_end(*ended: Task, running: int = 1) -> ServiceView:
    return view(
        service(desired=2, running=running, deployments=[primary(completed=True, running=running)]),
        [task(f"up{number}") for number in range(running)],
        list(ended),
    )


def test_once_the_rollout_is_complete_no_circuit_breaker_counts_so_we_do() -> None:
    ended = [stopped("t1"), stopped("t2"), stopped("t3", at=7, reason="Essential container in task exited")]
    assert judged(crashed_after_the_end(*ended[:2])) is ServiceStatus.IN_PROGRESS
    now = after(crashed_after_the_end(*ended))
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "3 tasks of this deployment stopped: Essential container in task exited; "
        "its circuit breaker counts no more, because the rollout was complete, so ECS keeps retrying"
    )


def test_what_did_well_is_judged_again_by_what_failed_since() -> None:
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
    well = replace(after(whole), well_since=made_at(6.5))
    assert well.status is ServiceStatus.SUCCEEDED
    assert reads(again(well), whole.service).stopped
    assert judged(whole, start=again(replace(well, well_since=made_at(7.5)))) is ServiceStatus.SUCCEEDED
    assert judged(whole, start=again(well)) is ServiceStatus.FAILED


@pytest.mark.parametrize(
    ("well_at", "said"),
    [
        (7.5, "although 2 of its tasks stopped: Essential container in task exited"),
        (8.5, "although one of its tasks stopped: Essential container in task exited"),
        (9.5, ""),
    ],
)
def test_a_success_with_too_few_stops_for_a_failure_says_them(well_at: float, said: str) -> None:
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
    now = after(whole, start=again(replace(after(whole), well_since=made_at(well_at))))
    assert (now.status, now.reason) == (ServiceStatus.SUCCEEDED, said)


def test_without_a_circuit_breaker_a_success_says_what_stopped_on_the_way() -> None:
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


def test_what_stopped_before_a_service_did_well_is_still_said_when_it_is_looked_at_again() -> None:
    on_the_way = view(
        service(desired=1, running=0, deployments=[primary()], breaker=False),
        ended=[stopped("t1", reason="out of memory")],
    )
    whole = view(
        service(desired=1, running=1, deployments=[primary(completed=True)], breaker=False), [task("t2")], []
    )
    well = after(on_the_way, whole)
    assert after(whole, start=again(replace(well, well_since=made_at(8)))).reason == well.reason != ""


def test_what_failed_on_the_way_is_no_matter_once_all_of_it_runs() -> None:
    ended = [stopped(f"t{number}") for number in range(5)]
    assert judged(crashed_after_the_end(*ended, running=2)) is ServiceStatus.SUCCEEDED


def test_tasks_of_other_deployments_are_not_counted() -> None:
    ended = [stopped(f"t{number}", of=BEFORE) for number in range(5)]
    assert judged(crashing(*ended)) is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "code", ["SpotInterruption", "TerminationNotice", "ServiceSchedulerInitiated", "UserInitiated"]
)
def test_tasks_that_stopped_for_other_reasons_than_the_image_are_not_counted(code: str) -> None:
    ended = [stopped(f"t{number}", code=code) for number in range(5)]
    assert judged(crashing(*ended)) is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize("code", ["TaskFailedToStart", "EssentialContainerExited", "", "SomethingNew"])
def test_tasks_that_stopped_by_themselves_are_counted(code: str) -> None:
    ended = [stopped(f"t{number}", code=code) for number in range(3)]
    assert judged(crashing(*ended)) is ServiceStatus.FAILED


@pytest.mark.parametrize(
    "reason", ["Task failed container health checks", "Task failed ELB health checks in (target-group x)"]
)
def test_a_task_that_the_scheduler_stopped_as_unhealthy_is_a_failed_one(reason: str) -> None:
    assert is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason=reason))
    assert not is_failure(stopped("t1", code="ServiceSchedulerInitiated", reason="Scaling activity"))
