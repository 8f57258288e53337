"""The tool is killed at every call of a deployment with a check; then it is run again, or its record is closed."""

from __future__ import annotations

import pytest

from tests.faults.scenarios import LEASE_AND_GRACE, PATIENT, UNCERTAIN
from tests.figures import Count
from tests.operations.runs import confirm_deploy, deployments, recorded, release_deploy
from tests.world import Killed, World
from tests.world.machine import Behaves
from tests.world.projects import project
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.model.rollout_check import Program, RolloutCheck
from weco_deploy.model.steps import StepStatus

SMOKE = RolloutCheck(id="smoke", probe=Program(arguments=("./smoke-test",)))
CUTS = pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
ENDS = pytest.mark.parametrize(
    ("code", "status"),
    [(0, DeploymentStatus.SUCCEEDED), (3, DeploymentStatus.FAILED)],
    ids=["succeeds", "fails"],
)


def changed(code: int) -> tuple[World, str]:
    """A world with a new image, whose check ends with this exit code from now on. The digest of the new image."""
    stage = Environment(id="stage", name="Stage", checks=(SMOKE,))
    world = World.of(
        project(images={"search": ["search-api"], "items": ["items-api"]}, environments=[stage, "prod"])
    )
    release_deploy(world)
    digest = world.push("search")
    world.machine.next = [Behaves(code=code)] * 3
    world.pass_time(1)
    return world, digest


def act(world: World) -> Deployment:
    return release_deploy(world, wait_for_lock=PATIENT)


def number_of_calls(code: int) -> int:
    """How many calls it makes when nothing kills it."""
    world, _ = changed(code)
    before = len(world.calls)
    act(world)
    return len(world.calls) - before


@ENDS
@CUTS
def test_deployment_with_a_check_is_killed_anywhere_and_ends_as_the_check_says_when_run_again(
    code: int, status: DeploymentStatus, cut: str, count: Count
) -> None:
    made, killed = number_of_calls(code), 0
    for nth in range(1, made + 1):
        world, digest = changed(code)
        getattr(world, cut)(nth)
        try:
            act(world)
        except Killed:
            killed += 1
        world.pass_time(1)

        last = act(world)

        assert last.status is status
        (step,) = last.steps
        assert step.status is (StepStatus.FAILED if code else StepStatus.SUCCEEDED)
        assert world.tag("search", "env.stage") == digest
        assert world.running("search-api", "stage") == {digest}
        assert len(world.machine.started) in (2, 3)  # the first deployment's, and one or two of this
        assert world.machine.started[-1].stopped  # nobody can stop that of a run which is killed
        assert recorded(world).lock is None
        assert all(deployment.finished for deployment in deployments(world))
    assert killed >= made - UNCERTAIN
    count("in process: kills at each call of a deployment with a check, run again", killed)


@CUTS
def test_record_of_a_deployment_that_was_killed_is_a_success_only_if_its_check_has_succeeded(
    cut: str, count: Count
) -> None:
    made, closed, ends = number_of_calls(0), 0, set[DeploymentStatus]()
    for nth in range(1, made + 1):
        world, _ = changed(0)
        getattr(world, cut)(nth)
        try:
            act(world)
        except Killed:
            closed += 1
        world.pass_time(LEASE_AND_GRACE)

        confirmed = confirm_deploy(world)

        passed = {step.status for step in confirmed.steps} == {StepStatus.SUCCEEDED}
        assert passed or confirmed.status is not DeploymentStatus.SUCCEEDED
        ends.add(confirmed.status)
    assert {DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED} <= ends
    count("in process: kills at each call of a deployment with a check, then confirm-deploy", closed)
