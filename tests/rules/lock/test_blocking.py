"""Which lock blocks an environment, and the error for those it blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.lock.records import OVER, after, by_hand, leased, record
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord, Lock
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.rules.lock import blocking_lock, refused


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (record(), None),
        (record(leased()), leased()),
        (record(by_hand()), by_hand()),
        (record(leased(), by_hand()), leased()),
    ],
    ids=["free", "a deployment", "by hand", "a deployment, then by hand"],
)
def test_lock_blocks_while_it_lasts(recorded: EnvironmentRecord, expected: Lock | None) -> None:
    assert blocking_lock(recorded, after(0)) == expected
    assert blocking_lock(recorded, after(0), "theirs") == expected


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (record(leased()), None),
        (record(by_hand()), by_hand()),
        (record(leased(), by_hand()), by_hand()),
    ],
    ids=["a deployment", "by hand", "a deployment, then by hand"],
)
def test_after_a_lease_the_lock_that_follows_blocks(
    recorded: EnvironmentRecord, expected: Lock | None
) -> None:
    assert blocking_lock(recorded, OVER) == expected
    assert blocking_lock(recorded, OVER, "theirs") == expected


@pytest.mark.parametrize("seconds", [0, 1000])
def test_lock_does_not_block_its_owner(seconds: float) -> None:
    assert blocking_lock(record(leased("ours"), by_hand()), after(seconds), "ours") is None


def test_error_for_a_deployments_lock_names_holder_deployment_and_how_to_wait() -> None:
    error = refused("stage", leased())
    assert error.message == (
        "stage is locked by ada for deployment deployment since 2026-03-04 12:00:00Z, lease until 12:02:00Z: ship it"
    )
    assert error.hint == (
        "wait for it with --wait-for-lock SECONDS, and see what runs there with: weco-deploy status --environment-id stage"
    )


def test_error_for_a_lock_by_hand_names_holder_reason_and_how_to_unlock() -> None:
    error = refused("stage", by_hand())
    assert error.message == "stage is locked by grace by hand since 2026-03-04 12:00:00Z: the sale is on"
    assert error.hint == (
        "ask its holder, or release it with: weco-deploy unlock --environment-id stage (--force if it is not yours), "
        "and see what runs there with: weco-deploy status --environment-id stage"
    )


@pytest.mark.parametrize(
    ("deployment_id", "status", "words"),
    [
        ("other", DeploymentStatus.SUCCEEDED, "stage has release 8f14e45f"),
        ("deployment", DeploymentStatus.IN_PROGRESS, "it deploys release 8f14e45f"),
        ("other", DeploymentStatus.FAILED, "release 8f14e45f was deployed there last, and failed"),
    ],
)
def test_error_for_a_lock_says_what_was_deployed_there_last(
    deployment_id: str, status: DeploymentStatus, words: str
) -> None:
    current = DeployedRelease(release_id="8f14e45f-ceea-467f", deployment_id=deployment_id, status=status)
    assert refused("stage", leased(), current).message.endswith(f": ship it; {words}")


def test_error_for_a_lock_without_a_reason_says_so() -> None:
    assert refused("stage", replace(by_hand(), reason="")).message.endswith(": no reason given")


def test_error_for_a_lock_names_the_build_and_the_person_of_its_holder() -> None:
    session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_PowerUserAccess_0123456789abcdef/ada"
    error = refused("stage", replace(leased(), holder=session, build_url="https://ci/7"))
    assert error.message.startswith(
        "stage is locked by ada for deployment deployment, build https://ci/7, since "
    )


def test_error_for_a_deployments_lock_without_a_description_gives_no_reason() -> None:
    error = refused("stage", replace(leased(), reason=DEFAULT_DESCRIPTION))
    assert error.message.endswith("lease until 12:02:00Z")
