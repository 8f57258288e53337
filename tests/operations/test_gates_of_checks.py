"""A gate that asks for passed checks in the environment before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import deployments, promote, release_deploy, rollback
from tests.operations.test_rollout_checks import SMOKE
from tests.operations.test_verify import verified
from tests.world import World
from tests.world.machine import Behaves
from tests.world.projects import project
from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.model.rollout_check import RolloutCheck


def gated(*checks: RolloutCheck) -> World:
    """A world whose prod requires that the checks of stage succeeded; stage has a new release, and passed them."""
    stage = Environment(id="stage", name="Stage", checks=checks or (SMOKE,))
    prod = Environment(id="prod", name="Prod", requires=("stage",), requires_verified=("stage",))
    world = World.of(project(images={"search": ["search-api"]}, environments=[stage, prod]))
    world.push("search")
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    return world


def test_release_whose_checks_succeeded_passes() -> None:
    assert promote(gated()).status is DeploymentStatus.SUCCEEDED


def test_check_that_failed_later_closes_the_gate_until_it_succeeds() -> None:
    world = gated()
    world.machine.next = [Behaves(code=1)]
    verified(world)

    with pytest.raises(GateClosed) as caught:
        promote(world)

    (deployment,) = deployments(world)
    assert caught.value.reasons == (
        f"prod requires that the checks of stage succeeded, and smoke did not in deployment {deployment.deployment_id}",
    )
    verified(world)
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_check_that_did_not_run_in_a_rollback_must_run_first() -> None:
    world = gated()
    world.push("search")
    release_deploy(world)
    rollback(world)
    assert len(world.machine.started) == 2
    with pytest.raises(GateClosed, match="smoke did not"):
        promote(world)
    verified(world)
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_advisory_check_closes_no_gate() -> None:
    world = gated(SMOKE, replace(SMOKE, id="slow", advisory=True))
    world.machine.next = [Behaves(), Behaves(code=1)]
    verified(world)
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_closed_gate_is_passed_with_a_reason() -> None:
    world = gated()
    world.machine.next = [Behaves(code=1)]
    verified(world)
    assert promote(world, override="the smoke test is broken").status is DeploymentStatus.SUCCEEDED
