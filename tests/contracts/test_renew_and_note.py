"""What a holder does while its deployment goes on: renew the lease, note how far it got."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import GRACE, LEASE, a_claim, a_deployment, change, claimed, succeeded
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import EnvironmentLocked, LeaseLost
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_a_renewed_lease_keeps_others_out_for_longer(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE - 1)
    renewed = store.renew(held, LEASE)
    assert (renewed.lease_ends - held.lease_ends).total_seconds() == LEASE - 1
    store_setting.clock.wait(LEASE)
    with pytest.raises(EnvironmentLocked):
        store.claim(a_claim(store, a_deployment(release), "theirs"))


def test_a_lease_that_ran_out_can_be_renewed_while_nobody_has_claimed(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    store_setting.clock.wait(10 * LEASE)
    assert store.renew(held, LEASE).lease_ends > store_setting.clock.utc()


def test_renewing_and_noting_fail_once_somebody_else_has_claimed(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine = a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    theirs = replace(a_deployment(release), requested_by="arn:aws:iam::111122223333:user/grace")
    store.claim(a_claim(store, theirs, "theirs"))
    with pytest.raises(LeaseLost, match="grace holds it"):
        store.renew(held, LEASE)
    with pytest.raises(LeaseLost, match="grace holds it"):
        store.note(held, replace(mine, description="changed"))
    assert store.deployment(mine.deployment_id) == mine


def test_renewing_and_noting_fail_once_the_lock_is_released(store: ReleaseStore, release: Release) -> None:
    mine = a_deployment(release)
    held = claimed(store, mine)
    store.settle(held, succeeded(mine))
    with pytest.raises(LeaseLost):
        store.renew(held, LEASE)
    with pytest.raises(LeaseLost):
        store.note(held, mine)
    assert store.deployment(mine.deployment_id) == succeeded(mine)


def test_a_note_changes_the_deployment_and_nothing_else(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    before = store.environment("stage")
    further = replace(deployment, images={**deployment.images, "api": change("api", moved=True)})
    store.note(held, further)
    assert store.deployment(deployment.deployment_id) == further
    assert store.environment("stage") == before
