"""The record of a deployment with many services, which are in items of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    GRACE,
    LEASE,
    a_claim,
    a_large_deployment,
    change,
    claimed,
    failed_at_length,
    redeployed,
    succeeded,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import LeaseLost
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_progress_is_read_as_it_was_noted(store: ReleaseStore, release: Release) -> None:
    deployment = a_large_deployment(release)
    held = claimed(store, deployment)
    assert store.deployment(deployment.deployment_id) == deployment
    tags = replace(deployment, images={**deployment.images, "api": change("api", moved=True)})
    for progress in (tags, redeployed(tags, 0), redeployed(tags, 0, 1, 29)):
        store.note(held, progress)
        assert store.deployment(deployment.deployment_id) == progress
        assert store.deployments(["stage"], 10) == (progress,)


def test_verdict_replaces_the_progress(store: ReleaseStore, release: Release) -> None:
    deployment = a_large_deployment(release)
    held = claimed(store, deployment)
    store.note(held, redeployed(deployment, 3, 14))
    store.settle(held, succeeded(redeployed(deployment, *range(30))))
    finished = succeeded(redeployed(deployment, *range(30)))
    assert store.deployment(deployment.deployment_id) == finished
    assert store.environment("stage").services.keys() == {
        service.service_id for service in deployment.services
    }


def test_failures_of_many_services_are_all_recorded(store: ReleaseStore, release: Release) -> None:
    deployment = a_large_deployment(release, services=90)
    held = claimed(store, deployment)
    finished = failed_at_length(deployment)
    store.settle(held, finished)
    assert store.deployment(deployment.deployment_id) == finished
    assert store.deployments(["stage"], 10) == (finished,)
    assert store.deployments(None, 10, release.release_id) == (finished,)


def test_undone_deployment_keeps_all_failures_beside_its_rollback(
    store: ReleaseStore, release: Release
) -> None:
    deployment, rollback = a_large_deployment(release, services=90), a_large_deployment(release)
    claimed(store, deployment)
    failed = failed_at_length(deployment)
    undone = replace(failed, rollback=rollback)
    held = store.claim(a_claim(store, rollback, settles=undone))
    undone = replace(undone, status=DeploymentStatus.ROLLED_BACK)
    store.settle(held, succeeded(rollback), undone)
    recorded = store.deployment(deployment.deployment_id)
    assert recorded == replace(undone, rollback=succeeded(rollback))
    assert recorded in store.deployments(["stage"], 10)


def test_another_run_resumes_what_was_noted_and_settles_it(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    deployment = a_large_deployment(release)
    held = claimed(store, deployment)
    store.note(held, redeployed(deployment, 3, 14))
    store_setting.clock.wait(LEASE + GRACE + 1)
    recorded = store.deployment(deployment.deployment_id)
    assert recorded is not None
    resumed = store.resume(a_claim(store, recorded, "theirs"))
    with pytest.raises(LeaseLost):
        store.note(held, redeployed(deployment, 3, 14, 15))
    store.note(resumed, redeployed(recorded, 20))
    assert store.deployment(deployment.deployment_id) == redeployed(deployment, 3, 14, 20)
    store.settle(resumed, succeeded(recorded))
    assert store.deployment(deployment.deployment_id) == succeeded(recorded)


def test_new_verdict_replaces_one_with_many_failures(store: ReleaseStore, release: Release) -> None:
    deployment = a_large_deployment(release, services=90)
    failed = failed_at_length(deployment)
    store.settle(claimed(store, deployment), failed)
    held = store.resume(a_claim(store, failed, "theirs"))
    store.settle(held, succeeded(deployment))
    recorded = store.deployment(deployment.deployment_id)
    assert recorded == succeeded(deployment)
    assert {service.status for service in recorded.services} == {ServiceStatus.SUCCEEDED}


def test_late_verdict_after_a_takeover_closes_the_record_of_many_services(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine, theirs = a_large_deployment(release), a_large_deployment(release)
    held = claimed(store, mine)
    store.note(held, redeployed(mine, 3))
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(store, theirs, "theirs"))
    with pytest.raises(LeaseLost):
        store.settle(held, succeeded(mine))
    assert store.deployment(mine.deployment_id) == succeeded(mine)
    assert store.deployment(theirs.deployment_id) == theirs
