"""The waves in which services are redeployed, and the results of waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from weco_deploy.model.deployment import ServiceOutcome, ServiceStatus
from weco_deploy.model.plan import Action, PlannedService, Wave
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import WAVE, StepOutcome, StepStatus
from weco_deploy.rules.waves import ended, in_waves, intended_waves


def service(service_id: str, action: Action = Action.REDEPLOY) -> PlannedService:
    return PlannedService(
        service_id=service_id,
        key=ServiceKey("cluster", service_id),
        images=(service_id,),
        action=action,
        why="",
        expected=(),
        desired=1,
        breaker=False,
    )


def outcome(service_id: str, status: ServiceStatus) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=service_id, key=ServiceKey("cluster", service_id), images=(), status=status
    )


def numbers(ids: str, after: Mapping[str, Sequence[str]], *, backwards: bool = False) -> dict[str, int]:
    planned = in_waves([service(service_id) for service_id in ids], after, backwards=backwards)
    return {found.service_id: found.wave for found in planned}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param({}, {"a": 1, "b": 1, "c": 1}, id="no service names another"),
        pytest.param({"b": ["a"]}, {"a": 1, "b": 2, "c": 1}, id="one comes after another"),
        pytest.param({"c": ["b"], "b": ["a"]}, {"a": 1, "b": 2, "c": 3}, id="a chain"),
        pytest.param({"c": ["a", "b"], "b": ["a"]}, {"a": 1, "b": 2, "c": 3}, id="the last one counts"),
        pytest.param(
            {"b": ["x"], "x": ["a"]}, {"a": 1, "b": 2, "c": 1}, id="by way of one that is not planned"
        ),
        pytest.param({"a": ["x"], "b": ["x"], "c": ["x"]}, {"a": 1, "b": 1, "c": 1}, id="no wave is empty"),
    ],
)
def test_service_is_in_the_wave_after_those_that_it_names(
    after: Mapping[str, Sequence[str]], expected: Mapping[str, int]
) -> None:
    assert numbers("abc", after) == expected


def test_backwards_the_last_wave_is_the_first() -> None:
    assert numbers("abc", {"c": ["b"], "b": ["a"]}, backwards=True) == {"a": 3, "b": 2, "c": 1}


def test_single_wave_is_no_step() -> None:
    assert list(intended_waves([Wave(number=1, services=(service("a"),))])) == []


def test_wave_without_changes_is_skipped() -> None:
    waves = [
        Wave(number=1, services=(service("a", Action.LEAVE),)),
        Wave(number=2, services=(service("b", Action.ADOPT),)),
    ]
    assert [(step.id, step.status) for step in intended_waves(waves)] == [
        ("wave 1", StepStatus.SKIPPED),
        ("wave 2", StepStatus.PENDING),
    ]


@pytest.mark.parametrize(
    ("statuses", "status", "detail"),
    [
        ((ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED), StepStatus.SUCCEEDED, ""),
        ((ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS), StepStatus.FAILED, "a failed, b in progress"),
        ((ServiceStatus.SUCCEEDED, ServiceStatus.IN_PROGRESS), StepStatus.TIMED_OUT, "b in progress"),
    ],
)
def test_wave_ends_as_its_services_do(
    statuses: tuple[ServiceStatus, ServiceStatus], status: StepStatus, detail: str
) -> None:
    wave = Wave(number=1, services=(service("a"), service("b")))
    outcomes = [*map(outcome, "ab", statuses), outcome("other", ServiceStatus.FAILED)]
    step = ended(StepOutcome(id="wave 1", kind=WAVE), wave, outcomes)
    assert (step.status, step.detail) == (status, detail)
