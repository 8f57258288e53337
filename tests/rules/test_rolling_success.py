"""When a ROLLING deployment has succeeded, and what it waits for until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.rules.polls import DONE, OLD_ANSWER, STARTING, TWO, after, judged, overtaken, rolled
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
    resolving,
    service,
    task,
    track,
    up,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ResolvedImage, Service, ServiceView, Task
from weco_deploy.rules.rollout.wrong_digests import CAUSES, lacks_digests

# Success


def test_rollout_succeeds_when_it_is_complete_and_each_task_runs_the_release() -> None:
    assert judged(rolled(*TWO)) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("reported", [NEW, CHILD])
def test_rollout_succeeds_by_the_digest_of_the_index_or_of_its_child(reported: str) -> None:
    tasks = [task("t1", digest=reported), task("t2", digest=reported)]
    assert judged(rolled(*tasks), start=track(NEW, CHILD)) is ServiceStatus.SUCCEEDED


def test_rollout_succeeds_whatever_sidecars_run() -> None:
    sidecar = container(OTHER, image="fluentbit:2", name="log_router")
    tasks = [task(name, containers=[container(), sidecar]) for name in ("t1", "t2")]
    assert judged(rolled(*tasks)) is ServiceStatus.SUCCEEDED


def test_container_with_tag_and_digest_is_judged_like_one_with_the_tag() -> None:
    pinned = container(OLD, image=f"uk.ac.wellcome/search:env.stage@{OLD}")
    failed = after(rolled(task("t1", containers=[pinned]), task("t2")))
    assert failed.status is ServiceStatus.FAILED


def test_settled_rollout_does_not_change_any_more() -> None:
    superseded = view(service(running=2, deployments=[primary(LATER)]))
    assert judged(rolled(*TWO), superseded, superseded, None, None) is ServiceStatus.SUCCEEDED


def test_rollout_succeeds_by_tasks_without_starter_that_were_created_after_it() -> None:
    tasks = [task(name, of=None, made=made_at(2.5)) for name in ("t1", "t2")]
    assert judged(rolled(*tasks)) is ServiceStatus.SUCCEEDED


# Still in progress

NOT_YET = {
    "the rollout is in progress": rolled(*TWO, observed=service(running=2, deployments=[primary()])),
    "the rollout state is unknown": rolled(
        *TWO, observed=service(running=2, deployments=[primary(state="BAKING")])
    ),
    "fewer tasks run than are desired": view(service(desired=3, running=2, deployments=[DONE]), TWO),
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
    "a described task is not running yet": rolled(task("t1"), task("t2", status="ACTIVATING")),
    "a task reports no digest": rolled(task("t1"), task("t2", digest=None)),
    "an old task with another digest runs": rolled(task("t1"), task("t2", of=BEFORE, digest=OLD)),
    "a task of another deployment runs": rolled(task("t1"), task("t2", of=LATER)),
}


@pytest.mark.parametrize("observed", NOT_YET.values(), ids=NOT_YET.keys())
def test_rollout_is_in_progress_while(observed: ServiceView) -> None:
    now = after(observed, observed, observed)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert now.state
    assert judged(observed, observed, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_progress_shows_how_many_tasks_run_and_what_is_waited_for() -> None:
    draining = view(service(desired=2, running=3, deployments=[DONE, active(running=1)]), TWO)
    now = after(draining)
    assert (now.running, now.desired, now.state) == (2, 2, "1 old task still running")


def test_progress_shows_how_many_tasks_failed_to_start() -> None:
    starting = view(service(desired=2, running=0, deployments=[primary(failed=4)]))
    assert after(starting).state == "starting, 4 failed"


def test_progress_shows_in_ecs_words_why_no_task_is_placed() -> None:
    events = [
        "(service search-api) has started 1 tasks.",
        "(service search-api) was unable to place a task because no container instance met all of its requirements. "
        "Reason: No Container Instances were found in your cluster. "
        "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        "(service search-api) was unable to place a task because of something else.",
    ]
    observed = view(service(desired=2, running=0, deployments=[primary()], events=events))
    now = after(observed, observed, observed)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert now.state == (
        "starting: (service search-api) was unable to place a task because no container instance met all of its "
        "requirements. Reason: No Container Instances were found in your cluster"
    )


def test_progress_does_not_show_events_from_before_our_deployment() -> None:
    late = replace(primary(running=0), created_at=made_at(10))
    observed = service(desired=2, running=0, deployments=[late], events=["was unable to place a task"])
    assert after(view(observed)).state == "starting"


# Old answers


def test_old_answers_from_before_our_deployment_are_waited_out() -> None:
    assert judged(*[OLD_ANSWER] * 20, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_old_answers_after_our_deployment_was_listed_are_ignored() -> None:
    going = view(service(running=2, deployments=[primary(running=0), active(running=2)]))
    answers = [going, OLD_ANSWER, going, OLD_ANSWER, OLD_ANSWER, going]
    assert judged(*answers, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_service_missing_in_one_answer_is_not_deleted() -> None:
    assert judged(None, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_service_missing_in_two_answers_that_are_not_in_a_row_is_not_deleted() -> None:
    assert judged(None, STARTING, None, rolled(*TWO)) is ServiceStatus.SUCCEEDED


def test_service_without_a_primary_deployment_is_waited_for() -> None:
    none = view(service(running=2, deployments=[active(OURS, running=2)]))
    assert judged(none, none, none) is ServiceStatus.IN_PROGRESS


# Nothing runs


def test_service_with_desired_count_0_is_nothing_running() -> None:
    now = after(view(service(desired=0, deployments=[primary()])))
    assert now.status is ServiceStatus.NOTHING_RUNNING
    assert "desired count is 0" in now.reason


@pytest.mark.parametrize(("running", "pending"), [(1, 0), (0, 1)])
def test_service_scaling_to_0_is_waited_for(running: int, pending: int) -> None:
    observed = view(service(desired=0, running=running, pending=pending, deployments=[DONE]))
    assert judged(observed, observed) is ServiceStatus.IN_PROGRESS


def test_service_with_desired_count_0_and_a_failed_rollout_is_failed() -> None:
    assert judged(view(service(desired=0, deployments=[primary(state="FAILED")]))) is ServiceStatus.FAILED


def test_daemon_service_with_desired_count_0_is_waited_for_until_its_rollout_is_complete() -> None:
    counting = view(service(desired=0, scheduling="DAEMON", deployments=[primary()]))
    assert judged(counting, counting) is ServiceStatus.IN_PROGRESS
    none = view(service(desired=0, scheduling="DAEMON", deployments=[DONE]))
    assert judged(counting, none) is ServiceStatus.NOTHING_RUNNING


def test_daemon_service_that_stops_old_tasks_first_succeeds() -> None:
    stopping = view(service(desired=2, running=0, scheduling="DAEMON", deployments=[primary()]))
    done = view(service(running=2, scheduling="DAEMON", deployments=[DONE]), TWO)
    assert judged(stopping, stopping, done) is ServiceStatus.SUCCEEDED


# Scaling, deletion, Classic Load Balancers


def test_service_scaled_out_during_the_rollout_succeeds_with_the_added_tasks() -> None:
    more = view(service(desired=4, running=2, deployments=[DONE]), TWO)
    four = view(service(running=4, deployments=[DONE]), [*TWO, task("t3"), task("t4")])
    assert judged(more) is ServiceStatus.IN_PROGRESS
    assert judged(more, four) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(
    "gone", [None, view(service(status="INACTIVE")), view(service(status="DRAINING", deployments=[DONE]))]
)
def test_service_deleted_during_the_rollout_is_said_to_be_in_the_second_poll(
    gone: ServiceView | None,
) -> None:
    assert after(gone).state == "not found"
    now = after(gone, gone)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert "deleted" in now.state


def test_service_with_an_unknown_status_is_judged_as_usual() -> None:
    observed = rolled(*TWO, observed=service(running=2, deployments=[DONE], status="REBALANCING"))
    assert judged(observed) is ServiceStatus.SUCCEEDED


CLASSIC = rolled(*TWO, observed=service(running=2, deployments=[primary(state=None)]))


def test_service_without_rollout_state_succeeds_after_two_steady_polls() -> None:
    assert judged(CLASSIC) is ServiceStatus.IN_PROGRESS
    assert not after(CLASSIC).blames_image
    assert judged(CLASSIC, CLASSIC) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(
    "between",
    [
        None,
        overtaken(),
        view(service(desired=3, running=2, deployments=[primary(state=None)]), TWO),
        view(service(running=2, deployments=[primary(state=None), active(running=1)]), TWO),
        rolled(task("t1"), observed=CLASSIC.service),
        rolled(task("t1"), task("t2", digest=None), observed=CLASSIC.service),
    ],
)
def test_service_without_rollout_state_needs_two_steady_polls_in_a_row(between: ServiceView | None) -> None:
    assert judged(CLASSIC, between, CLASSIC) is ServiceStatus.IN_PROGRESS


# Tasks without digests

UNTOLD = up(None, None)


def test_tasks_without_digests_are_verified_by_the_revision() -> None:
    assert judged(replace(UNTOLD, resolved=(resolving(NEW),))) is ServiceStatus.SUCCEEDED


def test_digests_of_tasks_come_before_those_of_the_revision() -> None:
    assert judged(replace(up(NEW, NEW), resolved=(resolving(OLD),))) is ServiceStatus.SUCCEEDED


def test_revision_that_resolved_to_another_digest_fails_at_once() -> None:
    now = after(replace(UNTOLD, resolved=(resolving(OLD),)))
    assert now.status is ServiceStatus.FAILED
    assert (
        now.reason
        == f"its deployment resolved search to sha256:6f6c64000000, which is not the release's{CAUSES}"
    )


@pytest.mark.parametrize("resolved", [None, (), (resolving(None),)])
def test_service_is_unverified_when_the_time_is_over_if_nothing_tells_what_it_runs(
    resolved: tuple[ResolvedImage, ...] | None,
) -> None:
    now = after(*[replace(UNTOLD, resolved=resolved)] * 3)
    assert (now.status, now.state) == (ServiceStatus.IN_PROGRESS, "nothing tells what search-api runs")
    assert not now.blames_image
    over = now.when_time_is_over()
    assert (over.status, over.reason) == (ServiceStatus.UNVERIFIED, "nothing tells what search-api runs")


def test_service_whose_rollout_goes_on_is_not_unverified_when_the_time_is_over() -> None:
    now = after(UNTOLD, view(service(desired=2, running=1, deployments=[primary(running=1)])))
    assert now.when_time_is_over().status is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("observed", "expected"),
    [(UNTOLD, True), (up(NEW, None), True), (up(NEW), False), (view(service()), False)],
)
def test_revision_is_read_if_tasks_in_steady_state_do_not_tell_their_digests(
    observed: ServiceView, expected: bool
) -> None:
    assert lacks_digests(track(), observed) is expected


@pytest.mark.parametrize(
    ("tasks", "observed", "expected"),
    [
        (TWO, service(desired=2, running=4, deployments=[DONE]), ServiceStatus.SUCCEEDED),
        (TWO[:1], service(desired=2, running=4, deployments=[DONE]), ServiceStatus.IN_PROGRESS),
        (
            TWO,
            service(desired=2, running=4, deployments=[primary(completed=True), active(running=2)]),
            ServiceStatus.IN_PROGRESS,
        ),
        (TWO, service(desired=2, running=4, pending=1, deployments=[DONE]), ServiceStatus.IN_PROGRESS),
        (TWO, service(desired=2, running=4, deployments=[primary()]), ServiceStatus.IN_PROGRESS),
    ],
    ids=["scales in", "too few described", "old tasks run", "another one starts", "not complete"],
)
def test_service_that_scales_in_has_succeeded_once_all_desired_tasks_run(
    tasks: Sequence[Task], observed: Service, expected: ServiceStatus
) -> None:
    assert judged(rolled(*tasks, observed=observed)) is expected
