"""Settling a deployment: its result is recorded and the environment released."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import (
    FREEZE,
    GRACE,
    LEASE,
    a_claim,
    a_deployment,
    claimed,
    minutes,
    outcome,
    succeeded,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import LeaseLost
from weco_deploy.model.deployment import DeploymentStatus, Failure, ServiceStatus
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.ports import ReleaseStore


def test_a_success_becomes_current_and_good_and_releases_the_lock(
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


def test_a_failure_becomes_current_and_leaves_the_good_release(store: ReleaseStore, release: Release) -> None:
    first, second = a_deployment(release), a_deployment(release)
    store.settle(claimed(store, first), succeeded(first))
    failed = replace(second, status=DeploymentStatus.FAILED, date_finished=minutes(9))
    store.settle(claimed(store, second), failed)
    record = store.environment("stage")
    assert record.current is not None
    assert (record.current.deployment_id, record.current.status) == (second.deployment_id, failed.status)
    assert record.good is not None
    assert record.good.deployment_id == first.deployment_id


def test_settling_again_changes_nothing(store: ReleaseStore, release: Release) -> None:
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.settle(held, succeeded(deployment))
    record = store.environment("stage")
    store.settle(held, succeeded(deployment))
    assert store.environment("stage") == record


def test_settling_after_a_takeover_closes_the_deployment_only(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine, theirs = a_deployment(release), a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(store, theirs, "theirs"))
    record = store.environment("stage")
    interrupted = replace(mine, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    with pytest.raises(LeaseLost):
        store.settle(held, interrupted)
    assert store.deployment(mine.deployment_id) == interrupted
    assert store.environment("stage") == record


def test_settling_after_a_forced_unlock_closes_the_environments_record_and_raises_the_fence(
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


def test_settling_after_a_takeover_leaves_the_result_that_the_new_holder_recorded(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    mine, theirs = a_deployment(release), a_deployment(release)
    held = claimed(store, mine)
    store_setting.clock.wait(LEASE + GRACE + 1)
    settled = replace(mine, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(8))
    store.claim(a_claim(store, theirs, "theirs", settles=settled))
    with pytest.raises(LeaseLost):
        store.settle(held, succeeded(mine))
    assert store.deployment(mine.deployment_id) == settled


def test_failures_are_recorded_without_their_log_lines(store: ReleaseStore, release: Release) -> None:
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


def test_steps_are_recorded_without_their_log_lines(store: ReleaseStore, release: Release) -> None:
    step = StepOutcome(
        id="migrate",
        kind="before",
        status=StepStatus.FAILED,
        started=minutes(1),
        finished=minutes(2),
        exit_code=3,
        detail="Essential container in task exited",
        log_location="ecs/api/0123abcd in /ecs/api",
        output=("what the project file allows to be recorded",),
        advisory=True,
    )
    deployment = a_deployment(release)
    held = claimed(store, deployment)
    store.note(held, replace(deployment, steps=(replace(step, log_lines=("password=hunter2",)),)))
    recorded = store.deployment(deployment.deployment_id)
    assert recorded is not None
    assert recorded.steps == (step,)


def test_of_many_failures_the_first_are_recorded_and_the_rest_counted(
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
    assert sum(len(failure.message) for failure in kept) <= 4_000
