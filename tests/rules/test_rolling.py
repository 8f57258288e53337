"""The evidence on ROLLING deployments: what a poll reads, which deployment a task belongs to, steady state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.polls import DONE, TWO, judged, rolled
from tests.rules.states import (
    BEFORE,
    LATER,
    OURS,
    active,
    made_at,
    primary,
    service,
    task,
    track,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import (
    Service,
)
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.reading import Reads, reads
from weco_deploy.rules.rollout.steady_state import in_steady_state

# What a poll reads

READ = {
    "nothing before our deployment is listed": (
        service(running=2, deployments=[primary(BEFORE)]),
        Reads(False, False),
    ),
    "tasks and the revision once a later deployment of the same task definition is primary": (
        service(running=2, deployments=[primary(LATER), active(OURS, running=1)]),
        Reads(True, revision=True),
    ),
    "the revision and the definition once a later deployment of another task definition is primary": (
        service(desired=2, deployments=[replace(primary(LATER), task_definition="search-api:2")]),
        Reads(False, revision=True, definitions=("search-api:2",)),
    ),
    "nothing once ECS has rolled back": (
        service(running=2, deployments=[primary(LATER, reason="rolling back"), active(OURS, running=1)]),
        Reads(False, False),
    ),
    "no tasks while none runs": (service(desired=2, deployments=[primary()]), Reads(False, False)),
    "no tasks while only old ones run": (
        service(running=2, deployments=[primary(), active(running=2)]),
        Reads(False, False),
    ),
    "tasks once some of ours run": (
        service(desired=2, running=2, deployments=[primary(), active(running=1)]),
        Reads(True, False),
    ),
    "tasks in steady state although our deployment is listed without any": (
        service(running=2, deployments=[primary(completed=True, running=0)]),
        Reads(True, True),
    ),
    "stopped tasks without a circuit breaker": (
        service(desired=2, deployments=[primary()], breaker=False),
        Reads(False, True),
    ),
    "stopped tasks once the rollout is complete": (
        service(desired=2, running=1, deployments=[primary(completed=True, running=1)], breaker=True),
        Reads(True, True),
    ),
    "no stopped tasks while the circuit breaker counts them": (
        service(desired=2, running=1, deployments=[primary(running=1)], breaker=True),
        Reads(True, False),
    ),
    "no stopped tasks where none is desired": (
        service(desired=0, deployments=[primary()], breaker=False),
        Reads(False, False),
    ),
}


@pytest.mark.parametrize(("observed", "expected"), READ.values(), ids=READ.keys())
def test_poll_reads(observed: Service, expected: Reads) -> None:
    assert reads(track(), observed) == expected


def test_poll_reads_enough_for_success() -> None:
    observed = service(running=2, deployments=[DONE])
    assert reads(track(), observed).tasks
    assert judged(rolled(*TWO, observed=observed)) is ServiceStatus.SUCCEEDED


# Which deployment started a task


@pytest.mark.parametrize(("of", "expected"), [(OURS, True), (BEFORE, False), (LATER, False)])
def test_task_belongs_to_the_deployment_that_started_it(of: str, expected: bool) -> None:
    assert belongs(task("t1", of=of, made=made_at(2.5)), primary(OURS)) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-1, False), (-0.001, False), (0, True), (0.5, True), (60, True)]
)
def test_task_without_starter_belongs_to_the_deployment_by_its_time(seconds: float, expected: bool) -> None:
    made = made_at(2) + timedelta(seconds=seconds)
    assert belongs(task("t1", of=None, made=made), primary(OURS)) is expected


def test_task_belongs_to_a_deployment_created_in_the_same_second() -> None:
    deployment = replace(primary(OURS), created_at=made_at(2) + timedelta(milliseconds=700))
    assert belongs(task("t1", of=None, made=made_at(2)), deployment)
    assert not belongs(task("t1", of=None, made=made_at(2) - timedelta(seconds=1)), deployment)


def test_task_without_starter_and_time_belongs_to_no_deployment() -> None:
    assert not belongs(task("t1", of=None), primary(OURS))


# Steady state

STEADY = {
    "complete and the only deployment": (service(running=2, deployments=[primary(completed=True)]), True),
    "other deployments have no tasks": (
        service(running=2, deployments=[primary(completed=True), active()]),
        True,
    ),
    "none desired and none running": (service(desired=0, deployments=[primary(completed=True)]), True),
    "no rollout state, but all tasks": (service(running=2, deployments=[primary(state=None)]), True),
    "in progress": (service(running=2, deployments=[primary()]), False),
    "failed": (service(running=2, deployments=[primary(state="FAILED")]), False),
    "an unknown rollout state": (service(running=2, deployments=[primary(state="BAKING")]), False),
    "another runs tasks": (
        service(running=2, deployments=[primary(completed=True), active(running=1)]),
        False,
    ),
    "another starts tasks": (
        service(running=2, deployments=[primary(completed=True), active(pending=1)]),
        False,
    ),
    "complete, but a task is missing since": (
        service(desired=2, running=1, deployments=[primary(completed=True)]),
        False,
    ),
    "complete, but all have crashed since": (
        service(desired=2, running=0, deployments=[primary(completed=True)]),
        False,
    ),
    "a task too many": (service(desired=1, running=2, deployments=[primary(completed=True)]), False),
    "a task is starting": (service(running=2, pending=1, deployments=[primary(completed=True)]), False),
    "no rollout state and a task is missing": (
        service(desired=2, running=1, deployments=[primary(state=None)]),
        False,
    ),
    "no primary deployment": (service(running=2, deployments=[active(running=2)]), False),
}


@pytest.mark.parametrize(("observed", "expected"), STEADY.values(), ids=STEADY.keys())
def test_service_is_in_steady_state_if(observed: Service, expected: bool) -> None:
    assert in_steady_state(observed) is expected
