"""Which events of a service are shown as the explanation of trouble."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.states import LATER, OURS, made_at, primary, service
from weco_deploy.model.service import Service, ServiceEvent
from weco_deploy.rules.rollout.events import explaining, present_trouble

CREATED = made_at(2)
NAME = "(service search-api)"
UNPLACED = f"{NAME} was unable to place a task because no container instance met all of its requirements."
UNREGISTERED = (
    f"{NAME} failed to register targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b) "
    "with (error The target group 'a' does not exist)"
)
ROUTINE = (
    f"{NAME} has started 2 tasks: (task 0123456789abcdef) (task 123456789abcdef0).",
    f"{NAME} has reached a steady state.",
    f"{NAME} has stopped 1 running tasks: (task 0123456789abcdef).",
    f"{NAME} registered 1 targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/fail/b)",
    f"{NAME} deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b)",
    "(service search-api, taskSet ecs-svc/2) has begun draining connections on 1 tasks.",
    f"{NAME} (deployment {OURS}) deployment completed.",
    "(service error-reports) has started 1 tasks: (task 0123456789abcdef).",
)
TROUBLE = (
    UNPLACED,
    UNREGISTERED,
    f"{NAME} is unable to consistently start tasks successfully.",
    f"{NAME} (deployment {OURS}) deployment failed: tasks failed to start.",
    f"{NAME} operations are being throttled on elb. Will try again later.",
    f"{NAME} (port 80) is unhealthy in (target-group arn) due to (reason Health checks failed).",
    f"{NAME} rolling back to deployment ecs-svc/1.",
    f"{NAME} (task 0123456789abcdef) failed container health checks.",
)


def with_events(*messages: str, at: float = 3) -> Service:
    """A service with these events, the newest first, each a second older than the one before."""
    events = tuple(
        ServiceEvent(id=str(age), at=made_at(at) - timedelta(seconds=age), message=message)
        for age, message in enumerate(messages)
    )
    return replace(service(deployments=[primary()]), events=events)


def explained(observed: Service, most: int = 3) -> list[str]:
    return [event.message for event in explaining(observed, OURS, CREATED, most)]


def trouble(*messages: str, starting: bool = False) -> str:
    return present_trouble(with_events(*messages), OURS, CREATED, starting=starting)


@pytest.mark.parametrize("message", ROUTINE)
def test_event_without_trouble_is_not_shown(message: str) -> None:
    assert explained(with_events(message)) == []


@pytest.mark.parametrize("message", TROUBLE)
def test_event_that_reports_trouble_is_shown(message: str) -> None:
    assert explained(with_events(*ROUTINE, message)) == [message]


def test_newest_events_are_shown_first_and_alike_ones_once() -> None:
    alike = [f"{NAME} (task {number}123456789abcdef) failed container health checks." for number in range(5)]
    assert explained(with_events(*alike, UNPLACED)) == [alike[0], UNPLACED]
    assert explained(with_events(*alike, UNPLACED), most=1) == [alike[0]]


GAVE_UP = (
    f"{NAME} rolling back to deployment ecs-svc/1.",
    f"{NAME} (deployment {OURS}) deployment failed: tasks failed to start.",
    f"{NAME} is unable to consistently start tasks successfully.",
)


def test_event_that_tells_why_is_shown_though_the_newest_ones_only_say_that_ecs_gave_up() -> None:
    older = f"{NAME} operations are being throttled on elb. Will try again later."
    assert explained(with_events(*GAVE_UP, UNPLACED, older)) == [*GAVE_UP[:2], UNPLACED]


def test_events_that_say_that_ecs_gave_up_are_shown_if_there_are_no_others() -> None:
    assert explained(with_events(*GAVE_UP, *ROUTINE)) == list(GAVE_UP)
    assert explained(with_events(*GAVE_UP[:2], UNPLACED)) == [*GAVE_UP[:2], UNPLACED]


def test_event_from_before_the_deployment_is_not_shown() -> None:
    assert explained(with_events(UNPLACED, at=1.9)) == []


def test_event_of_the_second_in_which_the_deployment_was_created_is_shown() -> None:
    created = CREATED + timedelta(milliseconds=900)
    assert explaining(with_events(UNPLACED, at=2), OURS, created, 3)


def test_event_that_names_another_deployment_is_not_shown() -> None:
    assert (
        explained(with_events(f"{NAME} (deployment {LATER}) deployment failed: tasks failed to start.")) == []
    )


def test_present_trouble_is_over_once_ecs_started_a_task_unless_tasks_are_still_starting() -> None:
    started = ROUTINE[0]
    assert trouble(UNPLACED) == UNPLACED.removesuffix(".")
    assert trouble(started, UNPLACED) == ""
    assert trouble(started, UNPLACED, starting=True) == UNPLACED.removesuffix(".")


@pytest.mark.parametrize("starting", [True, False])
def test_present_trouble_is_over_once_the_service_is_steady(starting: bool) -> None:
    assert trouble(f"{NAME} has reached a steady state.", UNPLACED, starting=starting) == ""
