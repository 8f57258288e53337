"""A deployment holds an environment: claimed, resumed, renewed, settled, lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from tests.rules.deployed import FAILED, NOON, SUCCEEDED, TIMED_OUT, deployed
from tests.rules.lock.records import (
    LEASE,
    OVER,
    a_claim,
    after,
    begun,
    by_hand,
    held,
    leased,
    record,
)
from weco_deploy.errors import EnvironmentLocked, LeaseLost, StaleFence
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import AppliedImage, Claim, DeployedRelease, EnvironmentRecord, Lock
from weco_deploy.rules.lock import (
    check_can_resume,
    check_can_settle,
    claimed,
    hold,
    is_held,
    lost,
    renewed_lock,
    resumed,
    settled,
)

Take = Callable[[EnvironmentRecord, Claim, datetime], EnvironmentRecord]
TAKES = pytest.mark.parametrize("take", [claimed, resumed])

INTERRUPTED = DeploymentStatus.INTERRUPTED
GOOD = DeployedRelease(release_id="before", deployment_id="before", status=SUCCEEDED)


# Taking the environment


@TAKES
def test_taking_sets_the_lock_and_raises_the_fence(take: Take) -> None:
    deployment = replace(begun(), description="ship it", requested_by="ada")
    taken = take(record(fence=7), a_claim(record(fence=7), deployment=deployment), after(5))
    assert taken.fence == 8
    assert taken.lock == Lock(
        owner="ours",
        holder="ada",
        reason="ship it",
        since=after(5),
        deployment_id="deployment",
        lease_ends=after(5 + LEASE),
        lease_seconds=LEASE,
    )


@TAKES
def test_lock_of_a_deployment_without_a_description_names_the_release(take: Take) -> None:
    lock = take(record(), a_claim(record()), NOON).lock
    assert lock is not None
    assert lock.reason == "deploying release release"


@TAKES
@pytest.mark.parametrize("lock", [leased("theirs"), by_hand()], ids=["a deployment", "by hand"])
def test_taking_is_refused_while_somebody_else_holds_the_environment(take: Take, lock: Lock) -> None:
    with pytest.raises(EnvironmentLocked, match=lock.reason):
        take(record(lock), a_claim(record(lock)), NOON)


@TAKES
def test_taking_is_refused_by_a_lock_even_if_the_fence_is_stale_too(take: Take) -> None:
    with pytest.raises(EnvironmentLocked):
        take(record(leased("theirs"), fence=8), a_claim(record(fence=7)), NOON)


@TAKES
@pytest.mark.parametrize("fence", [6, 8])
def test_taking_is_stale_on_another_fence_than_was_observed(take: Take, fence: int) -> None:
    with pytest.raises(StaleFence):
        take(record(fence=fence), a_claim(record(fence=7)), NOON)


@TAKES
def test_taking_succeeds_once_the_lease_of_a_dead_holder_is_over(take: Take) -> None:
    dead = record(leased("theirs"))
    assert is_held(take(dead, a_claim(dead), OVER), held())


@TAKES
def test_lock_that_was_to_follow_a_dead_holder_refuses_taking(take: Take) -> None:
    dead = record(leased("theirs"), by_hand())
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        take(dead, a_claim(dead), OVER)


def test_rollback_takes_over_the_lock_of_its_own_run_and_leaves_the_lock_that_follows() -> None:
    ours = record(leased("ours", "failed"), by_hand())
    taken = claimed(ours, a_claim(ours, deployment=begun("rollback")), after(10))
    assert (taken.fence, taken.next_lock) == (8, by_hand())
    assert taken.lock is not None
    assert (taken.lock.owner, taken.lock.deployment_id) == ("ours", "rollback")


def test_claiming_makes_the_deployment_current_and_leaves_the_good_one() -> None:
    before = replace(record(current=GOOD), good=GOOD)
    taken = claimed(before, a_claim(before), NOON)
    assert (taken.current, taken.good) == (DeployedRelease.of(begun()), GOOD)


def test_claiming_merges_what_the_deployment_that_it_settles_applied() -> None:
    cut_off = replace(deployed({"web": ("a", "b")}, INTERRUPTED), deployment_id="cut off")
    before = record(current=DeployedRelease.of(cut_off))
    taken = claimed(before, a_claim(before, settles=cut_off), NOON)
    assert taken.images == {"web": AppliedImage(release_id="release", digest="b")}
    assert taken.good is None
    assert taken.current == DeployedRelease.of(begun())


def test_claiming_records_a_deployment_that_it_settles_as_succeeded_as_the_good_one() -> None:
    cut_off = replace(deployed({"web": ("a", "b")}, SUCCEEDED), deployment_id="cut off")
    before = record(current=DeployedRelease.of(cut_off))
    assert claimed(before, a_claim(before, settles=cut_off), NOON).good == DeployedRelease.of(cut_off)


def test_resuming_changes_nothing_but_lock_and_fence() -> None:
    before = replace(
        record(current=GOOD), good=GOOD, images={"web": AppliedImage(release_id="r", digest="a")}
    )
    taken = resumed(before, a_claim(before), NOON)
    assert replace(taken, lock=None, fence=before.fence) == before


# Claims that are already recorded


def test_claim_that_is_recorded_is_held() -> None:
    claim = a_claim(record(fence=7))
    found = hold(claimed(record(fence=7), claim, NOON), claim)
    assert found == held(fence=8)


@pytest.mark.parametrize(
    "found",
    [record(), record(by_hand("ours")), record(leased("theirs")), record(leased("ours", "another"))],
    ids=["free", "a lock by hand", "another owner", "another deployment of this run"],
)
def test_claim_that_is_not_recorded_is_not_held(found: EnvironmentRecord) -> None:
    assert hold(found, a_claim(record())) is None


# Deployments that are settled or resumed


@pytest.mark.parametrize("recorded", [begun(), deployed({}, INTERRUPTED)], ids=["open", "the same result"])
def test_deployment_can_be_settled_if_it_is_open_or_has_the_same_result(recorded: Deployment) -> None:
    check_can_settle(recorded, deployed({}, INTERRUPTED))


@pytest.mark.parametrize("recorded", [None, deployed({}, SUCCEEDED)], ids=["none", "another result"])
def test_deployment_that_is_gone_or_has_another_result_is_stale_to_settle(
    recorded: Deployment | None,
) -> None:
    with pytest.raises(StaleFence):
        check_can_settle(recorded, deployed({}, INTERRUPTED))


def test_deployment_can_be_resumed_if_its_status_is_the_recorded_one() -> None:
    check_can_resume(deployed({}, TIMED_OUT), deployed({}, TIMED_OUT))


@pytest.mark.parametrize("recorded", [None, begun(), deployed({}, FAILED)], ids=["none", "open", "failed"])
def test_deployment_that_is_gone_or_has_another_status_is_stale_to_resume(
    recorded: Deployment | None,
) -> None:
    with pytest.raises(StaleFence):
        check_can_resume(recorded, deployed({}, TIMED_OUT))


# Renewing


def test_renewing_extends_the_lease_and_changes_nothing_else() -> None:
    before = record(leased(), by_hand())
    renewed = renewed_lock(before, held(), 60, after(100), "sample")
    assert renewed == replace(before, lock=replace(leased(), lease_ends=after(160), lease_seconds=60))


def test_renewing_succeeds_after_the_lease_ran_out_if_the_lock_is_still_ours() -> None:
    renewed = renewed_lock(record(leased()), held(), LEASE, after(1000), "sample")
    assert renewed.lock is not None
    assert renewed.lock.lease_ends == after(1000 + LEASE)


@pytest.mark.parametrize("found", [record(), record(leased("theirs"))], ids=["unlocked", "taken over"])
def test_renewing_fails_if_the_lock_is_not_ours(found: EnvironmentRecord) -> None:
    with pytest.raises(LeaseLost):
        renewed_lock(found, held(), LEASE, NOON, "sample")


# Settling


def test_settling_releases_the_lock_and_keeps_the_fence() -> None:
    after_it = settled(record(leased()), held(), deployed({}), NOON)
    assert (after_it.lock, after_it.next_lock, after_it.fence) == (None, None, 7)


def test_settling_begins_the_lock_that_was_to_follow() -> None:
    after_it = settled(record(leased(), by_hand()), held(), deployed({}), NOON)
    assert (after_it.lock, after_it.next_lock) == (by_hand(), None)


@pytest.mark.parametrize(("status", "good"), [(SUCCEEDED, True), (FAILED, False), (TIMED_OUT, False)])
def test_settling_records_the_result_as_current_and_a_success_as_good(
    status: DeploymentStatus, good: bool
) -> None:
    before = replace(record(leased(), current=DeployedRelease.of(begun())), good=GOOD)
    done = deployed({"web": ("a", "b")}, status)
    after_it = settled(before, held(), done, NOON)
    assert after_it.current == DeployedRelease.of(done)
    assert after_it.good == (DeployedRelease.of(done) if good else GOOD)
    assert set(after_it.images) == {"web"}


@pytest.mark.parametrize("lock", [None, by_hand()], ids=["free", "locked by hand since"])
def test_settling_after_a_forced_unlock_raises_the_fence_and_leaves_the_lock(lock: Lock | None) -> None:
    after_it = settled(record(lock), held(), deployed({"web": ("a", "b")}), NOON)
    assert (after_it.fence, after_it.lock, set(after_it.images)) == (8, lock, {"web"})


@pytest.mark.parametrize("lock", [None, leased("theirs")], ids=["done already", "at it"])
def test_settling_fails_if_somebody_else_has_claimed_the_environment(lock: Lock | None) -> None:
    with pytest.raises(LeaseLost, match="somebody took it over"):
        settled(record(lock, fence=8), held(fence=7), deployed({}), NOON)


# The error for a lost lock

PREFIX = "environment stage of project sample is not ours any more: "


@pytest.mark.parametrize(
    ("found", "now", "why"),
    [
        (
            record(leased("theirs"), fence=8, current=GOOD),
            OVER,
            "somebody took it over (its last deployment is before), because our lease had run out at 12:02:00Z; "
            "now ada holds it since 2026-03-04 12:00:00Z: ship it",
        ),
        (
            record(fence=8),
            OVER,
            "somebody took it over, because our lease had run out at 12:02:00Z; now nobody holds it",
        ),
        (
            record(fence=8),
            NOON,
            "somebody took it over, because our lock was released by force, or their clock is ahead: "
            "our lease lasts until 12:02:00Z; now nobody holds it",
        ),
        (record(), NOON, "it was unlocked, and nobody holds it"),
        (record(by_hand()), NOON, "grace holds it since 2026-03-04 12:00:00Z: the sale is on"),
        (record(leased(), fence=8), NOON, "this run has claimed it again since"),
    ],
    ids=[
        "taken over",
        "taken over and done",
        "taken over early",
        "unlocked",
        "locked by hand",
        "our own claim",
    ],
)
def test_error_for_a_lost_lock_says_why_it_was_lost(
    found: EnvironmentRecord, now: datetime, why: str
) -> None:
    error = lost(found, held(), now, "sample")
    assert error.message == PREFIX + why
    assert error.hint == "nothing more was changed; run the same command again when the environment is free"
