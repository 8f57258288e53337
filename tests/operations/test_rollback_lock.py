"""`rollback --lock REASON` locks the environment from the rollback's end, however it ends."""

from __future__ import annotations

import pytest

from tests.operations.runs import LEASE_AND_GRACE, recorded, release_deploy, rollback
from tests.world import Killed, World, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AwsError, EnvironmentLocked
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.operations.lock import unlock

REASON = "the new index is broken"


def two_releases() -> World:
    world = World.of(ONE_AND_ONE)
    for _ in range(2):
        world.push("search")
        release_deploy(world)
        world.pass_time(1)
    return world


def assert_locked(world: World) -> None:
    lock = recorded(world).lock
    assert lock is not None
    assert (lock.reason, lock.deployment_id) == (REASON, None)
    with pytest.raises(EnvironmentLocked, match=REASON):
        release_deploy(world)


def test_environment_is_locked_from_the_end_of_the_rollback() -> None:
    world = two_releases()

    assert rollback(world, lock_afterwards=REASON).status is DeploymentStatus.SUCCEEDED

    assert_locked(world)
    unlock(world.ports(), "stage", force=True, approve=lambda _: True)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_environment_is_locked_after_a_rollback_that_failed() -> None:
    world = two_releases()
    world.fail("registry.point", AwsError("ecr:PutImage", "no"))

    assert rollback(world, lock_afterwards=REASON).status is DeploymentStatus.FAILED

    assert_locked(world)


def test_environment_is_locked_after_a_rollback_that_was_killed() -> None:
    world = two_releases()
    world.cut_after(1, "store.claim")
    with pytest.raises(Killed):
        rollback(world, lock_afterwards=REASON)
    world.pass_time(LEASE_AND_GRACE)

    with pytest.raises(EnvironmentLocked, match=REASON):
        release_deploy(world)


def test_environment_is_locked_though_there_was_nothing_to_change() -> None:
    world = two_releases()
    first = rollback(world)
    world.pass_time(1)

    rollback(world, to_release=first.release_id, lock_afterwards=REASON)

    assert_locked(world)


def test_environment_is_not_locked_if_the_rollback_could_not_begin() -> None:
    world = two_releases()
    world.somebody_locks("stage", reason="mine")

    with pytest.raises(EnvironmentLocked, match="mine"):
        rollback(world, lock_afterwards=REASON)

    assert recorded(world).next_lock is None


def test_rollback_of_a_failed_rollback_keeps_the_lock_for_its_end() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    release_deploy(world)
    world.pass_time(1)

    rollback(world, lock_afterwards=REASON, wait=60.0, rollback_on_failure=True)

    assert_locked(world)
