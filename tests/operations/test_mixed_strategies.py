"""A project of ten services with all deployment strategies: deployed, promoted, failed in each way, rolled back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.operations.runs import promote, release_deploy, rollback, statuses
from tests.world import World, crash
from tests.world.projects import project
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
    "timeoutConfiguration": {"timeoutInMinutes": 2, "action": "CONTINUE"},
}
PAUSE_THAT_EXPIRES = {**PAUSE, "timeoutConfiguration": {"timeoutInMinutes": 2, "action": "ROLLBACK"}}
FUNCTION = {
    "hookTargetArn": "arn:aws:lambda:eu-west-1:111122223333:function:check",
    "lifecycleStages": ["POST_PRODUCTION_TRAFFIC_SHIFT"],
}
CANARY = {"canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 1}}
LINEAR = {"linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}}
SERVICES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "rolling-1": ("ROLLING", {}),
    "rolling-2": ("ROLLING", {}),
    "rolling-3": ("ROLLING", {}),
    "blue-green-1": ("BLUE_GREEN", {"bakeTimeInMinutes": 1}),
    "blue-green-2": ("BLUE_GREEN", {"bakeTimeInMinutes": 0, "lifecycleHooks": [FUNCTION]}),
    "blue-green-3": ("BLUE_GREEN", {"bakeTimeInMinutes": 1, "lifecycleHooks": [PAUSE]}),
    "canary-1": ("CANARY", CANARY),
    "canary-2": ("CANARY", CANARY | {"bakeTimeInMinutes": 2}),
    "linear-1": ("LINEAR", LINEAR),
    "linear-2": ("LINEAR", LINEAR | {"bakeTimeInMinutes": 1}),
}
"""Each service has an image of its own name."""


@pytest.fixture
def world() -> World:
    world = World(project({name: [name] for name in SERVICES}))
    for image in SERVICES:
        world.image(image, "env.stage", "env.prod")
    for environment in ("stage", "prod"):
        for name, (strategy, configuration) in SERVICES.items():
            world.service(
                name,
                environment,
                [name],
                strategy=strategy,
                configuration=configuration,
                alarm=f"{environment}-{name}",
            )
    return world


def push_all(world: World) -> dict[str, set[str]]:
    """New images, and what each service runs with them."""
    return {name: {world.push(name)} for name in SERVICES}


def running(world: World, environment: str = "stage") -> dict[str, set[str]]:
    return {name: world.running(name, environment) for name in SERVICES}


def test_release_is_deployed_promoted_and_rolled_back_in_all_ten_services(world: World) -> None:
    before = push_all(world)
    release_deploy(world)
    release_deploy(world, environment="prod")
    after = push_all(world)

    deployed = release_deploy(world)
    promoted = promote(world)

    assert set(statuses(deployed).values()) == {ServiceStatus.SUCCEEDED} == set(statuses(promoted).values())
    assert (running(world), running(world, "prod")) == (after, after)
    assert rollback(world, "prod").status is DeploymentStatus.SUCCEEDED
    assert (running(world), running(world, "prod")) == (after, before)


def _trouble(kind: str, seconds: float = 60.0) -> Callable[[World, str], None]:
    return lambda world, name: world.at(seconds, lambda: world.trouble(name, "stage", kind))


def _pause(world: World, name: str) -> None:
    service = world.declared(name, "stage")
    service.request = service.request | {
        "deploymentConfiguration": service.configuration | {"lifecycleHooks": [PAUSE_THAT_EXPIRES]}
    }


def _crash(world: World, name: str) -> None:
    world.push(name, crash())


@pytest.mark.parametrize(
    ("name", "fail", "cause"),
    [
        ("rolling-1", _crash, ""),
        ("linear-1", _crash, "failures)"),
        ("canary-1", _trouble("alarm"), "in alarm: stage-canary-1"),
        ("rolling-2", _trouble("alarm", 15.0), "in alarm: stage-rolling-2"),
        ("blue-green-2", _trouble("hook-fails", 0.0), "the Lambda function check of a lifecycle hook failed"),
        ("blue-green-1", _pause, "nobody continued its pause before it expired"),
        ("blue-green-3", _trouble("deployment-refused", 90.0), "somebody rolled it back at a pause"),
        ("linear-2", _trouble("deployment-stopped"), "somebody"),
        ("canary-2", _trouble("deployment-stopped", 120.0), "somebody"),
    ],
)
def test_failure_of_a_service_is_explained_and_all_ten_go_back(
    world: World, name: str, fail: Callable[[World, str], None], cause: str
) -> None:
    before = push_all(world)
    release_deploy(world)
    push_all(world)
    fail(world, name)

    deployment = release_deploy(world, rollback_on_failure=True)

    failed = {
        service.service_id: service.reason for service in deployment.services if service.status == "failed"
    }
    assert failed.keys() == {name}
    assert cause in failed[name]
    assert deployment.rollback is not None
    # What made the service fail may make it fail again, but its old tasks have gone on running.
    assert running(world) == before
    assert {name: {world.tag(name, "env.stage")} for name in SERVICES} == before
