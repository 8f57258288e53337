"""An environment is held by one at a time: with a lease by a deployment, without one by hand."""

from __future__ import annotations

import pytest

from tests.operations.runs import Told, deployments, promote, recorded, release, release_deploy
from tests.world import Killed, World, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import Declined, EnvironmentLocked, Interrupted, NotFound
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, Lock
from weco_deploy.model.events import Notice, Settling, Waiting
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.deploy import plan
from weco_deploy.operations.lock import lock, unlock

ANN, BOB = "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/bob"
LEASE_AND_GRACE = 120 + 15


def killed_after(world: World, call: str, nth: int = 1) -> None:
    """Somebody's `release-deploy` is killed after that call."""
    world.cut_after(nth, call)
    with pytest.raises(Killed):
        release_deploy(world)


def said(told: Told) -> str:
    return "\n".join(event.message for event in told.events if isinstance(event, Notice))


# A holder that is gone.


def test_after_a_dead_holders_lease_the_next_takes_over_and_says_whose_lock_it_took() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    killed_after(world, "store.claim")
    dead = recorded(world).lock
    assert dead is not None
    world.pass_time(LEASE_AND_GRACE)
    told = Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert f"took over stage from deployment {dead.deployment_id} of run-1 (role ci)" in said(told)
    (settling,) = [event for event in told.events if isinstance(event, Settling)]
    assert settling.deployment.deployment_id == dead.deployment_id
    assert settling.deployment.status is DeploymentStatus.INTERRUPTED
    assert world.running("search-api", "stage") == {new}


def test_it_says_whose_lock_it_took_also_where_nothing_is_to_be_settled() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage", lease_seconds=60, holder="ann")
    world.pass_time(60 + 15)
    told = Told()

    release_deploy(world, told=told)

    assert " of ann, whose lease ran out at" in said(told)


def test_nothing_is_said_of_a_lock_that_was_free() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    told = Told()

    release_deploy(world, told=told)

    assert said(told) == ""


def test_a_holder_that_may_live_is_not_taken_over_from() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed_after(world, "store.claim")
    world.pass_time(30)

    with pytest.raises(EnvironmentLocked):
        release_deploy(world)

    assert world.count("registry.point") == 0


def test_a_holder_two_renewals_late_is_waited_for_up_to_its_lease_without_being_asked() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    killed_after(world, "store.claim")
    world.pass_time(61)
    began, told = world.now(), Told()

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    waited = (deployment.date_created - began).total_seconds()
    assert LEASE_AND_GRACE - 61 <= waited <= LEASE_AND_GRACE - 61 + 5
    (waiting,) = [event for event in told.events if isinstance(event, Waiting)]
    assert "stage is locked by" in waiting.message


def test_a_holder_that_comes_back_to_life_is_not_waited_for_any_longer() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage", lease_seconds=120, holder="ann")
    world.pass_time(61)
    world.at(10, lambda: world.somebody_locks("stage", lease_seconds=120, holder="ann"))

    with pytest.raises(EnvironmentLocked):
        release_deploy(world)


# What a lock says.


def test_locked_names_holder_reason_and_how_to_go_on() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage", holder="ann", reason="migrating")

    with pytest.raises(EnvironmentLocked, match=r"ann .*migrating") as caught:
        release_deploy(world)

    assert "weco-deploy unlock --environment-id stage" in caught.value.hint


def test_a_deployments_lock_names_the_deployment_and_how_to_wait() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    held = world.somebody_locks("stage", lease_seconds=120, holder="ann")

    with pytest.raises(EnvironmentLocked, match=f"deployment {held.deployment_id}") as caught:
        release_deploy(world)

    assert "--wait-for-lock" in caught.value.hint


def test_nobody_is_told_of_waiting_who_does_not_wait() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage")
    told = Told()

    with pytest.raises(EnvironmentLocked):
        release_deploy(world, told=told)

    assert told.of(Waiting) == []


def test_patience_that_was_not_enough_ends_with_locked_when_it_is_over() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage")
    began = world.now()

    with pytest.raises(EnvironmentLocked):
        release_deploy(world, wait_for_lock=42.0)

    assert (world.now() - began).total_seconds() == 42


def test_a_signal_ends_the_wait_and_nothing_is_recorded() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage")
    world.signal_at(12)
    began = world.now()

    with pytest.raises(Interrupted):
        release_deploy(world, wait_for_lock=600.0)

    assert (world.now() - began).total_seconds() == 12
    assert deployments(world) == ()


def test_a_plan_warns_of_a_lock() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.somebody_locks("stage", holder="ann")
    ports = world.ports()

    planned = plan(DeployRequest(release=release(ports), environment_id="stage", description=""), ports)

    assert any("locked by ann" in warning for warning in planned.warnings)


