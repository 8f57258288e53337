"""Two deployments in one process, in two threads, to two environments: neither touches the other."""

from __future__ import annotations

from functools import partial

from tests.operations.runs import recorded, release_deploy
from tests.world import World, crash, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.model.deployment import DeploymentStatus


def test_two_deployments_at_once_both_succeed() -> None:
    world = World.of(FIVE_AND_EIGHT)
    new = world.push("search", slow(100))
    begun = world.now()

    stage, prod = world.side_by_side.run(
        partial(release_deploy, world, "stage"), partial(release_deploy, world, "prod")
    )

    assert {stage.status, prod.status} == {DeploymentStatus.SUCCEEDED}
    for environment, deployment in (("stage", stage), ("prod", prod)):
        assert world.running("search-api", environment) == {new}
        record = recorded(world, environment)
        assert record.lock is None
        assert record.current is not None
        assert record.current.deployment_id == deployment.deployment_id
    names = [call.name for call in world.calls]
    claims = [number for number, name in enumerate(names) if name == "store.claim"]
    assert max(claims) < names.index("store.settle")
    assert 100 < (world.now() - begun).total_seconds() < 250


def test_signal_interrupts_one_of_two_deployments_and_not_the_other() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search", slow(100))
    world.before("clock.wait", lambda _: next(run for run in world.runs if run.number == 1).signal(), nth=6)

    deployments = world.side_by_side.run(
        partial(release_deploy, world, "stage"), partial(release_deploy, world, "prod")
    )

    statuses = sorted(deployment.status for deployment in deployments)
    assert statuses == [DeploymentStatus.INTERRUPTED, DeploymentStatus.SUCCEEDED]
    world.settle_down()
    succeeded = next(
        deployment for deployment in deployments if deployment.status is DeploymentStatus.SUCCEEDED
    )
    assert world.running("search-api", succeeded.environment) == {new}


def test_rollback_of_one_deployment_leaves_the_tag_of_the_other_alone() -> None:
    world = World.of(ONE_AND_ONE, breaker=True)
    good = world.push("search")
    release_deploy(world, "stage")
    world.pass_time(1)
    bad = world.push("search", crash())

    stage, prod = world.side_by_side.run(
        partial(release_deploy, world, "stage", rollback_on_failure=True),
        partial(release_deploy, world, "prod"),
    )

    assert stage.status is DeploymentStatus.ROLLED_BACK
    assert prod.status is DeploymentStatus.FAILED
    assert world.running("search-api", "stage") == {good}
    assert (world.tag("search", "env.stage"), world.tag("search", "env.prod")) == (good, bad)
