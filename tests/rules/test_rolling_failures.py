"""When a ROLLING deployment has failed or was superseded, and for which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import OLD_ANSWER, STARTING, after, judged, overtaken, rolled
from tests.rules.states import (
    BEFORE,
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
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import EcsDeployment, ServiceView
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM_PREVIOUS
from weco_deploy.rules.rollout.wrong_digests import CAUSES

# Superseded


@pytest.mark.parametrize("ours_listed", [True, False])
def test_later_deployment_supersedes_ours_in_the_second_poll(ours_listed: bool) -> None:
    observed = overtaken(ours_listed=ours_listed)
    assert judged(STARTING, observed) is ServiceStatus.IN_PROGRESS
    now = after(STARTING, observed, observed)
    assert now.status is ServiceStatus.SUPERSEDED
    assert now.reason == f"a later deployment, {LATER}, took over from ours, {OURS}, with other images"


def test_later_deployment_supersedes_ours_if_it_began_before_the_first_poll() -> None:
    observed = overtaken(ours_listed=False)
    assert judged(observed, observed) is ServiceStatus.SUPERSEDED


@pytest.mark.parametrize("between", [None, STARTING])
def test_later_deployment_supersedes_ours_only_after_two_polls_in_a_row(between: ServiceView | None) -> None:
    assert judged(overtaken(), between, overtaken()) is ServiceStatus.IN_PROGRESS


def test_later_deployment_that_failed_itself_is_no_rollback_of_ours() -> None:
    observed = overtaken(reason="ECS deployment circuit breaker: tasks failed to start.")
    assert judged(observed, observed) is ServiceStatus.SUPERSEDED


def test_ecs_rollback_to_our_deployment_is_no_rollback_of_ours() -> None:
    observed = overtaken(reason=f"ECS deployment circuit breaker: rolling back to deploymentId {OURS}.")
    assert judged(observed, observed) is ServiceStatus.SUPERSEDED


# ECS's own verdict: the circuit breaker


def test_rollout_state_failed_is_a_failure_at_once_with_ecs_reason() -> None:
    why = "ECS deployment circuit breaker: tasks failed to start."
    now = after(view(service(desired=2, deployments=[primary(state="FAILED", reason=why)])))
    assert (now.status, now.reason) == (ServiceStatus.FAILED, why)


def test_rollout_state_failed_without_a_reason_is_attributed_to_ecs() -> None:
    now = after(view(service(desired=2, deployments=[primary(state="FAILED")])))
    assert now.reason == "ECS says that its rollout failed"


@pytest.mark.parametrize("back", [primary(LATER, reason="rolling back"), primary(BEFORE)])
def test_rollback_is_a_failure_at_once_if_our_deployment_is_listed_as_failed(back: EcsDeployment) -> None:
    failed = active(OURS, state="FAILED", reason="tasks failed to start")
    now = after(view(service(running=2, deployments=[back, failed])))
    assert (now.status, now.reason) == (ServiceStatus.FAILED, "tasks failed to start")


def test_rollback_that_completed_is_a_failure() -> None:
    back = primary(LATER, completed=True, reason=f"rolling back to deploymentId {BEFORE}")
    observed = view(service(running=2, deployments=[back]), [task("t1", of=LATER, digest=OLD)] * 2)
    now = after(observed, observed)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == f"ECS rolled back to {LATER}: rolling back to deploymentId {BEFORE}"


def test_rollback_without_its_reason_is_known_by_the_service_events() -> None:
    events = (f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start.",)
    observed = overtaken(ours_listed=False, reason="ECS deployment completed.", events=events)
    assert judged(observed, observed) is ServiceStatus.FAILED


def test_rollback_is_known_by_an_older_primary_deployment() -> None:
    back = view(service(running=2, deployments=[primary(BEFORE), active(OURS, state="IN_PROGRESS")]))
    assert judged(back) is ServiceStatus.IN_PROGRESS
    now = after(back, back)
    assert (now.status, now.reason) == (
        ServiceStatus.FAILED,
        f"ECS rolled back to {BEFORE}: it gives no reason",
    )


def test_rollback_is_known_by_an_older_primary_deployment_without_a_recorded_previous_one() -> None:
    back = view(service(running=2, deployments=[primary(BEFORE), active(OURS, state="IN_PROGRESS")]))
    assert judged(back, back, start=track(previous=None)) is ServiceStatus.FAILED


def test_rollback_to_the_previous_deployment_counts_once_it_can_not_be_an_old_answer() -> None:
    fewer = [OLD_ANSWER] * (POLLS_TO_CONFIRM_PREVIOUS - 1)
    assert judged(STARTING, *fewer) is ServiceStatus.IN_PROGRESS
    assert judged(STARTING, *fewer, OLD_ANSWER) is ServiceStatus.FAILED


# Wrong digests


def test_wrong_digest_in_a_task_of_ours_fails_at_once() -> None:
    observed = view(
        service(desired=2, running=1, deployments=[primary()]),
        [task("t1", digest=OTHER)],
    )
    now = after(observed)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (f"task t1 runs sha256:6f7468657200 of search, which is not the release's{CAUSES}")


def test_wrong_digest_in_one_of_several_containers_fails() -> None:
    mixed = [container(NEW), container(OLD, name="worker")]
    assert judged(rolled(task("t1"), task("t2", containers=mixed))) is ServiceStatus.FAILED


def test_old_digests_in_old_tasks_are_no_failure() -> None:
    observed = view(
        service(desired=1, running=2, deployments=[primary(running=1), active(running=1)]),
        [task("t1"), task("t0", of=BEFORE, digest=OLD)],
    )
    assert judged(observed, observed, observed) is ServiceStatus.IN_PROGRESS


def test_wrong_digest_in_a_task_that_may_not_be_ours_is_no_failure() -> None:
    maybe_ours = task(
        "t0", of=None, made=made_at(2), digest=OLD
    )  # created in the same second as our deployment
    surely_ours = task("t0", of=None, made=made_at(2.1), digest=OLD)
    assert judged(rolled(task("t1"), maybe_ours)) is ServiceStatus.IN_PROGRESS
    assert judged(rolled(task("t1"), surely_ours)) is ServiceStatus.FAILED


def test_rollback_before_the_first_poll_is_known_by_the_service_events() -> None:
    failure = f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start."
    back = view(service(running=2, deployments=[primary(BEFORE, completed=True)], events=(failure,)))
    start = replace(track(), previous_id=BEFORE)
    assert judged(back, start=start) is ServiceStatus.IN_PROGRESS
    now = after(back, back, start=start)
    assert now.status is ServiceStatus.FAILED
    assert now.reason == f"ECS rolled back to {BEFORE}: it gives no reason"


@pytest.mark.parametrize(
    ("digest", "status"),
    [(NEW, ServiceStatus.FAILED), (OLD, ServiceStatus.IN_PROGRESS)],
    ids=["ours", "other"],
)
def test_stopped_task_of_unknown_deployment_counts_only_if_it_ran_our_image(
    digest: str, status: ServiceStatus
) -> None:
    ended = [
        replace(stopped(f"t{number}"), deployment_id=None, containers=(container(digest),))
        for number in range(3)
    ]
    failing = view(service(desired=2, deployments=[primary(OURS)], breaker=False), ended=ended)
    assert judged(failing) is status