# By hand.


def test_a_lock_by_hand_holds_until_it_is_released() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    locked = lock(world.ports(requested_by=ANN), "stage", "migrating")
    assert locked.after is None
    assert locked.lock.lease_ends is None
    world.pass_time(24 * 3600)

    with pytest.raises(EnvironmentLocked, match="migrating"):
        release_deploy(world)
    unlock(world.ports(requested_by=ANN), "stage", force=False, approve=lambda _: pytest.fail("ours"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_one_environment_locked_leaves_the_others_free() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    lock(world.ports(), "prod", "")

    assert release_deploy(world, "stage").status is DeploymentStatus.SUCCEEDED


def test_what_is_locked_by_hand_cannot_be_locked_by_somebody_else() -> None:
    world = World.of(ONE_AND_ONE)
    lock(world.ports(requested_by=ANN), "stage", "mine")

    with pytest.raises(EnvironmentLocked, match="mine"):
        lock(world.ports(requested_by=BOB), "stage", "mine too")


def test_a_lock_asked_for_during_a_deployment_holds_from_its_end() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")
    after: list[str | None] = []

    def ask() -> None:
        locked = lock(world.ports(requested_by=ANN), "stage", "freeze")
        after.append(locked.after.deployment_id if locked.after else None)

    world.at(12, ask)
    deployment = release_deploy(world)

    assert after == [deployment.deployment_id]
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}
    held = recorded(world).lock
    assert held is not None
    assert (held.holder, held.reason) == (ANN, "freeze")
    with pytest.raises(EnvironmentLocked, match="freeze"):
        release_deploy(world)


def test_where_the_holder_died_the_lock_that_was_asked_for_begins() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed_after(world, "store.claim")
    lock(world.ports(requested_by=ANN), "stage", "freeze")
    world.pass_time(LEASE_AND_GRACE)

    with pytest.raises(EnvironmentLocked, match="freeze"):
        release_deploy(world)


def test_a_lock_that_waits_for_its_turn_can_be_withdrawn() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    def ask_and_withdraw() -> None:
        lock(world.ports(requested_by=ANN), "stage", "freeze")
        unlock(world.ports(requested_by=ANN), "stage", force=False, approve=lambda _: False)

    world.at(12, ask_and_withdraw)

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert recorded(world).lock is None


def test_somebody_elses_lock_is_not_released_without_force() -> None:
    world = World.of(ONE_AND_ONE)
    lock(world.ports(requested_by=ANN), "stage", "mine")

    with pytest.raises(EnvironmentLocked, match="mine") as caught:
        unlock(world.ports(requested_by=BOB), "stage", force=False, approve=lambda _: True)

    assert "--force" in caught.value.hint
    assert recorded(world).lock is not None


def test_with_force_somebody_elses_lock_is_asked_about_first() -> None:
    world = World.of(ONE_AND_ONE)
    lock(world.ports(requested_by=ANN), "stage", "mine")
    asked: list[str] = []

    def no(one: Lock) -> bool:
        asked.append(one.holder)
        return False

    with pytest.raises(Declined):
        unlock(world.ports(requested_by=BOB), "stage", force=True, approve=no)
    assert recorded(world).lock is not None
    unlock(world.ports(requested_by=BOB), "stage", force=True, approve=lambda _: True)

    assert asked == [ANN]
    assert recorded(world).lock is None


def test_a_deployment_whose_lock_was_released_by_force_stops() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(300))
    world.at(60, lambda: unlock(world.ports(), "stage", force=True, approve=lambda _: True))

    deployment = release_deploy(world, wait=600.0)

    assert deployment.status is DeploymentStatus.FAILED
    assert "not ours any more" in deployment.reason
    assert (world.now() - deployment.date_created).total_seconds() < 120


def test_a_deployment_that_ends_before_it_hears_of_that_is_recorded_as_what_became_of_it() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search", slow(15))
    world.at(12, lambda: unlock(world.ports(), "stage", force=True, approve=lambda _: True))

    deployment = release_deploy(world, lease=1200)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    record = recorded(world)
    assert (record.lock, record.current) == (None, DeployedRelease.of(deployment))
    assert record.images["search"].digest == new
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_what_is_not_locked_cannot_be_released() -> None:
    with pytest.raises(NotFound, match="stage is not locked"):
        unlock(World.of(ONE_AND_ONE).ports(), "stage", force=True, approve=lambda _: True)


def test_an_environment_that_does_not_exist_cannot_be_locked() -> None:
    with pytest.raises(NotFound, match="no environment"):
        lock(World.of(ONE_AND_ONE).ports(), "nowhere", "")
