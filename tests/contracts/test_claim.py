"""Claiming an environment: the lock, the deployment and its release are recorded at once, or nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    GRACE,
    LEASE,
    NEW,
    a_claim,
    a_deployment,
    a_release,
    change,
    claimed,
    minutes,
    outcome,
    succeeded,
    with_fence,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import EnvironmentLocked, LeaseLost, NotFound, StaleFence
from weco_deploy.model.arn import person_of
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import AppliedImage, DeployedRelease
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_a_claim_records_the_deployment_and_the_lock(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    deployment = a_deployment(release)
    held = store.claim(a_claim(store, deployment))
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
    store.claim(a_claim(store, deployment, new_release=release))
    latest = store.latest()
    assert latest is not None
    assert latest.release_id == release.release_id
    assert [recorded_deployment.deployment_id for recorded_deployment in latest.deployments] == [
        deployment.deployment_id
    ]
    assert replace(latest, deployments=()) == release


def test_a_claim_records_a_new_release_that_is_older_than_the_latest(
    store: ReleaseStore, project: Project
) -> None:
    newer, older = a_release(project, minutes(5)), a_release(project, minutes(1))
    store.save(newer)
    store.claim(a_claim(store, a_deployment(older), new_release=older))
    assert store.latest() == newer
    assert store.release(older.release_id) is not None


def test_a_claim_of_an_unknown_release_is_refused(store: ReleaseStore, project: Project) -> None:
    store.save(a_release(project))
    unknown = a_release(project)
    with pytest.raises(NotFound, match=unknown.release_id):
        store.claim(replace(a_claim(store, a_deployment(unknown), new_release=unknown), release_is_new=False))
    assert store.environment("stage").lock is None


def test_a_claim_of_an_environment_that_is_held_is_refused(store: ReleaseStore, release: Release) -> None:
    mine = a_deployment(release)
    claimed(store, mine)
    with pytest.raises(EnvironmentLocked, match=person_of(mine.requested_by)) as raised:
        store.claim(a_claim(store, a_deployment(release), "theirs"))
    assert "ship the new ranking" in raised.value.message
    assert mine.deployment_id in raised.value.message


def test_claims_of_two_environments_do_not_exclude_each_other(store: ReleaseStore, release: Release) -> None:
    stage, prod = a_deployment(release), a_deployment(release, "prod")
    claimed(store, stage)
    claimed(store, prod, "theirs")
    recorded = store.release(release.release_id)
    assert recorded is not None
    assert [recorded_deployment.environment for recorded_deployment in recorded.deployments] == [
        "stage",
        "prod",
    ]


def test_a_claim_is_refused_until_the_grace_after_a_lease_is_over(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE + GRACE - 1)
    with pytest.raises(EnvironmentLocked):
        store.claim(a_claim(store, a_deployment(release), "theirs"))


def test_a_claim_succeeds_after_a_dead_holders_lease_and_grace(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE + GRACE + 1)
    held = store.claim(a_claim(store, a_deployment(release), "theirs"))
    assert held.fence == 2
    lock = store.environment("stage").lock
    assert lock is not None
    assert lock.owner == "theirs"


@pytest.mark.parametrize("seen", [0, 2])
def test_a_claim_on_another_fence_than_the_recorded_one_is_stale(
    store: ReleaseStore, release: Release, seen: int
) -> None:
    first = a_deployment(release)
    store.settle(claimed(store, first), succeeded(first))
    late = a_deployment(release)
    with pytest.raises(StaleFence):
        store.claim(replace(a_claim(store, late, "theirs"), observed=with_fence(seen)))
    assert store.deployment(late.deployment_id) is None


def test_a_claim_on_a_fence_of_an_environment_without_a_record_is_stale(
    store: ReleaseStore, release: Release
) -> None:
    with pytest.raises(StaleFence):
        store.claim(replace(a_claim(store, a_deployment(release)), observed=with_fence(3)))


def test_a_claim_that_is_recorded_already_succeeds_again(store: ReleaseStore, release: Release) -> None:
    claim = a_claim(store, a_deployment(release))
    held = store.claim(claim)
    assert store.claim(claim) == held
    recorded = store.release(release.release_id)
    assert recorded is not None
    assert len(recorded.deployments) == 1


def test_a_rollback_claims_under_the_lock_of_the_failed_deployment(
    store: ReleaseStore, release: Release
) -> None:
    first = a_deployment(release)
    held = claimed(store, first)
    failed = replace(first, status=DeploymentStatus.FAILED, date_finished=minutes(3))
    back = a_deployment(release, at=minutes(4))
    again = store.claim(a_claim(store, back, held.owner, settles=failed))
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


def test_a_claim_settles_a_deployment_that_was_cut_off(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    held = claimed(store, dead)
    moved = {**dead.images, "api": change("api", moved=True)}
    told = (outcome("api-service", "api", ecs_deployment="ecs-svc/7", status=ServiceStatus.IN_PROGRESS),)
    noted = replace(dead, images=moved, services=told)
    store.note(held, noted)
    store_setting.clock.wait(LEASE + GRACE + 1)
    interrupted = replace(noted, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    later = a_deployment(release, at=minutes(9))
    store.claim(a_claim(store, later, "theirs", settles=interrupted))
    assert store.deployment(dead.deployment_id) == interrupted
    record = store.environment("stage")
    assert record.current is not None
    assert record.current.deployment_id == later.deployment_id
    assert record.good is None
    # Cut off while its service still rolled out: that the image ran, and worked, is not known.
    applied = AppliedImage(release_id=release.release_id, digest=NEW, ref="ref.api1", worked=False, ran=False)
    assert record.images == {"api": applied}
    assert record.services["api-service"].ecs_deployment_id == "ecs-svc/7"


def test_a_deployment_that_a_claim_settles_as_succeeded_is_the_good_one(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    claimed(store, dead)
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(store, a_deployment(release), "theirs", settles=succeeded(dead)))
    good = store.environment("stage").good
    assert good is not None
    assert good.deployment_id == dead.deployment_id


def test_a_claim_is_stale_if_the_deployment_to_settle_has_another_result_by_now(
    store: ReleaseStore, release: Release
) -> None:
    alive = a_deployment(release)
    held = claimed(store, alive)
    store.settle(held, succeeded(alive))
    interrupted = replace(alive, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    with pytest.raises(StaleFence):
        store.claim(a_claim(store, a_deployment(release), "theirs", settles=interrupted))
    assert store.deployment(alive.deployment_id) == succeeded(alive)
