"""When a rollout has succeeded, and what is waited for until then: one behaviour a name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import DONE, TWO, after, judged, overtaken, rolled
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
    task,
    track,
    up,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.rolling import Reads, reads

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


def test_it_shows_how_many_of_its_own_tasks_run_and_what_is_waited_for() -> None:
    draining = view(service(desired=2, running=3, deployments=[DONE, active(running=1)]), TWO)
    now = after(draining)
    assert (now.running, now.desired, now.state) == (2, 2, "1 old task still running")


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
    "no tasks while only old ones run": (
        service(running=2, deployments=[primary(), active(running=2)]),
        Reads(False, False),
    ),
    "tasks once some of ours run": (
        service(desired=2, running=2, deployments=[primary(), active(running=1)]),
        Reads(True, False),
    ),
    "tasks where all is done though ours is not told to run any": (
        service(running=2, deployments=[primary(completed=True, running=0)]),
        Reads(True, False),
    ),
    "stopped tasks where nobody else counts them": (
        service(desired=2, deployments=[primary()], breaker=False),
        Reads(False, True),
    ),
    "stopped tasks where they fail after the circuit breaker has done its work": (
        service(desired=2, running=1, deployments=[primary(completed=True, running=1)], breaker=True),
        Reads(True, True),
    ),
    "no stopped tasks while the circuit breaker counts them": (
        service(desired=2, running=1, deployments=[primary(running=1)], breaker=True),
        Reads(True, False),
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
