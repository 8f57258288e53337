"""Busy tables and lost answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.contracts.dynamodb_table import (
    AFTER_IT_ACTED,
    BEFORE_IT_ACTS,
    Table,
    at,
    ended,
    lose_the_answer,
    refuse,
)
from tests.contracts.records_samples import LEASE, a_claim, a_deployment, a_release, minutes
from weco_deploy.errors import AwsError, Throttled, Unreachable
from weco_deploy.model.environment import Held


@pytest.mark.parametrize(
    "busy",
    [
        refuse("TransactionCanceledException", "None", "TransactionConflict"),
        refuse("TransactionCanceledException", "ProvisionedThroughputExceeded", "None"),
        refuse("TransactionCanceledException", "ThrottlingError"),
        refuse("TransactionInProgressException"),
        refuse("ProvisionedThroughputExceededException"),
    ],
    ids=["conflict", "capacity", "throttled", "in progress", "capacity of all"],
)
def test_a_write_to_a_busy_table_is_tried_again_after_a_pause(table: Table, busy: Callable[[], None]) -> None:
    before = table.setting.clock.utc()
    with at(table.client, BEFORE_IT_ACTS, busy, times=3):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    assert table.setting.clock.utc() > before
    assert table.ours.environment("stage").fence == 1


def test_a_claim_of_a_table_that_stays_busy_is_throttled_within_two_minutes(table: Table) -> None:
    busy = refuse("TransactionCanceledException", "TransactionConflict")
    before = table.setting.clock.utc()
    with at(table.client, BEFORE_IT_ACTS, busy, times=1000), pytest.raises(Throttled):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    assert table.setting.clock.utc() - before < timedelta(minutes=2)


@pytest.mark.parametrize(
    "code", ["TransactionConflictException", "ProvisionedThroughputExceededException", "ThrottlingException"]
)
def test_a_renewal_of_a_busy_table_is_throttled_and_can_be_made_again(table: Table, code: str) -> None:
    held = table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
    moment = BEFORE_IT_ACTS.replace("TransactWriteItems", "UpdateItem")
    with at(table.client, moment, refuse(code), times=1), pytest.raises(Throttled):
        table.ours.renew(held, LEASE)
    assert table.ours.renew(held, LEASE).lease_ends >= held.lease_ends


def test_a_note_waits_less_than_two_seconds_for_a_busy_table(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    before = table.setting.clock.utc()
    busy = refuse("ProvisionedThroughputExceededException")
    with at(table.client, BEFORE_IT_ACTS, busy, times=1000), pytest.raises(Throttled):
        table.ours.note(held, deployment)
    assert table.setting.clock.utc() - before < timedelta(seconds=2)


def test_the_error_of_a_wrong_transaction_names_the_operation(table: Table) -> None:
    wrong = refuse("TransactionCanceledException", "ValidationError")
    with at(table.client, BEFORE_IT_ACTS, wrong), pytest.raises(AwsError, match="TransactWriteItems"):
        table.ours.save(a_release(table.project))


def test_each_write_survives_a_lost_answer(table: Table) -> None:
    release = a_release(table.project, minutes(1))
    deployment = a_deployment(release)

    def through_a_lost_answer(act: Callable[[], Held | None]) -> Held | None:
        with at(table.client, AFTER_IT_ACTED, lose_the_answer):
            return act()

    through_a_lost_answer(lambda: table.ours.save(release))
    held = through_a_lost_answer(lambda: table.ours.claim(a_claim(table.ours, deployment)))
    assert held is not None
    assert held.fence == 1
    through_a_lost_answer(lambda: table.ours.renew(held, LEASE))
    through_a_lost_answer(lambda: table.ours.settle(held, ended(deployment)))
    assert table.ours.latest() == table.ours.release(release.release_id)
    assert table.ours.deployment(deployment.deployment_id) == ended(deployment)
    assert table.ours.environment("stage").lock is None


def test_a_note_without_an_answer_is_not_made_again(table: Table) -> None:
    deployment = a_deployment(table.release)
    held = table.ours.claim(a_claim(table.ours, deployment))
    made = []
    with (
        at(table.client, BEFORE_IT_ACTS, lambda: made.append("a note"), times=1000),
        at(table.client, AFTER_IT_ACTED, lose_the_answer, times=1000),
        pytest.raises(Unreachable),
    ):
        table.ours.note(held, deployment)
    assert made == ["a note"]


def test_a_claim_without_two_answers_is_unreachable(table: Table) -> None:
    with at(table.client, AFTER_IT_ACTED, lose_the_answer, times=2), pytest.raises(Unreachable):
        table.ours.claim(a_claim(table.ours, a_deployment(table.release)))
