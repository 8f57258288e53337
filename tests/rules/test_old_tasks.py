"""When old tasks may go on running beside a service that has succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from tests.rules.polls import after
from tests.rules.states import BEFORE, OLD, OTHER, active, ago, primary, service, task, track, verdict, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.rollout.old_tasks import tasks_to_ask_about

NEW_TASKS = (task("t1"), task("t2"))
BUSY, IDLE = task("t0", of=BEFORE, digest=OLD), task("t9", of=BEFORE, digest=OLD)
UNTIL = ago(-3600)


def beside(
    *old: Task,
    protected: Mapping[str, datetime | None] | None = None,
    new: Sequence[Task] = NEW_TASKS,
    counted: int | None = None,
    undescribed: int = 0,
    complete: bool = False,
    later: bool = False,
) -> ServiceView:
    """All new tasks run beside these old ones, or more of either if ECS counts more."""
    count = len(old) if counted is None else counted
    described = service(
        desired=2,
        running=len(new) + undescribed + count,
        deployments=[primary(completed=complete), active(running=count)],
    )
    return replace(
        view(replace(described, removes_old_tasks_later=later), [*new, *old]),
        protected={BUSY.arn: UNTIL} if protected is None else protected,
    )


def test_service_has_succeeded_when_all_old_tasks_are_protected() -> None:
    now = after(beside(BUSY))
    assert now.status is ServiceStatus.SUCCEEDED
    assert now.draining == (DrainingTask("t0", UNTIL, StaysBecause.SCALE_IN_PROTECTION),)


@pytest.mark.parametrize(
    "observed",
    [
        beside(BUSY, IDLE),
        beside(BUSY, counted=2),
        beside(BUSY, protected={}),
        beside(BUSY, undescribed=1),
        beside(BUSY, new=[task("t1")]),
        beside(BUSY, new=[task("t1"), task("t2", started=ago(3))]),
        beside(BUSY, new=[task("t1"), task("t2", digest=None)]),
        beside(BUSY, new=[task("t1"), task("t2", health="UNHEALTHY")]),
        beside(BUSY, new=[task("t1"), task("t2"), task("t3", status="PENDING")], counted=2),
    ],
    ids=[
        "another one is not",
        "another one drains",
        "not protected",
        "a new one was not described",
        "a new one is missing",
        "a new one is too young",
        "without a digest",
        "unhealthy",
        "more pending",
    ],
)
def test_service_is_still_in_progress_otherwise(observed: ServiceView) -> None:
    now = after(observed)
    assert (now.status, now.draining) == (ServiceStatus.IN_PROGRESS, ())


def test_new_tasks_must_pass_their_health_checks() -> None:
    new = [task("t1"), task("t2", health="UNKNOWN")]
    unchecked = replace(beside(BUSY, new=new), health_checked={"search-api:1": frozenset({"app"})})
    assert after(unchecked).status is ServiceStatus.IN_PROGRESS


def test_wrong_digest_of_a_new_task_is_a_failure_all_the_same() -> None:
    new = [task("t1"), task("t2", digest=OTHER)]
    assert after(beside(BUSY, new=new)).status is ServiceStatus.FAILED


def test_rollback_by_ecs_is_a_failure_all_the_same() -> None:
    found = verdict(status="ROLLBACK_IN_PROGRESS", reason="an alarm")
    assert after(replace(beside(BUSY), service_deployment=found)).status is ServiceStatus.FAILED


def test_environment_may_wait_for_protected_tasks() -> None:
    waiting = replace(track(), leave_old_tasks=False)
    now = after(beside(BUSY), start=waiting)
    assert (now.status, now.state) == (ServiceStatus.IN_PROGRESS, "1 old task still running")
    assert not now.blames_image
    assert tasks_to_ask_about(waiting, beside(BUSY)) == ()


def test_old_tasks_that_ecs_removes_after_its_early_success_may_stay() -> None:
    told_to_stop = replace(IDLE, status="RUNNING")
    polled = replace(
        beside(counted=1, complete=True, later=True, protected={}),
        stopped=(told_to_stop, replace(BUSY, status="STOPPED")),
    )
    now = after(polled)
    assert now.status is ServiceStatus.SUCCEEDED
    assert now.draining == (DrainingTask("t9", None, StaysBecause.EARLY_SUCCESS),)


@pytest.mark.parametrize(
    "observed",
    [
        beside(IDLE, later=True, protected={}),
        beside(IDLE, complete=True, protected={}),
        replace(beside(IDLE, complete=True, later=True, protected={}), service_deployment=verdict()),
    ],
    ids=["not complete", "no deferred clean-up", "ECS has not decided"],
)
def test_old_tasks_are_waited_for_before_the_early_success(observed: ServiceView) -> None:
    assert after(observed).status is ServiceStatus.IN_PROGRESS


def test_protected_task_that_stays_longest_is_named_first() -> None:
    now = after(beside(BUSY, IDLE, protected={BUSY.arn: ago(-60), IDLE.arn: ago(-120)}))
    assert [draining.task for draining in now.draining] == ["t9", "t0"]


def test_ecs_is_asked_about_old_tasks_only_while_all_new_ones_run() -> None:
    assert tasks_to_ask_about(track(), beside(BUSY, IDLE)) == (BUSY.arn, IDLE.arn)
    assert tasks_to_ask_about(track(), beside(BUSY, new=[task("t1")])) == ()
    assert tasks_to_ask_about(track(), beside()) == ()


@pytest.mark.parametrize(
    ("alarms", "state"),
    [
        ((), "settling"),
        (("search-5xx",), "baking: ECS watches the alarm search-5xx"),
        (("search-5xx", "search-4xx"), "baking: ECS watches the alarms search-5xx, search-4xx"),
    ],
)
def test_bake_time_names_its_alarms(alarms: tuple[str, ...], state: str) -> None:
    described = replace(service(running=2, deployments=[primary()]), alarms=alarms)
    now = after(view(described, NEW_TASKS))
    assert (now.status, now.state, now.blames_image) == (ServiceStatus.IN_PROGRESS, state, False)
    told = replace(view(described, NEW_TASKS), service_deployment=replace(verdict(), alarms="DISABLED"))
    assert after(told).state == "settling"


def test_bake_time_that_follows_the_draining_is_said_beside_it() -> None:
    observed = beside(IDLE)
    now = after(replace(observed, service=replace(observed.service, alarms=("search-5xx",))))
    assert now.state == "1 old task still running; then ECS watches the alarm search-5xx for a bake time"
