"""What is said of a deployment that shifts traffic, what it needs for success, and how long ECS makes it wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.rules.polls import TWO, after
from tests.rules.states import LATER, NOW, OURS, primary, service, track, verdict, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.lifecycle import Lifecycle, LifecycleHook, TrafficShift
from weco_deploy.model.service import Service, ServiceDeployment, ServiceView
from weco_deploy.rules.rollout.strategies import STRATEGIES, strategy_of
from weco_deploy.rules.rollout.track import Track

SHIFT = TrafficShift(steps=4, step_bake=timedelta(minutes=9), bake=timedelta(minutes=4))


def canary(shift: TrafficShift = SHIFT) -> Service:
    return replace(service(running=1, strategy="CANARY"), traffic_shift=shift)


def at(lifecycle: Lifecycle, status: str = "IN_PROGRESS", since: timedelta = timedelta(0)) -> Track:
    verdict = ServiceDeployment(arn="arn", status=status, target_revision="revision/1", lifecycle=lifecycle)
    return replace(track(), verdict=verdict, phase_since=NOW - since)


def said(lifecycle: Lifecycle, since: timedelta = timedelta(0)) -> str:
    shifting = canary()
    return strategy_of(shifting).state(at(lifecycle, since=since), view(shifting, ()))


@pytest.mark.parametrize(
    ("stage", "production", "seconds", "expected"),
    [
        ("RECONCILE_SERVICE", 0.0, 0, "preparing green"),
        ("PRE_SCALE_UP", 0.0, 0, "preparing green"),
        ("SCALE_UP", 0.0, 0, ""),
        ("POST_SCALE_UP", 0.0, 0, "green runs, without traffic"),
        ("TEST_TRAFFIC_SHIFT", 0.0, 0, "test traffic on green"),
        ("POST_TEST_TRAFFIC_SHIFT", 0.0, 0, "test traffic on green"),
        ("PRODUCTION_TRAFFIC_SHIFT", 0.0, 0, "0% of production traffic"),
        ("PRODUCTION_TRAFFIC_SHIFT", 10.0, 0, "10% of production traffic, next step in 9 min"),
        ("PRODUCTION_TRAFFIC_SHIFT", 33.3, 61, "33.3% of production traffic, next step in 8 min"),
        ("PRODUCTION_TRAFFIC_SHIFT", 10.0, 500, "10% of production traffic, next step in less than a minute"),
        ("PRODUCTION_TRAFFIC_SHIFT", 10.0, 900, "10% of production traffic, next step in less than a minute"),
        ("PRODUCTION_TRAFFIC_SHIFT", 100.0, 0, "100% of production traffic"),
        ("POST_PRODUCTION_TRAFFIC_SHIFT", 100.0, 0, "100% of production traffic"),
        ("BAKE_TIME", 100.0, 0, "baking, 4 min left"),
        ("BAKE_TIME", 100.0, 200, "baking, less than a minute left"),
        ("CLEAN_UP", 100.0, 0, "100% of production traffic, old tasks stop"),
        ("SOMETHING_NEW", 0.0, 0, "in the stage SOMETHING_NEW"),
    ],
)
def test_each_stage_is_said_in_plain_words(
    stage: str, production: float, seconds: int, expected: str
) -> None:
    assert said(Lifecycle(stage=stage, production=production), timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (
            LifecycleHook(
                kind="PAUSE",
                status="AWAITING_ACTION",
                expires_at=datetime(2026, 1, 1, 15, 10, tzinfo=UTC),
                at_timeout="ROLLBACK",
            ),
            "paused by a hook until 15:10Z, then rolls back",
        ),
        (
            LifecycleHook(
                kind="PAUSE",
                status="AWAITING_ACTION",
                expires_at=datetime(2026, 1, 1, 9, 5, tzinfo=UTC),
                at_timeout="CONTINUE",
            ),
            "paused by a hook until 09:05Z, then continues",
        ),
        (LifecycleHook(kind="PAUSE", status="AWAITING_ACTION"), "paused by a hook"),
        (
            LifecycleHook(
                kind="AWS_LAMBDA", status="IN_PROGRESS", target="arn:aws:lambda:eu-west-1:1:function:check"
            ),
            "waiting for the Lambda function check of a hook",
        ),
        (LifecycleHook(kind="AWS_LAMBDA", status="IN_PROGRESS"), "waiting for a hook"),
        (LifecycleHook(kind="PAUSE", status="SUCCEEDED"), "green runs, without traffic"),
    ],
)
def test_hook_that_is_waited_for_is_said_before_the_stage(hook: LifecycleHook, expected: str) -> None:
    assert said(Lifecycle(stage="POST_SCALE_UP", hooks=(hook,))) == expected


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "SOMETHING_NEW"])
def test_only_a_successful_verdict_allows_success(status: str) -> None:
    shifting, polled = strategy_of(canary()), view(canary(), ())
    waiting = "waiting for ECS to call its deployment successful"

    assert shifting.waits_for(at(Lifecycle(), status), polled) == waiting
    assert "can't be read" in shifting.waits_for(track(), polled)
    assert shifting.waits_for(at(Lifecycle(), "SUCCESSFUL"), polled) == ""
    assert strategy_of(service(running=1)).waits_for(track(), polled) == ""


def test_deployment_that_ecs_has_rolled_back_to_needs_no_verdict_of_its_own() -> None:
    back = view(replace(canary(), deployments=(primary(OURS),)), ())
    shifting, failed = strategy_of(canary()), replace(verdict(of=LATER), status="ROLLBACK_SUCCESSFUL")

    assert shifting.waits_for(track(), replace(back, service_deployment=failed)) == ""
    for status in ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "SUCCESSFUL"):
        unsure = replace(back, service_deployment=replace(failed, status=status))
        assert "can't be read" in shifting.waits_for(track(), unsure)
    still_primary = replace(back, service_deployment=replace(verdict(of=OURS), status="ROLLBACK_SUCCESSFUL"))
    assert "can't be read" in shifting.waits_for(track(), still_primary)


def test_own_wait_is_the_sum_of_steps_and_bake_time_without_pauses() -> None:
    paused = canary(replace(SHIFT, pauses=(timedelta(minutes=30), timedelta(minutes=5))))

    assert strategy_of(paused).own_wait(paused) == timedelta(minutes=3 * 9 + 4)
    assert strategy_of(service(running=1)).own_wait(service(running=1)) == timedelta(0)


def test_only_rolling_deployments_leave_old_tasks_behind() -> None:
    assert {name for name, strategy in STRATEGIES.items() if strategy.old_tasks_may_stay} == {"ROLLING"}


def polled(stage: str, status: str = "IN_PROGRESS", state: str | None = None) -> ServiceView:
    """A canary deployment whose two tasks are the only ones that run, with a `rolloutState` or without one."""
    number = OURS.rpartition("/")[2]
    verdict = ServiceDeployment(
        arn="arn",
        status=status,
        target_revision=f"service-revision/catalogue/search-api/{number}",
        lifecycle=Lifecycle(stage=stage, production=100.0),
    )
    shifting = service(running=2, deployments=[primary(state=state)], strategy="CANARY")
    return replace(view(replace(shifting, traffic_shift=SHIFT), TWO), service_deployment=verdict)


@pytest.mark.parametrize("state", [None, "COMPLETED"])
def test_tasks_that_all_run_are_no_success_before_ecs_says_so(state: str | None) -> None:
    baking = after(polled("BAKE_TIME", state=state), polled("BAKE_TIME", state=state))
    done = after(
        polled("CLEAN_UP", "SUCCESSFUL", state), polled("CLEAN_UP", "SUCCESSFUL", state), start=baking
    )

    assert (baking.status, baking.state) == (ServiceStatus.IN_PROGRESS, "baking, 4 min left")
    assert done.status is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"])
def test_rollback_fails_the_deployment_in_the_first_poll_that_shows_it(status: str) -> None:
    assert after(polled("BAKE_TIME"), polled("BAKE_TIME", status)).status is ServiceStatus.FAILED


def test_time_of_a_step_counts_from_the_poll_that_first_showed_it() -> None:
    first = polled("BAKE_TIME")
    later = replace(first, service=replace(first.service, as_of=NOW + timedelta(minutes=2)))
    another_step = polled("CLEAN_UP")

    assert after(first, later).state == "baking, 2 min left"
    assert after(first, later).phase_since == NOW
    assert after(first, replace(another_step, service=later.service)).phase_since == later.service.as_of
