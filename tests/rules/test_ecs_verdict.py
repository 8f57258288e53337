"""What ECS's own verdict on our deployment decides, where it can be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import STARTING, TWO, after, judged, overtaken, rolled
from tests.rules.states import BEFORE, LATER, active, primary, service, verdict, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceDeployment, ServiceView
from weco_deploy.rules.rollout.ecs_verdict import ROLLED_BACK, UNDECIDED
from weco_deploy.rules.rollout.failure_cause import STOPPED
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM_PREVIOUS

DONE = rolled(*TWO)


def said(found: ServiceDeployment, polled: ServiceView = STARTING) -> ServiceView:
    return replace(polled, service_deployment=found)


@pytest.mark.parametrize("status", sorted(ROLLED_BACK))
def test_rollback_is_a_failure_at_once_although_our_deployment_is_still_primary(status: str) -> None:
    now = after(said(verdict(status=status, reason="because the circuit breaker threshold was exceeded.")))
    assert (now.status, now.reason) == (
        ServiceStatus.FAILED,
        "ECS rolls it back: because the circuit breaker threshold was exceeded.",
    )


def test_requested_rollback_is_explained_before_ecs_gives_a_reason() -> None:
    now = after(said(verdict(status="ROLLBACK_REQUESTED")))
    assert now.status is ServiceStatus.FAILED
    assert now.reason == (
        "ECS rolls it back: somebody requested that (ROLLBACK_REQUESTED), perhaps with StopServiceDeployment"
    )


@pytest.mark.parametrize("status", sorted(STOPPED))
def test_stop_is_a_failure_once_it_can_not_be_a_later_deployment(status: str) -> None:
    stopping = said(verdict(status=status))
    assert judged(*[stopping] * (POLLS_TO_CONFIRM_PREVIOUS - 1)) is ServiceStatus.IN_PROGRESS
    now = after(*[stopping] * POLLS_TO_CONFIRM_PREVIOUS)
    assert (now.status, now.reason) == (ServiceStatus.FAILED, "ECS stopped it: it gives no reason")


def test_stop_because_of_a_later_deployment_is_no_failure() -> None:
    stopping = said(verdict(status="STOP_REQUESTED"))
    later = said(verdict(of=LATER), overtaken())
    assert judged(stopping, stopping, later, later) is ServiceStatus.SUPERSEDED


@pytest.mark.parametrize("status", sorted(UNDECIDED))
def test_success_waits_until_ecs_calls_its_deployment_successful(status: str) -> None:
    waiting = after(said(verdict(status=status), DONE))
    assert waiting.status is ServiceStatus.IN_PROGRESS
    assert waiting.state == "waiting for ECS to call its deployment successful"
    assert judged(said(verdict(status="SUCCESSFUL"), DONE), start=waiting) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ROLLBACK_REQUESTED", ServiceStatus.IN_PROGRESS),
        ("ROLLBACK_IN_PROGRESS", ServiceStatus.IN_PROGRESS),
        ("ROLLBACK_SUCCESSFUL", ServiceStatus.SUCCEEDED),
    ],
)
def test_deployment_to_which_ecs_rolls_back_another_has_succeeded_once_the_rollback_is_complete(
    status: str, expected: ServiceStatus
) -> None:
    """Behind a Classic Load Balancer no rollout state tells it."""
    without_state = view(service(running=2, deployments=[primary(state=None)]), TWO)
    rolling_back = said(verdict(of=BEFORE, status=status), without_state)
    now = after(rolling_back, rolling_back)
    assert now.status is expected
    if expected is ServiceStatus.IN_PROGRESS:
        assert now.state == "waiting for ECS to complete its rollback to this deployment"


def test_successful_is_not_enough() -> None:
    below = view(service(desired=4, running=2, deployments=[primary(completed=True)]), TWO)
    assert judged(said(verdict(status="SUCCESSFUL"), below)) is ServiceStatus.IN_PROGRESS


def test_status_that_is_not_known_is_ignored() -> None:
    assert judged(said(verdict(status="SOMETHING_NEW"), DONE)) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("other", [BEFORE, LATER])
def test_verdict_on_another_deployment_is_ignored(other: str) -> None:
    assert judged(said(verdict(of=other, status="ROLLBACK_IN_PROGRESS"), DONE)) is ServiceStatus.SUCCEEDED
    assert judged(said(verdict(of=other), DONE)) is ServiceStatus.SUCCEEDED


def test_verdict_that_can_not_be_read_any_more_is_not_waited_for() -> None:
    waiting = after(said(verdict()))
    assert judged(DONE, start=waiting) is ServiceStatus.SUCCEEDED


def test_failure_by_an_alarm_names_the_alarm() -> None:
    failed = primary(state="FAILED", reason="ECS deployment failed: alarm(s) detected.")
    polled = view(service(desired=2, deployments=[failed]))
    now = after(said(verdict(status="ROLLBACK_IN_PROGRESS", alarms=["search-5xx"]), polled))
    assert now.reason == "ECS deployment failed: alarm(s) detected. (in alarm: search-5xx)"


def test_failure_by_the_circuit_breaker_names_its_count() -> None:
    why = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    triggered = verdict("TRIGGERED", status="ROLLBACK_IN_PROGRESS", reason=why, failures=3)
    assert after(said(triggered)).reason == f"ECS rolls it back: {why} (3 of 3 failures)"


def test_progress_shows_what_the_circuit_breaker_has_counted() -> None:
    now = after(said(verdict("MONITORING", failures=2)))
    assert now.state == "starting, 2 of the 3 failures at which its circuit breaker gives up"


def test_rollback_is_a_failure_at_once_although_the_earlier_deployment_is_primary_again() -> None:
    back = view(service(running=2, deployments=[primary(BEFORE), active("ecs-svc/2", state="IN_PROGRESS")]))
    assert judged(said(verdict(status="ROLLBACK_IN_PROGRESS"), back)) is ServiceStatus.FAILED
