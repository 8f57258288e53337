"""How the services of a large deployment reach DynamoDB: what is written when, and what a killed run leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.dynamodb_table import (
    AFTER_IT_ACTED,
    BEFORE_IT_ACTS,
    Table,
    at,
    lose_the_answer,
    refuse,
    written_keys,
)
from tests.contracts.records_samples import (
    GRACE,
    LEASE,
    a_claim,
    a_large_deployment,
    failed_at_length,
    redeployed,
    succeeded,
)
from weco_deploy.aws.records.attributes import encoded
from weco_deploy.aws.records.deployments import deployment_item, read_deployment
from weco_deploy.errors import Throttled, Unreachable
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Held


class Killed(BaseException):
    """The end of a process, which nothing in the tool catches."""


def kill_before(nth: int) -> Callable[[], None]:
    calls = iter(range(1, 1000))

    def act() -> None:
        if next(calls) == nth:
            raise Killed

    return act


def claimed(table: Table, services: int = 30) -> tuple[Held, Deployment]:
    deployment = a_large_deployment(table.release, services)
    return table.ours.claim(a_claim(table.ours, deployment)), deployment


def read_by(table: Table, deployment: Deployment) -> Deployment | None:
    """What another run reads."""
    return table.theirs.deployment(deployment.deployment_id)


def test_a_note_writes_only_the_items_of_services_that_changed(table: Table) -> None:
    held, deployment = claimed(table)
    key = f"deployment#{deployment.deployment_id}"
    with written_keys(table.client) as transactions:
        table.ours.note(held, redeployed(deployment, 0))
        table.ours.note(held, redeployed(deployment, 0, 1, 25))
    assert transactions == [[f"{key}#0"], [f"{key}#0", f"{key}#2"]]


def test_the_service_items_of_a_verdict_that_does_not_fit_are_written_before_it(table: Table) -> None:
    held, deployment = claimed(table, services=300)
    key = f"deployment#{deployment.deployment_id}"
    with written_keys(table.client) as transactions:
        table.ours.settle(held, failed_at_length(deployment))
    assert transactions == [
        [f"{key}#{number}" for number in range(25)],
        [f"{key}#{number}" for number in range(25, 30)],
        ["environment#stage", key],
    ]
    assert read_by(table, deployment) == failed_at_length(deployment)


@pytest.mark.parametrize("moment", [BEFORE_IT_ACTS, AFTER_IT_ACTED])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_run_killed_while_it_settles_many_failures_leaves_what_another_run_can_settle(
    table: Table, nth: int, moment: str
) -> None:
    held, deployment = claimed(table, services=90)
    table.ours.note(held, redeployed(deployment, *range(90)))
    with at(table.client, moment, kill_before(nth), times=1000), pytest.raises(Killed):
        table.ours.settle(held, failed_at_length(deployment))

    recorded = read_by(table, deployment)
    assert recorded is not None
    record = table.theirs.environment("stage")
    if (nth, moment) == (2, AFTER_IT_ACTED):
        assert recorded == failed_at_length(deployment)
        assert record.lock is None
        return
    assert recorded.status is DeploymentStatus.IN_PROGRESS
    assert len(recorded.services) == 90
    assert record.lock is not None
    table.setting.clock.wait(LEASE + GRACE + 1)
    again = table.theirs.resume(a_claim(table.theirs, recorded, "theirs"))
    table.theirs.settle(again, succeeded(recorded))
    assert read_by(table, deployment) == succeeded(recorded)
    assert table.theirs.environment("stage").lock is None


@pytest.mark.parametrize(
    ("moment", "act", "error"),
    [
        (BEFORE_IT_ACTS, refuse("ProvisionedThroughputExceededException"), Throttled),
        (AFTER_IT_ACTED, lose_the_answer, Unreachable),
    ],
)
def test_a_note_after_one_that_failed_makes_up_for_it(
    table: Table, moment: str, act: Callable[[], None], error: type[Exception]
) -> None:
    held, deployment = claimed(table)
    with at(table.client, moment, act, times=1000), pytest.raises(error):
        table.ours.note(held, redeployed(deployment, 3))
    table.ours.note(held, redeployed(deployment, 3, 14))
    assert read_by(table, deployment) == redeployed(deployment, 3, 14)


def test_a_note_takes_back_one_whose_answer_was_lost(table: Table) -> None:
    held, deployment = claimed(table)
    with at(table.client, AFTER_IT_ACTED, lose_the_answer, times=1000), pytest.raises(Unreachable):
        table.ours.note(held, redeployed(deployment, 3))
    table.ours.note(held, deployment)
    assert read_by(table, deployment) == deployment


def test_settling_many_failures_again_after_a_lost_answer_changes_nothing(table: Table) -> None:
    held, deployment = claimed(table, services=90)
    with at(table.client, AFTER_IT_ACTED, lose_the_answer, times=1):
        table.ours.settle(held, failed_at_length(deployment))
    table.ours.settle(held, failed_at_length(deployment))
    assert read_by(table, deployment) == failed_at_length(deployment)


def test_settling_many_failures_after_a_forced_unlock_keeps_them(table: Table) -> None:
    held, deployment = claimed(table, services=90)
    lock = table.theirs.environment("stage").lock
    assert lock is not None
    table.theirs.unlock("stage", lock)
    table.ours.settle(held, failed_at_length(deployment))
    assert read_by(table, deployment) == failed_at_length(deployment)


# Earlier versions, which know no service items: they put the deployment's item whole, on the same condition for the lock


def test_an_earlier_version_finds_the_intent_in_the_deployments_item(table: Table) -> None:
    held, deployment = claimed(table)
    table.ours.note(held, redeployed(deployment, 3))
    assert read_deployment(table.item(f"deployment#{deployment.deployment_id}")) == deployment


def test_progress_that_an_earlier_version_notes_counts(table: Table) -> None:
    held, deployment = claimed(table)
    table.ours.note(held, redeployed(deployment, 3))
    progress = redeployed(deployment, 3, 14)
    table.client.put_item(TableName=table.project.release_table, Item=encoded(deployment_item(progress)))
    assert read_by(table, deployment) == progress


def test_progress_noted_after_an_earlier_version_wrote_the_deployment_counts(table: Table) -> None:
    held, deployment = claimed(table)
    table.ours.note(held, redeployed(deployment, 3))
    table.client.put_item(TableName=table.project.release_table, Item=encoded(deployment_item(deployment)))
    table.setting.clock.wait(LEASE + GRACE + 1)
    resumed = table.theirs.resume(a_claim(table.theirs, deployment, "theirs"))
    table.theirs.note(resumed, redeployed(deployment, 14))
    recorded = table.ours.deployment(deployment.deployment_id)
    assert recorded == redeployed(deployment, 14)
