"""The runs of steps, which are recorded apart from deployments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.records_samples import GRACE, LEASE, a_claim, a_deployment, claimed, minutes
from tests.contracts.records_setting import StoreSetting
from weco_deploy.errors import LeaseLost
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepRun, StepStatus
from weco_deploy.ports import ReleaseStore

BEGUN = StepRun(
    key="1f2e",
    token="a-token",
    deployment_id="a-deployment",
    status=StepStatus.RUNNING,
    begun=minutes(1),
    cluster="shop",
    definition="arn:aws:ecs:eu-west-1:111122223333:task-definition/migrate:7",
)
ENDED = replace(BEGUN, token="other", status=StepStatus.SUCCEEDED, task="arn:aws:ecs:…:task/shop/1")


def test_runs_are_read_as_they_were_recorded_and_replaced_as_a_whole(
    store: ReleaseStore, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    assert store.step_runs("stage", ["migrate", "seed"]) == {}

    store.note_step_runs(held, "migrate", (ENDED, BEGUN))
    assert store.step_runs("stage", ["migrate", "seed"]) == {"migrate": (ENDED, BEGUN)}

    store.note_step_runs(held, "migrate", (ENDED,))
    store.note_step_runs(held, "seed", (BEGUN,))
    assert store.step_runs("stage", ["migrate", "seed"]) == {"migrate": (ENDED,), "seed": (BEGUN,)}
    assert store.step_runs("prod", ["migrate"]) == {}


def test_run_is_no_release_and_no_deployment(store: ReleaseStore, release: Release) -> None:
    held = claimed(store, a_deployment(release))
    listed = store.releases(10), store.deployments(None, 10)
    store.note_step_runs(held, "migrate", (BEGUN,))
    assert (store.releases(10), store.deployments(None, 10)) == listed


def test_runs_are_not_recorded_once_somebody_else_has_claimed(
    store: ReleaseStore, store_setting: StoreSetting, release: Release
) -> None:
    held = claimed(store, a_deployment(release))
    store_setting.clock.wait(LEASE + GRACE + 1)
    store.claim(a_claim(store, a_deployment(release), "theirs"))
    with pytest.raises(LeaseLost):
        store.note_step_runs(held, "migrate", (BEGUN,))
    assert store.step_runs("stage", ["migrate"]) == {}
