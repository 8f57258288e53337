"""What every ReleaseStore does to hold an environment: claim, resume, renew, note, settle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    NEW,
    OLD,
    a_deployment,
    a_project,
    a_release,
    change,
    minutes,
    outcome,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import EnvironmentLocked, LeaseLost, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ImageChange, ServiceStatus
from weco_deploy.model.environment import AppliedImage, DeployedRelease, Held, KnownService, Lock
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import Claim, ReleaseStore, StaleFence

LEASE = 120
GRACE = 15


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def store(store_setting: StoreSetting, project: Project) -> ReleaseStore:
    return store_setting.store(project)


@pytest.fixture
def release(store: ReleaseStore, project: Project) -> Release:
    release = a_release(project, minutes(0), "api", "indexer")
    store.save(release)
    return release


def a_claim(
    deployment: Deployment, fence: int = 0, owner: str = "ours", settles: Deployment | None = None
) -> Claim:
    return Claim(deployment=deployment, fence=fence, owner=owner, lease_seconds=LEASE, settles=settles)


def claimed(store: ReleaseStore, deployment: Deployment, owner: str = "ours") -> Held:
    return store.claim(a_claim(deployment, store.environment(deployment.environment).fence, owner))


def succeeded(deployment: Deployment) -> Deployment:
    moved = {key: replace(one, tag_moved=True) for key, one in deployment.images.items()}
    return replace(
        deployment, status=DeploymentStatus.SUCCEEDED, date_finished=deployment.date_created, images=moved
    )


# Claiming


def test_a_claim_records_the_whole_intent_and_the_lock(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    deployment = a_deployment(release)
    held = store.claim(a_claim(deployment))
    record = store.environment("stage")
    assert record.fence == held.fence == 1
    assert record.current == DeployedRelease(
        release_id=release.release_id,
        deployment_id=deployment.deployment_id,
        status=DeploymentStatus.IN_PROGRESS,
    )
    assert record.good is None
    assert record.lock is not None
    assert record.lock.owner == "ours"
    assert record.lock.holder == deployment.requested_by
    assert record.lock.reason == deployment.description
    assert record.lock.since == store_setting.clock.utc()
    assert record.lock.lease_ends == held.lease_ends
    assert (held.lease_ends - store_setting.clock.utc()).total_seconds() == LEASE
    assert record.lock.lease_seconds == LEASE
    assert store.deployment(deployment.deployment_id) == deployment
    recorded = store.release(release.release_id)
    assert recorded is not None
    (listed,) = recorded.deployments
    assert (listed.deployment_id, listed.environment) == (deployment.deployment_id, "stage")
    assert (listed.date_created, listed.requested_by) == (deployment.date_created, deployment.requested_by)


def test_a_claim_records_a_new_release_as_the_latest(store: ReleaseStore, project: Project) -> None:
    release = a_release(project)
    deployment = a_deployment(release)
    store.claim(replace(a_claim(deployment), new_release=release))
    latest = store.latest()
    assert latest is not None
    assert latest.release_id == release.release_id
    assert [one.deployment_id for one in latest.deployments] == [deployment.deployment_id]
    assert replace(latest, deployments=()) == release


def test_a_new_release_that_is_older_than_the_latest_is_recorded_all_the_same(
    store: ReleaseStore, project: Project
) -> None:
    newer, older = a_release(project, minutes(5)), a_release(project, minutes(1))
    store.save(newer)
    store.claim(replace(a_claim(a_deployment(older)), new_release=older))
    assert store.latest() == newer
    assert store.release(older.release_id) is not None


def test_a_claim_of_a_release_that_is_not_recorded_is_refused(store: ReleaseStore, project: Project) -> None:
    store.save(a_release(project))
    unknown = a_release(project)
    with pytest.raises(NotFound, match=unknown.release_id):
        store.claim(a_claim(a_deployment(unknown)))
    assert store.environment("stage").lock is None


def test_an_environment_that_is_held_is_locked_for_others(store: ReleaseStore, release: Release) -> None:
    mine = a_deployment(release)
    claimed(store, mine)
    with pytest.raises(EnvironmentLocked, match=mine.requested_by) as raised:
        store.claim(a_claim(a_deployment(release), 1, "theirs"))
    assert "ship the new ranking" in raised.value.message
    assert mine.deployment_id in raised.value.message


def test_environments_are_held_one_by_one(store: ReleaseStore, release: Release) -> None:
    stage, prod = a_deployment(release), a_deployment(release, "prod")
    claimed(store, stage)
    claimed(store, prod, "theirs")
    recorded = store.release(release.release_id)
    assert recorded is not None
    assert [one.environment for one in recorded.deployments] == ["stage", "prod"]


def test_a_lease_that_just_ran_out_still_keeps_others_out(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE + GRACE - 1)
    with pytest.raises(EnvironmentLocked):
        store.claim(a_claim(a_deployment(release), 1, "theirs"))


def test_a_dead_holders_environment_can_be_claimed_after_the_grace(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE + GRACE + 1)
    held = store.claim(a_claim(a_deployment(release), 1, "theirs"))
    assert held.fence == 2
    lock = store.environment("stage").lock
    assert lock is not None
    assert lock.owner == "theirs"


@pytest.mark.parametrize("seen", [0, 2])
def test_a_claim_on_another_fence_than_the_one_seen_is_stale(
    store: ReleaseStore, release: Release, seen: int
) -> None:
    first = a_deployment(release)
    store.settle(claimed(store, first), succeeded(first))
    late = a_deployment(release)
    with pytest.raises(StaleFence):
        store.claim(a_claim(late, seen, "theirs"))
    assert store.deployment(late.deployment_id) is None


def test_a_claim_of_an_environment_that_was_never_deployed_to_needs_no_fence(
    store: ReleaseStore, release: Release
) -> None:
    with pytest.raises(StaleFence):
        store.claim(a_claim(a_deployment(release), 3))


def test_a_claim_whose_answer_got_lost_succeeds_when_it_is_made_again(
    store: ReleaseStore, release: Release
) -> None:
    claim = a_claim(a_deployment(release))
    held = store.claim(claim)
    assert store.claim(claim) == held
    recorded = store.release(release.release_id)
    assert recorded is not None
    assert len(recorded.deployments) == 1


def test_a_rollback_follows_under_the_same_lock(store: ReleaseStore, release: Release) -> None:
    first = a_deployment(release)
    held = claimed(store, first)
    failed = replace(first, status=DeploymentStatus.FAILED, date_finished=minutes(3))
    back = a_deployment(release, at=minutes(4))
    again = store.claim(a_claim(back, held.fence, held.owner, settles=failed))
    assert again.fence == held.fence + 1
    assert store.deployment(first.deployment_id) == failed
    with pytest.raises(LeaseLost):
        store.note(held, first)
    rolled_back = replace(failed, status=DeploymentStatus.ROLLED_BACK, rollback=succeeded(back))
    store.settle(again, succeeded(back), rolled_back)
    assert store.deployment(first.deployment_id) == rolled_back
    record = store.environment("stage")
    assert record.lock is None
    assert record.good is not None
    assert record.good.deployment_id == back.deployment_id


# Settling what was cut off


def test_a_claim_settles_what_was_cut_off_and_merges_what_that_applied(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    held = claimed(store, dead)
    moved = {**dead.images, "api": change("api", moved=True)}
    told = (outcome("api-service", "api", told="ecs-svc/7", status=ServiceStatus.IN_PROGRESS),)
    noted = replace(dead, images=moved, services=told)
    store.note(held, noted)
    store_setting.clock.wait(LEASE + GRACE + 1)
    interrupted = replace(noted, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    later = a_deployment(release, at=minutes(9))
    store.claim(a_claim(later, 1, "theirs", settles=interrupted))
    assert store.deployment(dead.deployment_id) == interrupted
    record = store.environment("stage")
    assert record.current is not None
    assert record.current.deployment_id == later.deployment_id
    assert record.good is None
    # Cut off while its service still rolled out: that the image worked is not known.
    applied = AppliedImage(release_id=release.release_id, digest=NEW, ref="ref.api1", worked=False)
    assert record.images == {"api": applied}
    assert record.services["api-service"].ecs_deployment_id == "ecs-svc/7"


def test_what_turns_out_to_have_succeeded_is_good(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    claimed(store, dead)
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(a_deployment(release), 1, "theirs", settles=succeeded(dead)))
    good = store.environment("stage").good
    assert good is not None
    assert good.deployment_id == dead.deployment_id


def test_a_claim_that_would_settle_what_got_its_verdict_meanwhile_is_stale(
    store: ReleaseStore, release: Release
) -> None:
    alive = a_deployment(release)
    held = claimed(store, alive)
    store.settle(held, succeeded(alive))
    interrupted = replace(alive, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    with pytest.raises(StaleFence):
        store.claim(a_claim(a_deployment(release), 1, "theirs", settles=interrupted))
    assert store.deployment(alive.deployment_id) == succeeded(alive)


# Resuming


def test_a_deployment_whose_holder_is_gone_is_resumed(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    claimed(store, dead)
    with pytest.raises(EnvironmentLocked):
        store.resume(dead, 1, "theirs", LEASE)
    store_setting.clock.wait(LEASE + GRACE + 1)
    with pytest.raises(StaleFence):
        store.resume(dead, 0, "theirs", LEASE)
    held = store.resume(dead, 1, "theirs", LEASE)
    assert (held.fence, held.owner) == (2, "theirs")
    assert store.deployment(dead.deployment_id) == dead
    store.settle(held, succeeded(dead))
    current = store.environment("stage").current
    assert current is not None
    assert current.status is DeploymentStatus.SUCCEEDED


def test_what_has_another_verdict_than_was_found_is_not_resumed(
    store: ReleaseStore, release: Release
) -> None:
    done = a_deployment(release)
    store.settle(claimed(store, done), succeeded(done))
    with pytest.raises(StaleFence):
        store.resume(done, 1, "theirs", LEASE)
    assert store.environment("stage").lock is None


def test_what_has_its_verdict_is_resumed_to_get_the_one_that_turned_out(
    store: ReleaseStore, release: Release
) -> None:
    asked = a_deployment(release)
    late = replace(asked, status=DeploymentStatus.TIMED_OUT, date_finished=minutes(9))
    store.settle(claimed(store, asked), late)
    held = store.resume(late, 1, "theirs", LEASE)
    assert store.deployment(late.deployment_id) == late
    store.settle(held, succeeded(asked))
    assert store.deployment(late.deployment_id) == succeeded(asked)
    record = store.environment("stage")
    assert record.lock is None
    assert record.current is not None
    assert record.current == record.good
    assert record.current.status is DeploymentStatus.SUCCEEDED


# Renewing and noting


def test_a_renewed_lease_holds_longer(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE - 1)
    renewed = store.renew(held, LEASE)
    assert (renewed.lease_ends - held.lease_ends).total_seconds() == LEASE - 1
    store_setting.clock.wait(LEASE)
    with pytest.raises(EnvironmentLocked):
        store.claim(a_claim(a_deployment(release), 1, "theirs"))


def test_a_lease_that_ran_out_can_be_renewed_while_nobody_took_it(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    store_setting.clock.wait(10 * LEASE)
    assert store.renew(held, LEASE).lease_ends > store_setting.clock.utc()


def test_a_lock_that_somebody_else_took_is_lost(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine = a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    theirs = replace(a_deployment(release), requested_by="arn:aws:iam::111122223333:user/grace")
    store.claim(a_claim(theirs, 1, "theirs"))
    with pytest.raises(LeaseLost, match="user/grace"):
        store.renew(held, LEASE)
    with pytest.raises(LeaseLost, match="user/grace"):
        store.note(held, replace(mine, description="changed"))
    assert store.deployment(mine.deployment_id) == mine


def test_a_lock_that_was_released_is_lost(store: ReleaseStore, release: Release) -> None:
    mine = a_deployment(release)
    held = claimed(store, mine)
    store.settle(held, succeeded(mine))
    with pytest.raises(LeaseLost):
        store.renew(held, LEASE)
    with pytest.raises(LeaseLost):
        store.note(held, mine)
    assert store.deployment(mine.deployment_id) == succeeded(mine)


def test_how_far_a_deployment_got_is_noted_and_changes_nothing_else(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    before = store.environment("stage")
    further = replace(deployment, images={**deployment.images, "api": change("api", moved=True)})
    store.note(held, further)
    assert store.deployment(deployment.deployment_id) == further
    assert store.environment("stage") == before


# Settling


def test_a_deployment_that_succeeded_is_current_and_good_and_frees_the_environment(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.settle(held, succeeded(deployment))
    record = store.environment("stage")
    verdict = DeployedRelease(
        release_id=release.release_id,
        deployment_id=deployment.deployment_id,
        status=DeploymentStatus.SUCCEEDED,
    )
    assert (record.current, record.good, record.lock) == (verdict, verdict, None)
    assert record.fence == held.fence
    assert set(record.images) == {"api", "indexer"}
    assert store.deployment(deployment.deployment_id) == succeeded(deployment)


def test_a_deployment_that_failed_is_current_and_what_was_good_stays(
    store: ReleaseStore, release: Release
) -> None:
    first, second = a_deployment(release), a_deployment(release)
    store.settle(claimed(store, first), succeeded(first))
    failed = replace(second, status=DeploymentStatus.FAILED, date_finished=minutes(9))
    store.settle(claimed(store, second), failed)
    record = store.environment("stage")
    assert record.current is not None
    assert (record.current.deployment_id, record.current.status) == (second.deployment_id, failed.status)
    assert record.good is not None
    assert record.good.deployment_id == first.deployment_id


def test_images_are_merged_one_by_one_where_they_were_applied(store: ReleaseStore, project: Project) -> None:
    whole = a_release(project, minutes(0), "api", "indexer")
    part = a_release(project, minutes(1), "api", "proxy", "indexer")
    store.save(whole)
    store.save(part)
    first, second = a_deployment(whole), a_deployment(part)
    store.settle(claimed(store, first), succeeded(first))
    there_already = ImageChange(image_id="proxy", from_digest=NEW, to_digest=NEW)
    images = {
        "api": change("api", moved=True),
        "proxy": there_already,
        "indexer": change("indexer"),  # its tag could not be moved
    }
    ended = replace(second, status=DeploymentStatus.FAILED, images=images, date_finished=minutes(3))
    store.settle(claimed(store, second), ended)
    recorded = store.environment("stage").images
    assert {key: one.release_id for key, one in recorded.items()} == {
        "api": part.release_id,
        "proxy": part.release_id,
        "indexer": whole.release_id,
    }


def test_services_are_known_by_the_ecs_deployment_noted_and_its_digests(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    told = outcome("shared", "api", "indexer", told="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, deployment), replace(succeeded(deployment), services=(told,)))
    assert store.environment("stage").services == {
        "shared": KnownService(
            service_id="shared",
            key=told.key,
            ecs_deployment_id="ecs-svc/1",
            digests={"api": NEW, "indexer": NEW},
        )
    }


def test_a_service_that_failed_is_known_to_have_failed_until_it_does_well(
    store: ReleaseStore, release: Release
) -> None:
    bad, good = a_deployment(release), a_deployment(release)
    failed = outcome("shared", "api", told="ecs-svc/1", status=ServiceStatus.FAILED)
    ended = replace(succeeded(bad), status=DeploymentStatus.FAILED, services=(failed,))
    store.settle(claimed(store, bad), ended)
    assert store.environment("stage").services["shared"].failed
    well = outcome("shared", "api", told="ecs-svc/2", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, good), replace(succeeded(good), services=(well,)))
    assert not store.environment("stage").services["shared"].failed


def test_a_service_that_was_never_told_is_known_as_before(store: ReleaseStore, release: Release) -> None:
    first, second = a_deployment(release), a_deployment(release)
    told = outcome("shared", "api", told="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, first), replace(succeeded(first), services=(told,)))
    before = store.environment("stage").services
    untold = replace(
        second,
        status=DeploymentStatus.FAILED,
        date_finished=minutes(9),
        services=(outcome("shared", "api"),),
        images={"api": ImageChange(image_id="api", from_digest=NEW, to_digest=OLD)},
    )
    store.settle(claimed(store, second), untold)
    assert store.environment("stage").services == before


def test_a_service_that_a_success_did_without_is_forgotten(store: ReleaseStore, release: Release) -> None:
    first, failed, last = a_deployment(release), a_deployment(release), a_deployment(release)
    api = outcome("api-service", "api", told="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    gone = outcome("gone-service", "api", told="ecs-svc/2", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, first), replace(succeeded(first), services=(api, gone)))
    without = replace(failed, status=DeploymentStatus.FAILED, date_finished=minutes(9), services=(api,))
    store.settle(claimed(store, failed), without)
    assert set(store.environment("stage").services) == {"api-service", "gone-service"}
    store.settle(claimed(store, last), replace(succeeded(last), services=(api,)))
    assert set(store.environment("stage").services) == {"api-service"}


def test_a_service_of_images_that_a_release_lacks_stays_known(store: ReleaseStore, project: Project) -> None:
    whole = a_release(project, minutes(0), "api", "indexer")
    part = a_release(project, minutes(1), "api")
    store.save(whole)
    store.save(part)
    first, second = a_deployment(whole), a_deployment(part)
    api = outcome("api-service", "api", told="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    indexer = outcome("indexer-service", "indexer", told="ecs-svc/2", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, first), replace(succeeded(first), services=(api, indexer)))
    store.settle(claimed(store, second), replace(succeeded(second), services=(api,)))
    assert set(store.environment("stage").services) == {"api-service", "indexer-service"}


def test_settling_again_after_a_lost_answer_changes_nothing(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.settle(held, succeeded(deployment))
    record = store.environment("stage")
    store.settle(held, succeeded(deployment))
    assert store.environment("stage") == record


def test_who_lost_the_lock_closes_its_own_record_only(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine, theirs = a_deployment(release), a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(theirs, 1, "theirs"))
    record = store.environment("stage")
    interrupted = replace(mine, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    with pytest.raises(LeaseLost):
        store.settle(held, interrupted)
    assert store.deployment(mine.deployment_id) == interrupted
    assert store.environment("stage") == record


def test_who_was_unlocked_by_force_and_is_followed_by_nobody_still_closes_the_environment_s_record(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    lock = store.environment("stage").lock
    assert lock is not None
    store.unlock("stage", lock)
    store.lock("stage", FREEZE)
    store.settle(held, succeeded(deployment))
    record = store.environment("stage")
    assert record.current == record.good == DeployedRelease.of(succeeded(deployment))
    assert record.images.keys() == deployment.images.keys()
    assert record.lock == FREEZE
    assert record.fence == held.fence + 1, "who looked before must not write what was there then"
    assert store.deployment(deployment.deployment_id) == succeeded(deployment)
    store.settle(held, succeeded(deployment))
    assert store.environment("stage") == record


def test_who_lost_the_lock_does_not_change_the_verdict_that_the_next_one_gave(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine, theirs = a_deployment(release), a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    settled = replace(mine, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(8))
    store.claim(a_claim(theirs, 1, "theirs", settles=settled))
    with pytest.raises(LeaseLost):
        store.settle(held, succeeded(mine))
    assert store.deployment(mine.deployment_id) == settled


# Locks taken by hand

FREEZE = Lock(owner="grace-1", holder="grace", reason="the sale is on", since=minutes(0))
OTHER = Lock(owner="ada-1", holder="ada", reason="moving house", since=minutes(1))


def test_a_lock_taken_by_hand_holds_until_it_is_released(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    assert store.lock("stage", FREEZE) is None
    store_setting.clock.wait(24 * 3600)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.claim(a_claim(a_deployment(release)))
    store.unlock("stage", FREEZE)
    store.claim(a_claim(a_deployment(release)))


def test_a_lock_may_be_the_first_thing_recorded(store: ReleaseStore) -> None:
    store.unlock("stage", FREEZE)
    store.lock("stage", FREEZE)
    assert store.environment("stage").lock == FREEZE


def test_a_lock_asked_for_during_a_deployment_holds_from_its_end(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    standing = store.lock("stage", FREEZE)
    assert standing is not None
    assert standing.deployment_id == deployment.deployment_id
    assert store.environment("stage").next_lock == FREEZE
    held = store.renew(held, LEASE)
    store.settle(held, succeeded(deployment))
    record = store.environment("stage")
    assert (record.lock, record.next_lock) == (FREEZE, None)


def test_a_lock_asked_for_during_a_deployment_that_died_keeps_others_out(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store.lock("stage", FREEZE)
    store_setting.clock.wait(LEASE + GRACE + 1)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.claim(a_claim(a_deployment(release), 1, "theirs"))


def test_a_lock_that_waits_for_its_turn_can_be_withdrawn(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.lock("stage", FREEZE)
    store.unlock("stage", FREEZE)
    store.settle(held, succeeded(deployment))
    assert store.environment("stage").lock is None


def test_what_is_locked_by_hand_is_not_locked_by_another(store: ReleaseStore, release: Release) -> None:
    store.lock("stage", FREEZE)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.lock("stage", OTHER)
    assert store.lock("stage", FREEZE) is None
    store.unlock("stage", OTHER)
    assert store.environment("stage").lock == FREEZE
    claimed(store, a_deployment(release, "prod"))
    store.lock("prod", FREEZE)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.lock("prod", OTHER)


def test_a_dead_deployments_lock_is_released_by_hand(store: ReleaseStore, release: Release) -> None:
    dead = a_deployment(release)
    held = claimed(store, dead)
    lock = store.environment("stage").lock
    assert lock is not None
    store.unlock("stage", lock)
    store.unlock("stage", lock)
    with pytest.raises(LeaseLost, match="stage"):
        store.renew(held, LEASE)
    assert store.claim(a_claim(a_deployment(release), 1, "theirs")).fence == 2


def test_a_lock_by_hand_changes_nothing_else(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    store.settle(claimed(store, deployment), succeeded(deployment))
    before = store.environment("stage")
    store.lock("stage", FREEZE)
    assert store.environment("stage") == replace(before, lock=FREEZE)
    store.unlock("stage", FREEZE)
    assert store.environment("stage") == before


# What is kept of failures


def test_failures_are_kept_without_their_log_lines(store: ReleaseStore, release: Release) -> None:
    failure = Failure(
        kind="task",
        message="Essential container in task exited",
        task="0123abcd",
        container="api",
        stop_code="EssentialContainerExited",
        exit_code=137,
        log_location="ecs/api/0123abcd in /ecs/api",
    )
    logged = replace(failure, log_lines=("password=hunter2",))
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    services = (outcome("api-service", "api", status=ServiceStatus.FAILED, failures=(logged,)),)
    ended = replace(deployment, status=DeploymentStatus.FAILED, services=services, date_finished=minutes(1))
    store.settle(held, ended)
    recorded = store.deployment(deployment.deployment_id)
    assert recorded is not None
    assert recorded.services[0].failures == (failure,)


def test_of_very_many_failures_the_first_are_kept_and_the_rest_counted(
    store: ReleaseStore, release: Release
) -> None:
    failures = tuple(Failure(kind="event", message=f"{count} " + "x" * 500) for count in range(100))
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    services = (outcome("api-service", "api", status=ServiceStatus.FAILED, failures=failures),)
    store.note(held, replace(deployment, services=services))
    recorded = store.deployment(deployment.deployment_id)
    assert recorded is not None
    kept = recorded.services[0].failures
    assert kept[0] == failures[0]
    assert kept[-1].message == f"… {100 - (len(kept) - 1)} more, not kept in the record"
    assert sum(len(one.message) for one in kept) <= 4_000
