"""Writes that something else overtakes between the decision and the write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.dynamodb_table import AFTER_IT_ACTED, BEFORE_IT_ACTS, Table, at, ended, lose_the_answer
from tests.contracts.records_samples import FREEZE, LEASE, a_claim, a_deployment, a_release, minutes
from weco_deploy.aws.records.environments import environment_item
from weco_deploy.errors import EnvironmentLocked
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Held
from weco_deploy.ports import ReleaseStore


def test_two_claims_of_one_release_at_once_are_both_listed_in_it(table: Table) -> None:
    stage, prod = a_deployment(table.release), a_deployment(table.release, "prod")
    with at(table.client, BEFORE_IT_ACTS, lambda: took(table.theirs, prod)):
        table.ours.claim(a_claim(table.ours, stage))
    recorded = table.ours.release(table.release.release_id)
    assert recorded is not None
    assert [found.environment for found in recorded.deployments] == ["prod", "stage"]


def test_of_two_claims_of_one_environment_at_once_the_second_is_refused(table: Table) -> None:
    mine, other = a_deployment(table.release), a_deployment(table.release)
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: took(table.theirs, other)),
        pytest.raises(EnvironmentLocked, match=other.deployment_id),
    ):
        table.ours.claim(a_claim(table.ours, mine))
    assert table.ours.deployment(mine.deployment_id) is None


def test_of_two_releases_saved_at_once_the_newer_is_the_latest(table: Table) -> None:
    newer, older = a_release(table.project, minutes(9)), a_release(table.project, minutes(8))
    with at(table.client, BEFORE_IT_ACTS, lambda: table.theirs.save(newer)):
        table.ours.save(older)
    pointer = table.item(f"latest#{table.project.id}")["latest"]
    assert pointer == {"release_id": newer.release_id, "date_created": "2026-03-01T12:09:00.000000"}
    assert table.ours.latest() == newer
    assert table.ours.release(older.release_id) == older


def test_a_claim_is_refused_if_the_dead_holder_renews_at_that_moment(table: Table) -> None:
    held = table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    table.setting.clock.wait(LEASE + 60)
    claim = a_claim(table.ours, a_deployment(table.release))

    def renewed() -> None:
        table.theirs.renew(held, LEASE)

    with at(table.client, BEFORE_IT_ACTS, renewed), pytest.raises(EnvironmentLocked):
        table.ours.claim(claim)


def took(store: ReleaseStore, deployment: Deployment) -> None:
    store.claim(a_claim(store, deployment, "theirs"))


# Locks taken by hand


def test_a_lock_taken_while_a_deployment_settles_is_in_force_afterwards(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    with at(table.client, BEFORE_IT_ACTS, lambda: froze(table.theirs)):
        table.ours.settle(held, ended(deployment))
    record = table.ours.environment("stage")
    assert (record.lock, record.next_lock) == (FREEZE, None)


def test_a_lock_taken_while_a_dead_holders_environment_is_claimed_refuses_the_claim(table: Table) -> None:
    table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    claim = a_claim(table.ours, a_deployment(table.release))
    record = table.ours.environment("stage")
    waiting = environment_item(table.project.id, replace(record, next_lock=FREEZE))
    table.setting.clock.wait(LEASE + 60)
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: table.put(waiting)),
        pytest.raises(EnvironmentLocked, match="the sale is on"),
    ):
        table.ours.claim(claim)


def test_a_lock_taken_while_the_holder_renews_keeps_the_renewed_lease(table: Table) -> None:
    held = table.theirs.claim(a_claim(table.theirs, a_deployment(table.release), "theirs"))
    table.setting.clock.wait(30)
    renewed: list[Held] = []
    with at(table.client, BEFORE_IT_ACTS, lambda: renewed.append(table.theirs.renew(held, LEASE))):
        table.ours.lock("stage", FREEZE)
    record = table.ours.environment("stage")
    assert record.next_lock == FREEZE
    assert record.lock is not None
    assert record.lock.lease_ends == renewed[0].lease_ends


def test_a_lock_and_its_release_survive_a_lost_answer(table: Table) -> None:
    with at(table.client, AFTER_IT_ACTED, lose_the_answer):
        assert table.ours.lock("stage", FREEZE) is None
    assert table.ours.environment("stage").lock == FREEZE
    with at(table.client, AFTER_IT_ACTED, lose_the_answer):
        table.ours.unlock("stage", FREEZE)
    assert table.ours.environment("stage").lock is None


def froze(store: ReleaseStore) -> None:
    store.lock("stage", FREEZE)
