"""Whether all new tasks run well while the rollout is not complete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import after
from tests.rules.states import (
    BEFORE,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    ago,
    primary,
    resolving,
    service,
    stopped,
    task,
    track,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.rollout.aws_clock import CLOCK_RESOLUTION
from weco_deploy.sandbox.ecs.trouble import START_FAILS

OLD_TASK = task("t0", of=BEFORE, digest=OLD)


def draining(*new: Task, desired: int = 2) -> ServiceView:
    """An old task still runs beside these new ones."""
    described = service(desired=desired, running=len(new) + 1, deployments=[primary(), active(running=1)])
    return view(described, [*new, OLD_TASK])


def starting() -> ServiceView:
    """No task of ours runs yet."""
    return view(
        service(desired=2, running=1, deployments=[primary(running=0), active(running=1)]), [OLD_TASK]
    )


def test_nothing_speaks_against_the_image_while_all_new_tasks_run() -> None:
    now = after(draining(task("t1"), task("t2")))
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "observed",
    [
        draining(task("t1"), task("t2", started=ago(3))),
        draining(task("t1"), task("t2", digest=None)),
    ],
    ids=["too young", "without a digest"],
)
def test_nothing_speaks_against_the_image_while_new_tasks_run_that_prove_nothing_yet(
    observed: ServiceView,
) -> None:
    now = after(observed)
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "observed",
    [draining(task("t1")), draining(task("t1"), task("t2", status="PENDING"))],
    ids=["too few", "starting"],
)
def test_nothing_speaks_against_the_image_while_new_tasks_only_start_slowly(observed: ServiceView) -> None:
    now = after(observed)
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "reason",
    [
        "RESOURCE:MEMORY",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "No Container Instances were found in your capacity provider.",
        *START_FAILS.values(),
    ],
)
def test_task_that_found_no_place_or_could_not_be_started_is_no_evidence(reason: str) -> None:
    homeless = [stopped(f"s{n}", code="TaskFailedToStart", reason=reason) for n in range(4)]
    now = after(replace(starting(), stopped=tuple(homeless)))
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "failure",
    [
        stopped("s1"),
        stopped("s1", code="TaskFailedToStart", reason="CannotPullContainerError: manifest unknown"),
        stopped("s1", code="ServiceSchedulerInitiated", reason="Task failed ELB health checks"),
    ],
    ids=["exit", "pull", "health check"],
)
def test_failed_task_is_evidence_against_the_image(failure: Task) -> None:
    assert after(replace(starting(), stopped=(failure,))).blames_image


def test_unhealthy_task_is_evidence_against_the_image() -> None:
    assert after(draining(task("t1"), task("t2", health="UNHEALTHY"))).blames_image


def test_failure_before_enough_tasks_ran_for_long_is_no_evidence_any_more() -> None:
    observed = replace(draining(task("t1"), task("t2")), stopped=(stopped("s1", at=2.5),))
    assert not after(observed).blames_image


def test_first_answer_that_shows_ecs_rolling_back_is_evidence_against_the_image() -> None:
    back = primary(LATER, reason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")
    observed = view(service(desired=2, deployments=[back, active(OURS, state="FAILED")]))
    now = after(starting(), observed)
    assert now.blames_image or now.status is ServiceStatus.FAILED


def test_wrong_digest_of_the_service_revision_is_a_failure_while_old_tasks_run() -> None:
    observed = draining(task("t1", digest=None), task("t2", digest=None))
    assert after(replace(observed, resolved=(resolving(OLD),))).status is ServiceStatus.FAILED
    assert after(replace(observed, resolved=(resolving(NEW),))).status is ServiceStatus.IN_PROGRESS


def test_time_is_extended_by_what_young_new_tasks_lack_beside_old_ones() -> None:
    young = draining(task("t1"), task("t2", started=ago(4)))
    assert after(young).more_seconds == 6 + CLOCK_RESOLUTION
    assert after(draining(task("t1", started=ago(4)))).more_seconds == 0
    assert after(draining(task("t1"), task("t2"))).more_seconds == 0
    assert after(young, start=replace(track(), leave_old_tasks=False)).more_seconds == 0


def test_wrong_digest_is_a_failure_all_the_same() -> None:
    assert after(draining(task("t1"), task("t2", digest=OTHER))).status is ServiceStatus.FAILED
