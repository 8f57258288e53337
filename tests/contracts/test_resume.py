"""Resuming a recorded deployment, to give it its result or another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    GRACE,
    LEASE,
    a_claim,
    a_deployment,
    claimed,
    minutes,
    succeeded,
    with_fence,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import EnvironmentLocked, StaleFence
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_a_deployment_can_be_resumed_once_its_holders_lease_is_over(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    dead = a_deployment(release)
    claimed(store, dead)
    with pytest.raises(EnvironmentLocked):
        store.resume(a_claim(store, dead, "theirs"))
    store_setting.clock.wait(LEASE + GRACE + 1)
    with pytest.raises(StaleFence):
        store.resume(replace(a_claim(store, dead, "theirs"), observed=with_fence(0)))
    held = store.resume(a_claim(store, dead, "theirs"))
    assert (held.fence, held.owner) == (2, "theirs")
    assert store.deployment(dead.deployment_id) == dead
    store.settle(held, succeeded(dead))
    current = store.environment("stage").current
    assert current is not None
    assert current.status is DeploymentStatus.SUCCEEDED


def test_resuming_is_stale_if_the_deployment_has_another_status_by_now(
    store: ReleaseStore, release: Release
) -> None:
    done = a_deployment(release)
    store.settle(claimed(store, done), succeeded(done))
    with pytest.raises(StaleFence):
        store.resume(a_claim(store, done, "theirs"))
    assert store.environment("stage").lock is None


def test_a_finished_deployment_can_be_resumed_to_get_another_result(
    store: ReleaseStore, release: Release
) -> None:
    asked = a_deployment(release)
    late = replace(asked, status=DeploymentStatus.TIMED_OUT, date_finished=minutes(9))
    store.settle(claimed(store, asked), late)
    held = store.resume(a_claim(store, late, "theirs"))
    assert store.deployment(late.deployment_id) == late
    store.settle(held, succeeded(asked))
    assert store.deployment(late.deployment_id) == succeeded(asked)
    record = store.environment("stage")
    assert record.lock is None
    assert record.current is not None
    assert record.current == record.good
    assert record.current.status is DeploymentStatus.SUCCEEDED
