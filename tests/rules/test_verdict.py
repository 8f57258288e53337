"""What each answer of ECS makes of a service's rollout: one behaviour a name."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
from weco_deploy.model.service import EcsDeployment, Service, ServiceView, Task
from weco_deploy.rules.verdict import POLLS_AGAINST_THE_PAST, Reads, Track, advance, is_failure, reads

DONE = primary(completed=True)
TWO = (task("t1"), task("t2"))


def after(*views: ServiceView | None, start: Track | None = None) -> Track:
    """The track of search-api after these polls."""
    now = start or track()
    for seen in views:
        now = advance(now, seen)
    return now


def judged(*views: ServiceView | None, start: Track | None = None) -> ServiceStatus:
    return after(*views, start=start).status


def rolled(*tasks: Task, seen: Service | None = None) -> ServiceView:
    """Two tasks run in a completed deployment of ours, and these were described."""
    return view(seen or service(running=2, deployments=[DONE]), tasks)


# Success


def test_it_succeeds_when_ours_is_complete_and_each_task_runs_the_release() -> None:
    assert judged(rolled(*TWO)) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("reported", [NEW, CHILD])
def test_a_task_may_report_the_digest_of_the_index_or_of_its_child(reported: str) -> None:
    tasks = [task("t1", digest=reported), task("t2", digest=reported)]
    assert judged(rolled(*tasks), start=track(NEW, CHILD)) is ServiceStatus.SUCCEEDED


def test_sidecars_are_not_ours_to_judge() -> None:
    sidecar = container(OTHER, image="fluentbit:2", name="log_router")
    tasks = [task(name, containers=[container(), sidecar]) for name in ("t1", "t2")]
    assert judged(rolled(*tasks)) is ServiceStatus.SUCCEEDED


def test_an_image_pinned_beside_its_tag_is_still_that_image() -> None:
    pinned = container(OLD, image=f"uk.ac.wellcome/search:env.stage@{OLD}")
    failed = after(rolled(task("t1", containers=[pinned]), task("t2")))
    assert failed.status is ServiceStatus.FAILED


def test_once_certain_a_verdict_stands() -> None:
    superseded = view(service(running=2, deployments=[primary(LATER)]))
    assert judged(rolled(*TWO), superseded, superseded, None, None) is ServiceStatus.SUCCEEDED


def test_tasks_whose_starter_is_not_told_count_by_when_they_were_made() -> None:
    tasks = [task(name, of=None, made=made_at(2.5)) for name in ("t1", "t2")]
    assert judged(rolled(*tasks)) is ServiceStatus.SUCCEEDED


# Not yet

NOT_YET = {
    "its rollout goes on": rolled(*TWO, seen=service(running=2, deployments=[primary()])),
    "its rollout has a state that nobody knows": rolled(
        *TWO, seen=service(running=2, deployments=[primary(state="BAKING")])
    ),
    "fewer tasks run than are desired": view(service(desired=3, running=2, deployments=[DONE]), TWO),
    "more tasks run than are desired": view(service(desired=1, running=2, deployments=[DONE]), TWO),
    "a task is about to start": view(service(running=2, pending=1, deployments=[DONE]), TWO),
    "an old deployment still runs a task": view(
        service(desired=1, running=2, deployments=[DONE, active(running=1)]), TWO
    ),
    "an old deployment runs a task though the counts are right": view(
        service(running=2, deployments=[DONE, active(running=1)]), TWO
    ),
    "an old deployment still starts one": view(
        service(running=2, deployments=[DONE, active(pending=1)]), TWO
    ),
    "its tasks were not read": view(service(running=2, deployments=[DONE])),
    "fewer tasks were described than run": rolled(task("t1")),
    "a described task does not run yet": rolled(task("t1"), task("t2", status="ACTIVATING")),
    "a task does not tell its digest": rolled(task("t1"), task("t2", digest=None)),
    "no container is one of ours": rolled(*(task(n, containers=[container(image="x:1")]) for n in "ab")),
    "an old task with another digest runs": rolled(task("t1"), task("t2", of=BEFORE, digest=OLD)),
    "a task of another deployment runs": rolled(task("t1"), task("t2", of=LATER)),
}


@pytest.mark.parametrize("seen", NOT_YET.values(), ids=NOT_YET.keys())
def test_it_is_not_done_while(seen: ServiceView) -> None:
    now = after(seen, seen, seen)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert now.state
    assert judged(seen, seen, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_it_shows_how_many_tasks_run_and_what_is_waited_for() -> None:
    draining = view(service(desired=2, running=3, deployments=[DONE, active(running=1)]), TWO)
    now = after(draining)
    assert (now.running, now.desired, now.state) == (3, 2, "1 old task still running")


def test_it_shows_how_many_tasks_failed_to_start() -> None:
    starting = view(service(desired=2, running=0, deployments=[primary(failed=4)]))
    assert after(starting).state == "starting, 4 failed"


def test_it_says_in_ecs_words_why_no_task_is_placed() -> None:
    events = [
        "(service search-api) has started 1 tasks.",
        "(service search-api) was unable to place a task because no instance has enough memory. See the docs.",
        "(service search-api) was unable to place a task because of something else.",
    ]
    seen = view(service(desired=2, running=0, deployments=[primary()], events=events))
    now = after(seen, seen, seen)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert now.state == (
        "starting: (service search-api) was unable to place a task because no instance has enough memory"
    )


def test_what_events_said_before_our_deployment_is_not_shown() -> None:
    late = replace(primary(running=0), created_at=made_at(10))
    seen = service(desired=2, running=0, deployments=[late], events=["was unable to place a task"])
    assert after(view(seen)).state == "starting"


# Reads that lag


def test_answers_from_before_our_deployment_are_waited_out() -> None:
    past = up(OLD, OLD, of=BEFORE)
    assert judged(*[past] * 20, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_one_old_answer_after_ours_was_seen_means_nothing() -> None:
    going = view(service(running=2, deployments=[primary(running=0), active(running=2)]))
    past = up(OLD, OLD, of=BEFORE)
    assert judged(going, past, going, past, past, going, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_a_service_that_is_missing_in_one_answer_is_not_gone() -> None:
    assert judged(None, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_a_service_without_any_primary_deployment_is_waited_for() -> None:
    none = view(service(running=2, deployments=[active(OURS, running=2)]))
    assert judged(none, none, none) is ServiceStatus.IN_PROGRESS


# Superseded


def overtaken(*, ours_listed: bool = True, reason: str = "", events: tuple[str, ...] = ()) -> ServiceView:
    rest = [active(OURS, state="IN_PROGRESS", running=1)] if ours_listed else []
    return view(
        service(running=2, deployments=[primary(LATER, reason=reason), *rest], events=events),
    )


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


# Nothing runs


def test_with_nothing_desired_nothing_is_running_which_is_no_success() -> None:
    now = after(view(service(desired=0, deployments=[primary()])))
    assert now.status is ServiceStatus.NOTHING_RUNNING
    assert "desired count is 0" in now.reason


@pytest.mark.parametrize(("running", "pending"), [(1, 0), (0, 1)])
def test_scaling_to_nothing_is_waited_for(running: int, pending: int) -> None:
    seen = view(service(desired=0, running=running, pending=pending, deployments=[DONE]))
    assert judged(seen, seen) is ServiceStatus.IN_PROGRESS


def test_nothing_desired_of_somebody_elses_deployment_says_nothing_of_ours() -> None:
    seen = view(service(desired=0, deployments=[primary(LATER)]))
    assert judged(seen, seen) is ServiceStatus.SUPERSEDED


def test_a_failed_rollout_stays_one_when_it_is_scaled_to_nothing() -> None:
    assert judged(view(service(desired=0, deployments=[primary(state="FAILED")]))) is ServiceStatus.FAILED


def test_a_daemon_service_may_desire_nothing_until_its_instances_are_counted() -> None:
    counting = view(service(desired=0, scheduling="DAEMON", deployments=[primary()]))
    assert judged(counting, counting) is ServiceStatus.IN_PROGRESS
    none = view(service(desired=0, scheduling="DAEMON", deployments=[DONE]))
    assert judged(counting, none) is ServiceStatus.NOTHING_RUNNING


def test_a_daemon_service_that_stops_old_tasks_first_succeeds_in_the_end() -> None:
    stopping = view(service(desired=2, running=0, scheduling="DAEMON", deployments=[primary()]))
    done = view(service(running=2, scheduling="DAEMON", deployments=[DONE]), TWO)
    assert judged(stopping, stopping, done) is ServiceStatus.SUCCEEDED


# Scaling, deletion, Classic Load Balancers


def test_scaling_out_meanwhile_waits_for_the_new_tasks_too() -> None:
    more = view(service(desired=4, running=2, deployments=[DONE]), TWO)
    four = view(service(running=4, deployments=[DONE]), [*TWO, task("t3"), task("t4")])
    assert judged(more) is ServiceStatus.IN_PROGRESS
    assert judged(more, four) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(
    "gone", [None, view(service(status="INACTIVE")), view(service(status="DRAINING", deployments=[DONE]))]
)
def test_a_service_that_is_deleted_meanwhile_fails_in_the_second_poll(gone: ServiceView | None) -> None:
    assert judged(gone) is ServiceStatus.IN_PROGRESS
    now = after(gone, gone)
    assert now.status is ServiceStatus.FAILED
    assert "deleted" in now.reason


def test_a_service_status_that_nobody_knows_breaks_nothing() -> None:
    seen = rolled(*TWO, seen=service(running=2, deployments=[DONE], status="REBALANCING"))
    assert judged(seen) is ServiceStatus.SUCCEEDED


CLASSIC = rolled(*TWO, seen=service(running=2, deployments=[primary(state=None)]))


def test_without_a_rollout_state_two_steady_polls_are_a_success() -> None:
    assert judged(CLASSIC) is ServiceStatus.IN_PROGRESS
    assert judged(CLASSIC, CLASSIC) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(
    "between",
    [
        None,
        overtaken(),
        view(service(desired=3, running=2, deployments=[primary(state=None)]), TWO),
        view(service(running=2, deployments=[primary(state=None), active(running=1)]), TWO),
        rolled(task("t1"), seen=CLASSIC.service),
        rolled(task("t1"), task("t2", digest=None), seen=CLASSIC.service),
    ],
)
def test_without_a_rollout_state_the_steady_polls_come_in_a_row(between: ServiceView | None) -> None:
    assert judged(CLASSIC, between, CLASSIC) is ServiceStatus.IN_PROGRESS


# What is read

READ = {
    "nothing before ours is seen": (service(running=2, deployments=[primary(BEFORE)]), Reads(False, False)),
    "nothing once another is primary": (
        service(running=2, deployments=[primary(LATER), active(OURS, running=1)]),
        Reads(False, False),
    ),
    "no tasks while none runs": (service(desired=2, deployments=[primary()]), Reads(False, False)),
    "tasks once some run": (service(running=2, deployments=[primary()]), Reads(True, False)),
    "stopped tasks where nobody else counts them": (
        service(desired=2, deployments=[primary()], breaker=False),
        Reads(False, True),
    ),
    "no stopped tasks where none is desired": (
        service(desired=0, deployments=[primary()], breaker=False),
        Reads(False, False),
    ),
}


@pytest.mark.parametrize(("seen", "expected"), READ.values(), ids=READ.keys())
def test_it_reads(seen: Service, expected: Reads) -> None:
    assert reads(track(), seen) == expected


def test_success_needs_no_more_than_what_is_read() -> None:
    seen = service(running=2, deployments=[DONE])
    assert reads(track(), seen).tasks
    assert judged(rolled(*TWO, seen=seen)) is ServiceStatus.SUCCEEDED
