"""Checks of an environment whose services are redeployed in waves."""

from __future__ import annotations

from dataclasses import replace

from tests.operations.runs import Told, release_deploy
from tests.world import World, crash
from tests.world.projects import THREE_WAVES
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.events import StepFinished
from weco_deploy.model.rollout_check import Program, RolloutCheck
from weco_deploy.model.steps import StepStatus

SMOKE = RolloutCheck(id="smoke", probe=Program(arguments=("./smoke-test",)))


def pushed() -> World:
    """A world whose services in stage are redeployed in three waves and then checked, with new images for all of them."""
    stage = replace(THREE_WAVES.environment("stage"), checks=(SMOKE,))
    others = tuple(place for place in THREE_WAVES.environments if place.id != "stage")
    world = World.of(replace(THREE_WAVES, environments=(stage, *others)))
    for image in THREE_WAVES.images:
        world.push(image.id)
    return world


def test_check_runs_once_after_the_last_wave() -> None:
    world, told = pushed(), Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    order = ["wave 1", "wave 2", "wave 3", "smoke"]
    assert [step.id for step in deployment.steps] == order
    assert [event.step.id for event in told.events if isinstance(event, StepFinished)] == order
    assert len(world.machine.started) == 1


def test_check_does_not_run_if_a_wave_failed() -> None:
    world = pushed()
    world.push("items", crash())

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert (deployment.steps[-1].id, deployment.steps[-1].status) == ("smoke", StepStatus.PENDING)
    assert world.machine.started == []
