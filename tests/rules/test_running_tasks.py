"""What a service runs, before a deployment and at each poll."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.states import (
    BEFORE,
    NEW,
    OLD,
    OTHER,
    OURS,
    ago,
    expecting,
    primary,
    service,
    task,
    track,
    up,
    view,
)
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import EcsDeployment
from weco_deploy.rules.rollout.running_tasks import tasks_before, tasks_now

KNOWN = RunningTasks(desired=2, new=0, old=2, old_digests={"search": OLD})


def running(ecs_deployment_id: str, tasks: int, reason: str = "") -> EcsDeployment:
    return replace(primary(ecs_deployment_id), status="ACTIVE", running=tasks, rollout_reason=reason)


def test_digests_before_a_deployment_are_those_that_all_tasks_report() -> None:
    before = tasks_before(up(OLD, OLD, of=BEFORE), (expecting(NEW),))
    assert (before.new, before.old, before.old_digests) == (0, 2, {"search": OLD})


@pytest.mark.parametrize("digests", [(OLD, OTHER), (None, None)])
def test_digests_before_a_deployment_are_unknown_if_tasks_disagree_or_report_none(
    digests: tuple[str | None, ...],
) -> None:
    assert not tasks_before(up(*digests, of=BEFORE), (expecting(NEW),)).old_digests


def test_digests_before_a_deployment_are_unknown_if_not_all_tasks_were_described() -> None:
    seen = up(OLD, of=BEFORE)
    more = replace(seen, service=replace(seen.service, running=2))
    assert not tasks_before(more, (expecting(NEW),)).old_digests


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (running(BEFORE, 2), True),
        (running("ecs-svc/3", 2), False),
        (running("ecs-svc/3", 2, f"rolling back to deploymentId {BEFORE}."), True),
        (running("ecs-svc/3", 2, f"rolling back to deploymentId {BEFORE}2."), False),
    ],
    ids=["the deployment before", "a stranger's", "ECS's rollback with a new id", "a rollback to another"],
)
def test_old_tasks_run_what_ran_before_if_ecs_started_them_for_that_deployment(
    other: EcsDeployment, known: bool
) -> None:
    seen = view(
        service("search-api", running=3, deployments=[replace(primary(OURS), running=1), other]), None
    )
    now = tasks_now(track(), seen, KNOWN)
    assert (now.new, now.old) == (1, 2)
    assert now.old_digests == ({"search": OLD} if known else {})


def test_old_task_that_runs_another_image_contradicts_the_digests_from_before() -> None:
    unpinned = task("t1", of=BEFORE, digest=NEW, started=ago(5))
    seen = view(service("search-api", running=1, deployments=[primary(OURS), running(BEFORE, 1)]), [unpinned])
    assert not tasks_now(track(), seen, KNOWN).old_digests


def test_adopted_rollout_knows_nothing_of_old_tasks() -> None:
    adopted = track(previous=OURS)
    seen = view(service("search-api", running=1, deployments=[primary(OURS), running(BEFORE, 1)]), None)
    assert not tasks_now(adopted, seen, KNOWN).old_digests
