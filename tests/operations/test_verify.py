"""`verify` runs the checks of an environment again, and records what it found in the last deployment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import LEASE_AND_GRACE, Told, confirm_deploy, deployments, recorded, release_deploy
from tests.operations.test_rollout_checks import HEALTH, SMOKE, answer, checked, commit
from tests.world import Killed, World
from tests.world.machine import Behaves
from weco_deploy.errors import EnvironmentLocked, Interrupted, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import StepFinished
from weco_deploy.model.requests import VerifyRequest
from weco_deploy.model.rollout_check import RolloutCheck
from weco_deploy.model.steps import StepStatus
from weco_deploy.operations.verify import verify


def verified(world: World, told: Told | None = None) -> Deployment:
    return verify(VerifyRequest(environment_id="stage"), world.ports(), (told or Told()).events.append)


def deployed(*checks: RolloutCheck, code: int = 0) -> World:
    """A world in which a release was deployed, and its first check exited with `code`."""
    world = checked(*checks)
    world.push("search")
    world.web.answers["https://stage.example.org/health"] = [answer(commit(world))]
    world.machine.next = [Behaves(code=code)]
    release_deploy(world)
    return world


def test_results_are_recorded_in_the_last_deployment_whose_status_stays() -> None:
    world, told = deployed(SMOKE, HEALTH), Told()
    world.machine.next = [Behaves(code=3)]

    found = verified(world, told)

    assert found.failed_checks == ("smoke",)
    assert [step.status for step in found.steps] == [StepStatus.FAILED, StepStatus.SUCCEEDED]
    assert len(told.of(StepFinished)) == 2
    (deployment,) = deployments(world)
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert [replace(step, log_lines=()) for step in found.steps] == list(deployment.steps)
    assert recorded(world).lock is None


def test_deployment_that_failed_only_by_a_check_is_confirmed_once_that_succeeds() -> None:
    world = deployed(SMOKE, code=1)
    assert deployments(world)[0].status is DeploymentStatus.FAILED

    assert verified(world).failed_checks == ()

    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED


def test_environment_without_checks_or_deployments_has_nothing_to_verify() -> None:
    with pytest.raises(NotFound, match="stage has no checks"):
        verified(deployed())
    with pytest.raises(NotFound, match="nothing was deployed to stage yet"):
        verified(checked(SMOKE))


def test_environment_that_is_held_is_not_verified() -> None:
    world = checked(SMOKE)
    world.push("search")
    world.cut_after(1, "programs.start")
    with pytest.raises(Killed):
        release_deploy(world)
    with pytest.raises(EnvironmentLocked):
        verified(world)
    world.pass_time(LEASE_AND_GRACE)
    with pytest.raises(EnvironmentLocked, match="was cut off, so it has no verdict yet"):
        verified(world)
    assert len(world.machine.started) == 1


def test_killed_verification_leaves_no_success_and_the_next_one_runs() -> None:
    world = deployed(SMOKE)
    world.cut_after(1, "programs.start")
    with pytest.raises(Killed):
        verified(world)
    (step,) = deployments(world)[0].steps
    assert step.status is StepStatus.RUNNING

    world.pass_time(LEASE_AND_GRACE)
    assert verified(world).failed_checks == ()


def test_interrupted_verification_says_that_the_result_is_unknown() -> None:
    world = deployed(SMOKE)
    world.machine.next = [Behaves(seconds=3600)]
    world.after("programs.start", lambda call: call.run.signal())
    with pytest.raises(Interrupted):
        verified(world)
    (step,) = deployments(world)[0].steps
    assert step.status is StepStatus.UNKNOWN
    assert recorded(world).lock is None
