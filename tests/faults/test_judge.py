"""The judge of random deployments notices each kind of lie, and nothing in a deployment that tells the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.judge import Judge
from tests.operations.runs import release, release_deploy, request
from tests.world import World, crash, slow
from tests.world.projects import ONE_AND_ONE, THREE_WAVES
from weco_deploy.model.deployment import Deployment, ServiceStatus
from weco_deploy.model.events import Claimed, Event, Progress, ServiceRedeployed, ServiceSettled, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.operations.deploy import deploy

Lie = Callable[[Event, Deployment], Event]


def says(status: ServiceStatus, reason: str = "") -> Lie:
    """The service has that status now."""

    def lie(event: Event, _: Deployment) -> Event:
        assert isinstance(event, Progress | ServiceSettled)
        outcome = replace(event.outcome, status=status, reason=reason)
        return ServiceSettled(outcome, event.running, event.desired, event.at, event.since)

    return lie


def rolls_back(_: Event, deployment: Deployment) -> Event:
    return Claimed(replace(deployment, kind=Kind.ROLLBACK))


def findings(world: World, lie: Lie | None = None, after: float = 0.0) -> list[str]:
    """What the judge finds in a deployment, of which one poll after so many seconds was replaced by a lie."""
    judge = Judge(world, interval=2.0, stable_for=0.0)
    claimed: list[Deployment] = []
    lies = [lie] if lie else []
    world.lag(0)
    ports = world.ports()

    def hear(event: Event) -> None:
        if isinstance(event, Claimed) and not claimed:
            claimed.append(event.deployment)
        polled = isinstance(event, Progress | ServiceSettled)
        if polled and lies and (world.now() - ports.began).total_seconds() >= after:
            judge.hear(lies.pop()(event, claimed[0]))
        else:
            judge.hear(event)

    deploy(request(release(ports), interval=2.0, stable_for=0.0), ports, lambda _: True, hear)
    assert not lies
    return judge.findings


def pushed(**image: object) -> World:
    world = World.of(ONE_AND_ONE)
    world.push("search", **image)  # type: ignore[arg-type]  # of `push`
    return world


@pytest.mark.parametrize(
    ("lie", "after", "found"),
    [
        (says(ServiceStatus.SUCCEEDED), 0, "wrong success"),
        (says(ServiceStatus.NOTHING_RUNNING), 12, "wrong nothing_running"),
        (says(ServiceStatus.FAILED, "tasks failed"), 12, "wrong failure"),
        (says(ServiceStatus.SUPERSEDED, "by another"), 12, "wrong supersession"),
        (rolls_back, 0, "healthy release rolled back"),
        (rolls_back, 14, "healthy release rolled back"),
    ],
)
def test_lie_about_a_good_image_is_found(lie: Lie, after: float, found: str) -> None:
    assert any(finding.startswith(found) for finding in findings(pushed(), lie, after))


def test_rollback_of_a_slow_image_is_found() -> None:
    found = findings(pushed(behaviour=slow(100)), rolls_back, 60)
    assert any(finding.startswith("healthy release rolled back") for finding in found)


def test_success_of_an_image_that_crashed_is_found() -> None:
    found = findings(pushed(behaviour=crash()), says(ServiceStatus.SUCCEEDED), 20)
    assert any(finding.startswith("wrong success") for finding in found)


def test_failure_that_names_neither_container_nor_exit_code_is_found() -> None:
    failed = says(ServiceStatus.FAILED, "something is wrong")
    assert any(
        "neither container and exit code" in finding
        for finding in findings(pushed(behaviour=crash()), failed, 18)
    )


@pytest.mark.parametrize("image", [{}, {"behaviour": crash()}, {"behaviour": slow(100)}])
def test_true_verdicts_are_no_findings(image: dict[str, object]) -> None:
    assert findings(pushed(**image)) == []


def test_rollback_of_an_image_that_crashed_is_right() -> None:
    found = findings(pushed(behaviour=crash()), rolls_back, 20)
    assert not any(finding.startswith("healthy release rolled back") for finding in found)


@pytest.mark.parametrize(
    ("kind", "service_id", "found"),
    [
        (Kind.DEPLOY, "search-api", []),
        (Kind.DEPLOY, "web", ["redeployed before the wave of items-api was over: web"]),
        (Kind.ROLLBACK, "web", []),
        (Kind.ROLLBACK, "search-api", ["redeployed before the wave of items-api was over: search-api"]),
    ],
)
def test_redeployment_before_its_wave_is_found(kind: Kind, service_id: str, found: list[str]) -> None:
    world, deployment = deployed_in_waves()
    begun = tuple(
        replace(outcome, status=ServiceStatus.PENDING, ecs_deployment_id=None)
        for outcome in deployment.services
    )
    judge = Judge(world, interval=2.0, stable_for=0.0)
    judge.hear(Claimed(replace(deployment, kind=kind, services=begun)))
    key = world.look(service_id, "stage").key

    judge.hear(ServiceRedeployed(service_id, key, "ecs-svc/1"))

    assert judge.findings == found


def test_service_that_was_not_started_in_a_success_is_found() -> None:
    world, deployment = deployed_in_waves()
    services = tuple(
        replace(outcome, status=ServiceStatus.NOT_STARTED, ecs_deployment_id=None)
        if outcome.service_id == "web"
        else outcome
        for outcome in deployment.services
    )
    judge = Judge(world, interval=2.0, stable_for=0.0)
    judge.hear(Claimed(replace(deployment, services=services)))

    judge.hear(Settled(replace(deployment, services=services)))

    assert any(finding.startswith("wrongly not started: web") for finding in judge.findings)


def deployed_in_waves() -> tuple[World, Deployment]:
    """A world, and what was deployed there in three waves."""
    world = World.of(THREE_WAVES)
    return world, release_deploy(world)
