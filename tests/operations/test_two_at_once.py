"""Two deployments of one environment: one wins, the other waits, is refused, or finds that its lease is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count, takewhile

import pytest

from tests.operations.runs import deploy_release, deployments, recorded, release, release_deploy
from tests.world import Call, World, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.errors import EnvironmentLocked
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.deploy import deploy

LEASE_AND_GRACE = 120 + 15


# Our own lease.


def hang(world: World, seconds: float, then: Callable[[], object]) -> Callable[[Call], None]:
    """What makes the first call that it happens to take so long, with `then` done meanwhile."""
    happened: list[bool] = []

    def slowly(_: Call) -> None:
        if not happened:
            happened.append(True)
            world.pass_time(seconds)
            then()

    return slowly


@pytest.mark.parametrize("call", ["store.note", "clock.wait", "runtime.describe"])
def test_a_deployment_that_finds_its_lease_lost_stops_before_its_next_change(call: str) -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    second: list[Deployment] = []
    newer: list[str] = []

    def other() -> None:
        newer.append(world.push("search"))
        second.append(release_deploy(world))

    # The hang comes once the first deployment has claimed the environment.
    world.after("store.claim", lambda _: world.before(call, hang(world, LEASE_AND_GRACE, other)))
    first = release_deploy(world)

    assert first.status is DeploymentStatus.FAILED
    assert "not ours any more" in first.reason or "ran out" in first.reason
    assert second[0].status is DeploymentStatus.SUCCEEDED
    run_of_second = next(number for number, one in enumerate(world.calls) if one.name == "store.settle")
    later = [call.name for call in world.calls[run_of_second:]]
    assert "registry.point" not in later
    assert "runtime.redeploy" not in later
    for service_id in ("search-api", "search-worker"):
        assert world.running(service_id, "stage") == set(newer)
    assert world.tag("search", "env.stage") == newer[0]
    record = recorded(world)
    assert record.lock is None
    assert record.current is not None
    assert record.current.deployment_id == second[0].deployment_id
    assert all(deployment.finished for deployment in deployments(world))


def test_a_lease_that_ran_out_by_our_own_clock_stops_the_next_change() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    world.after("store.claim", lambda _: world.pass_time(200))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "ran out" in deployment.reason
    assert world.count("registry.point") == 0
    assert recorded(world).lock is None


def test_where_the_lease_is_lost_before_the_record_is_closed_no_success_is_claimed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    def ann(_: Call) -> None:
        world.somebody_locks("stage", holder="ann")

    world.before("store.settle", ann)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.IN_PROGRESS
    assert "now ann holds it since" in deployment.reason
    assert "the verdict was succeeded" in deployment.reason


def test_a_long_watch_renews_its_lease() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(500))
    leases: list[bool] = []

    def look() -> None:
        held = recorded(world).lock
        leases.append(held is not None and held.lease_ends is not None and held.lease_ends > world.now())

    for seconds in range(50, 500, 50):
        world.at(seconds, look)
    assert release_deploy(world, lease=60).status is DeploymentStatus.SUCCEEDED
    assert leases == [True] * 9


# Two at once.


IMAGES = ("search", "merger", "transformer")


def never_mix(nth: int, name: str = "*", *, patience: float) -> bool:
    """Deploy a new release; before its `nth` call of that name, somebody else deploys another one.

    Whether there was such a call. `patience` is how long the other one waits for the lock.
    """
    world = World.of(FIVE_AND_EIGHT)
    older = release(world.ports(), save=True)
    new = {image_id: world.push(image_id) for image_id in IMAGES}
    outcomes: list[Deployment | EnvironmentLocked] = []

    def begin_other(_: Call) -> None:
        try:
            outcomes.append(
                deploy_release(world, older.release_id, wait_for_lock=patience, force_redeploy=True)
            )
        except EnvironmentLocked as locked:
            outcomes.append(locked)

    world.before(name, begin_other, nth)
    first = release_deploy(world, lease=600)
    if not outcomes:
        return False
    assert first.status is DeploymentStatus.SUCCEEDED
    current = recorded(world).current
    assert current is not None
    wanted = (
        new
        if current.release_id == first.release_id
        else {image_id: version.digest for image_id, version in older.versions.items()}
    )
    for image_id in IMAGES:
        assert world.tag(image_id, "env.stage") == wanted[image_id]
    assert world.running("pipeline", "stage") == {wanted["merger"], wanted["transformer"]}
    assert world.running("search-api", "stage") == {wanted["search"]}
    assert recorded(world).lock is None
    assert all(deployment.finished for deployment in deployments(world))
    return True


PATIENCE = pytest.mark.parametrize("patience", [0.0, 30.0])
KINDS = (
    "caller",
    "runtime.tagged",
    "store.environment",
    "runtime.describe",
    "store.claim",
    "registry.point",
    "store.note",
    "runtime.redeploy",
    "clock.wait",
    "store.settle",
)
"""Calls from all parts of a deployment."""


@PATIENCE
@pytest.mark.parametrize("name", KINDS)
def test_two_deployments_of_different_releases_never_mix(name: str, patience: float) -> None:
    assert never_mix(1, name, patience=patience)


@pytest.mark.exhaustive
@PATIENCE
@pytest.mark.parametrize("share", range(2))
def test_two_deployments_of_different_releases_never_mix_whenever_the_other_begins(
    patience: float, share: int
) -> None:
    begun = list(takewhile(partial(never_mix, patience=patience), count(1 + share, 2)))
    assert len(begun) > 10


def test_one_that_claims_while_another_asks_its_person_makes_that_one_plan_again_and_ask_again() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    ports = world.ports()
    mine = release(ports)
    newest: list[str] = []
    asked = 0

    def approve(_: object) -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            newest.append(world.push("search"))
            release_deploy(world)
        return True

    wanted = DeployRequest(release=mine, environment_id="stage", description="", new_release=True)
    deployment = deploy(wanted, ports, approve, lambda _: None)

    assert asked == 2
    assert deployment.images["search"].from_digest == newest[0]
    assert [deployment.status for deployment in deployments(world)] == [DeploymentStatus.SUCCEEDED] * 2


def test_one_that_loses_the_race_for_the_claim_waits_if_it_was_asked_to() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")

    def somebody(_: Call) -> None:
        world.somebody_locks("stage", lease_seconds=300)
        world.at(20, lambda: world.somebody_unlocks("stage"))

    world.before("store.claim", somebody)

    assert release_deploy(world, wait_for_lock=60.0).status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "stage") == {new}


def test_one_that_loses_the_race_for_the_claim_names_the_winner() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    def ann(_: Call) -> None:
        world.somebody_locks("stage", lease_seconds=300, holder="ann")

    world.before("store.claim", ann)

    with pytest.raises(EnvironmentLocked, match="ann"):
        release_deploy(world)


def test_an_environment_that_always_changes_ends_with_locked() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")

    def meddle(_: Call) -> None:
        world.somebody_locks("stage", lease_seconds=300)
        world.somebody_unlocks("stage")

    world.before("store.claim", meddle, times=10)

    with pytest.raises(EnvironmentLocked, match="changed by others 3 times"):
        release_deploy(world)

    assert world.count("store.claim") == 3
    assert world.count("registry.point") == 0


def test_one_that_is_to_wait_is_not_out_of_turns_before_its_time_is_over() -> None:
    world = World.of(ONE_AND_ONE)
    new = world.push("search")

    def faster(_: Call) -> None:
        world.somebody_locks("stage", lease_seconds=300)
        world.at(5, lambda: world.somebody_unlocks("stage"))

    world.before("store.claim", faster, times=5)

    assert release_deploy(world, wait_for_lock=600.0).status is DeploymentStatus.SUCCEEDED
    assert world.count("store.claim") == 6
    assert world.running("search-api", "stage") == {new}
