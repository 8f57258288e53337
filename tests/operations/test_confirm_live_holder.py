"""The deployment's own process still runs: `confirm-deploy` watches and writes nothing."""

from __future__ import annotations

from tests.operations.runs import (
    STORE_WRITES,
    Told,
    confirm_deploy,
    release_deploy,
    statuses,
)
from tests.world import World, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Waiting


def test_while_the_holder_lives_the_rollout_is_watched_and_nothing_is_written() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(60))
    confirmed: list[Deployment] = []
    names: list[str] = []

    def confirm() -> None:
        before = len(world.calls)
        confirmed.append(confirm_deploy(world, wait=30.0))
        mine = world.runs[-1].number
        names.extend(call.name for call in world.calls[before:] if call.run.number == mine)

    world.at(12, confirm)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED

    assert confirmed[0].status is DeploymentStatus.TIMED_OUT
    assert names
    assert not STORE_WRITES & set(names)


def test_services_that_a_living_holder_has_yet_to_redeploy_are_waited_for() -> None:
    world = World.of(FIVE_AND_EIGHT)
    for image_id in ("search", "items"):
        world.push(image_id)
    confirmed: list[Deployment] = []
    told = Told()
    world.before("runtime.redeploy", lambda _: confirmed.append(confirm_deploy(world, told=told, wait=30.0)))

    deployment = release_deploy(world)

    assert confirmed[0].status is DeploymentStatus.TIMED_OUT
    assert ServiceStatus.FAILED not in statuses(confirmed[0]).values()
    assert len(told.of(Waiting)) == 1
    assert deployment.status is DeploymentStatus.SUCCEEDED
