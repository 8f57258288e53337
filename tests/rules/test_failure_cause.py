"""Why ECS ended a deployment, by what its verdict tells besides ECS's own words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.states import verdict
from weco_deploy.model.lifecycle import PAUSE, Lifecycle, LifecycleHook
from weco_deploy.model.service import ServiceDeployment
from weco_deploy.rules.rollout.failure_cause import failure_cause

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:check"
WATCHED = replace(verdict("MONITORING_COMPLETE", status="ROLLBACK_IN_PROGRESS"), alarms="MONITORING_COMPLETE")
"""Rolled back, although neither the circuit breaker nor an alarm did that."""


def with_hook(
    status: str, *, kind: str = "AWS_LAMBDA", target: str = LAMBDA, action: str = "ROLLBACK"
) -> ServiceDeployment:
    hook = LifecycleHook(kind=kind, status=status, target=target, at_timeout=action)
    return replace(WATCHED, lifecycle=Lifecycle(hooks=(hook,)))


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (replace(WATCHED, triggered_alarms=("errors", "slow")), "in alarm: errors, slow"),
        (replace(WATCHED, breaker="TRIGGERED", failures=3, threshold=3), "3 of 3 failures"),
        (with_hook("FAILED"), "the Lambda function check of a lifecycle hook failed"),
        (with_hook("FAILED", target=""), "a lifecycle hook failed"),
        (with_hook("TIMED_OUT"), "the Lambda function check of a lifecycle hook did not answer in time"),
        (with_hook("TIMED_OUT", kind=PAUSE, target=""), "nobody continued its pause before it expired"),
        (with_hook("FAILED", kind=PAUSE, target=""), "somebody rolled it back at a pause"),
        (WATCHED, "somebody rolled it back"),
        (replace(WATCHED, status="ROLLBACK_SUCCESSFUL"), "somebody rolled it back"),
        (replace(WATCHED, status="STOPPED"), "somebody stopped it"),
    ],
)
def test_each_cause_is_told_from_the_others(found: ServiceDeployment, cause: str) -> None:
    assert failure_cause(found) == cause


@pytest.mark.parametrize("status", ["SUCCEEDED", "TIMED_OUT"])
def test_hook_that_let_the_deployment_go_on_is_no_cause(status: str) -> None:
    assert failure_cause(with_hook(status, kind=PAUSE, action="CONTINUE")) == "somebody rolled it back"


@pytest.mark.parametrize(
    "found",
    [
        replace(WATCHED, breaker=""),
        replace(WATCHED, alarms=""),
        replace(WATCHED, alarms="TRIGGERED"),
        replace(WATCHED, status="IN_PROGRESS"),
    ],
)
def test_person_is_not_blamed_for_what_something_else_may_have_done(found: ServiceDeployment) -> None:
    assert failure_cause(found) == ""
