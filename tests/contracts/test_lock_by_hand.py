"""Locks taken and released by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    FREEZE,
    GRACE,
    LEASE,
    OTHER,
    a_claim,
    a_deployment,
    claimed,
    succeeded,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import EnvironmentLocked, LeaseLost
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_a_lock_keeps_deployments_out_until_it_is_released(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    assert store.lock("stage", FREEZE) is None
    store_setting.clock.wait(24 * 3600)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.claim(a_claim(store, a_deployment(release)))
    store.unlock("stage", FREEZE)
    store.claim(a_claim(store, a_deployment(release)))


def test_a_lock_may_be_the_first_record_of_an_environment(store: ReleaseStore) -> None:
    store.unlock("stage", FREEZE)
    store.lock("stage", FREEZE)
    assert store.environment("stage").lock == FREEZE


def test_a_lock_during_a_deployment_begins_when_that_ends(store: ReleaseStore, release: Release) -> None:
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


def test_a_lock_during_a_deployment_begins_when_its_dead_holders_lease_is_over(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    claimed(store, a_deployment(release))
    store.lock("stage", FREEZE)
    store_setting.clock.wait(LEASE + GRACE + 1)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        store.claim(a_claim(store, a_deployment(release), "theirs"))


def test_a_lock_that_has_not_begun_can_be_withdrawn(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.lock("stage", FREEZE)
    store.unlock("stage", FREEZE)
    store.settle(held, succeeded(deployment))
    assert store.environment("stage").lock is None


def test_a_second_lock_is_refused(store: ReleaseStore, release: Release) -> None:
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


def test_a_deployments_lock_can_be_released_by_hand(store: ReleaseStore, release: Release) -> None:
    dead = a_deployment(release)
    held = claimed(store, dead)
    lock = store.environment("stage").lock
    assert lock is not None
    store.unlock("stage", lock)
    store.unlock("stage", lock)
    with pytest.raises(LeaseLost, match="stage"):
        store.renew(held, LEASE)
    assert store.claim(a_claim(store, a_deployment(release), "theirs")).fence == 2


def test_a_lock_changes_nothing_else_in_the_record(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    store.settle(claimed(store, deployment), succeeded(deployment))
    before = store.environment("stage")
    store.lock("stage", FREEZE)
    assert store.environment("stage") == replace(before, lock=FREEZE)
    store.unlock("stage", FREEZE)
    assert store.environment("stage") == before
