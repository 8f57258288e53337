"""Locking and unlocking by hand."""

from __future__ import annotations

import pytest

from tests.rules.lock.records import OVER, after, by_hand, leased, record
from weco_deploy.errors import EnvironmentLocked
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.rules.lock import locked, unlocked

OURS, OTHER = by_hand("ours"), by_hand("other", "moving house")
DEPLOYMENT = leased("theirs")


def test_locking_a_free_environment_begins_at_once() -> None:
    assert locked(record(), OURS, after(0)) == record(OURS)


def test_locking_during_a_deployment_begins_when_that_ends() -> None:
    assert locked(record(DEPLOYMENT), OURS, after(0)) == record(DEPLOYMENT, OURS)


def test_locking_after_a_dead_holders_lease_begins_at_once() -> None:
    assert locked(record(DEPLOYMENT), OURS, OVER) == record(OURS)


@pytest.mark.parametrize(
    "recorded", [record(OURS), record(DEPLOYMENT, OURS)], ids=["in force", "to follow a deployment"]
)
def test_locking_again_changes_nothing(recorded: EnvironmentRecord) -> None:
    assert locked(recorded, OURS, after(0)) == recorded


def test_locking_again_after_a_dead_holders_lease_begins_the_lock_that_was_to_follow() -> None:
    assert locked(record(DEPLOYMENT, OURS), OURS, OVER) == record(OURS)


@pytest.mark.parametrize(
    ("recorded", "seconds"),
    [(record(OTHER), 0), (record(DEPLOYMENT, OTHER), 0), (record(DEPLOYMENT, OTHER), 135)],
    ids=["in force", "to follow a deployment", "to follow a deployment whose holder died"],
)
def test_locking_is_refused_if_another_lock_by_hand_is_there(
    recorded: EnvironmentRecord, seconds: float
) -> None:
    with pytest.raises(EnvironmentLocked, match="moving house"):
        locked(recorded, OURS, after(seconds))


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (record(OURS), record()),
        (record(OURS, OTHER), record(OTHER)),
        (record(DEPLOYMENT, OURS), record(DEPLOYMENT)),
    ],
    ids=["in force", "in force, another follows", "to follow"],
)
def test_unlocking_removes_that_lock_only(recorded: EnvironmentRecord, expected: EnvironmentRecord) -> None:
    assert unlocked(recorded, OURS) == expected


@pytest.mark.parametrize("recorded", [record(), record(OTHER), record(DEPLOYMENT, OTHER)])
def test_unlocking_leaves_other_locks(recorded: EnvironmentRecord) -> None:
    assert unlocked(recorded, OURS) == recorded


def test_deployments_lock_can_be_unlocked() -> None:
    assert unlocked(record(DEPLOYMENT, OTHER), DEPLOYMENT) == record(OTHER)
