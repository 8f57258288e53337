"""How a claim reaches DynamoDB: in one write if nothing has changed since it was observed, else after a read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.contracts.dynamodb_table import Table, ended
from tests.contracts.records_samples import (
    FREEZE,
    LEASE,
    a_claim,
    a_deployment,
    a_release,
    deployment_of_5x,
    minutes,
    release_of_5x,
    succeeded,
)
from weco_deploy.errors import EnvironmentLocked, StaleFence
from weco_deploy.model.deployment import DeploymentStatus

WRITE, READ = "TransactWriteItems", "TransactGetItems"


@contextmanager
def calls(table: Table) -> Iterator[list[str]]:
    """The operations that are called within it."""
    called: list[str] = []

    def handle(event_name: str, **_: object) -> None:
        called.append(event_name.rpartition(".")[-1])

    table.client.meta.events.register_first("before-call.dynamodb", handle)
    try:
        yield called
    finally:
        table.client.meta.events.unregister("before-call.dynamodb", handle)


def test_a_claim_of_a_recorded_release_is_one_call(table: Table) -> None:
    deployment = a_deployment(table.release)
    claim = a_claim(table.ours, deployment)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]
    assert table.ours.deployment(deployment.deployment_id) == deployment
    recorded = table.ours.release(table.release.release_id)
    assert recorded is not None
    assert [listed.deployment_id for listed in recorded.deployments] == [deployment.deployment_id]


def test_a_second_claim_of_a_recorded_release_is_one_call(table: Table) -> None:
    first, second = a_deployment(table.release), a_deployment(table.release, at=minutes(7))
    table.ours.settle(table.ours.claim(a_claim(table.ours, first)), ended(first))
    claim = a_claim(table.ours, second)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]
    item = table.item(table.release.release_id)
    assert item["last_date_deployed"] == "2026-03-01T12:07:00.000000"
    assert isinstance(item["deployments"], list)
    assert len(item["deployments"]) == 2


def test_a_claim_of_a_new_release_is_one_call(table: Table) -> None:
    release = a_release(table.project, minutes(1))
    claim = a_claim(table.ours, a_deployment(release), new_release=release)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]
    assert table.ours.release(release.release_id) is not None


def test_a_claim_after_a_dead_holder_is_one_call(table: Table) -> None:
    dead = a_deployment(table.release)
    table.theirs.claim(a_claim(table.theirs, dead, "theirs"))
    table.setting.clock.wait(LEASE + 60)
    interrupted = replace(dead, status=DeploymentStatus.INTERRUPTED, date_finished=minutes(9))
    claim = a_claim(table.ours, a_deployment(table.release), settles=interrupted)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]
    assert table.ours.deployment(dead.deployment_id) == interrupted


def test_a_rollback_under_our_own_lock_is_one_call_even_if_the_lease_was_renewed_since(table: Table) -> None:
    failed = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, failed))
    settles = replace(failed, status=DeploymentStatus.FAILED, date_finished=minutes(3))
    claim = a_claim(table.ours, a_deployment(table.release), settles=settles)
    table.setting.clock.wait(LEASE / 4)
    table.ours.renew(held, LEASE)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]


def test_resuming_is_one_call(table: Table) -> None:
    dead = a_deployment(table.release)
    table.theirs.claim(a_claim(table.theirs, dead, "theirs"))
    table.setting.clock.wait(LEASE + 60)
    claim = a_claim(table.ours, dead)
    with calls(table) as called:
        table.ours.resume(claim)
    assert called == [WRITE]


def test_a_claim_reads_if_it_is_refused_and_is_made_if_nothing_stands_against_it(table: Table) -> None:
    claim = a_claim(table.ours, a_deployment(table.release))
    prod = a_deployment(table.release, "prod")
    table.theirs.claim(a_claim(table.theirs, prod, "theirs"))
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE, READ, WRITE]
    recorded = table.ours.release(table.release.release_id)
    assert recorded is not None
    assert [listed.environment for listed in recorded.deployments] == ["prod", "stage"]


def test_a_claim_reads_if_it_is_refused_and_is_stale_if_the_fence_has_grown(table: Table) -> None:
    theirs = a_deployment(table.release)
    claim = a_claim(table.ours, a_deployment(table.release))
    table.theirs.settle(table.theirs.claim(a_claim(table.theirs, theirs, "theirs")), ended(theirs))
    with calls(table) as called, pytest.raises(StaleFence):
        table.ours.claim(claim)
    assert called == [WRITE, READ]


@pytest.mark.parametrize("status", [DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED])
def test_resuming_is_stale_if_the_deployment_got_its_result_after_it_was_observed(
    table: Table, status: DeploymentStatus
) -> None:
    deployment = a_deployment(table.release)
    held = table.theirs.claim(a_claim(table.theirs, deployment, "theirs"))
    table.setting.clock.wait(LEASE + 60)
    claim = a_claim(table.ours, deployment)
    table.theirs.settle(held, replace(deployment, status=status, date_finished=minutes(4)))
    with pytest.raises(StaleFence):
        table.ours.resume(claim)
    assert table.ours.environment("stage").lock is None


def test_a_lock_that_was_observed_but_is_gone_does_not_refuse_a_claim(table: Table) -> None:
    table.theirs.lock("stage", FREEZE)
    claim = a_claim(table.ours, a_deployment(table.release))
    table.theirs.unlock("stage", FREEZE)
    assert table.ours.claim(claim).fence == 1


def test_a_lock_that_was_taken_after_the_environment_was_observed_refuses_a_claim(table: Table) -> None:
    claim = a_claim(table.ours, a_deployment(table.release))
    table.theirs.lock("stage", FREEZE)
    with pytest.raises(EnvironmentLocked, match="the sale is on"):
        table.ours.claim(claim)


def test_a_lock_taken_and_released_since_leaves_a_claim_of_one_call(table: Table) -> None:
    claim = a_claim(table.ours, a_deployment(table.release))
    table.theirs.lock("stage", FREEZE)
    table.theirs.unlock("stage", FREEZE)
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [WRITE]


def test_a_claim_is_stale_on_a_record_that_a_forcibly_unlocked_deployment_settled_since(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.theirs.claim(a_claim(table.theirs, deployment, "theirs"))
    lock = table.theirs.environment("stage").lock
    assert lock is not None
    table.ours.unlock("stage", lock)
    claim = a_claim(table.ours, a_deployment(table.release))
    table.theirs.settle(held, succeeded(deployment))
    with pytest.raises(StaleFence):
        table.ours.claim(claim)
    assert set(table.ours.environment("stage").images) == {"api"}


# What 5.x recorded


def test_a_claim_of_a_release_that_5x_deployed_reads_and_keeps_the_entries_of_5x(table: Table) -> None:
    item = release_of_5x(
        table.project,
        "2021-09-27T10:00:00.1",
        {"api": "ref.a"},
        deployment_of_5x("stage", "2021-09-27T11:00:00.1"),
    )
    table.put(item)
    release = table.ours.release(str(item["release_id"]))
    assert release is not None
    claim = a_claim(table.ours, a_deployment(release))
    with calls(table) as called:
        table.ours.claim(claim)
    assert called == [READ, WRITE]
    listed, entries = table.item(release.release_id)["deployments"], item["deployments"]
    assert isinstance(listed, list)
    assert isinstance(entries, list)
    assert (len(listed), listed[0]) == (2, entries[0])


def test_a_claim_does_not_record_what_5x_deployed_last_as_the_good_release(table: Table) -> None:
    table.put(
        release_of_5x(
            table.project,
            "2021-09-27T10:00:00.1",
            {"api": "ref.a"},
            deployment_of_5x("stage", "2021-09-27T11:00:00.1"),
        )
    )
    claim = a_claim(table.ours, a_deployment(table.release))
    assert claim.observed.good is not None
    table.ours.claim(claim)
    assert "good" not in table.item("environment#stage")
