"""Somebody else's lock, and how often we renew ours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.rules.states import NOON
from weco_deploy.model.environment import CLOCK_GRACE, Lock
from weco_deploy.rules.lock import renewal, waited_for

LEASE = 120


def lock(*, leased: bool = True) -> Lock:
    """A lock that was renewed at noon."""
    return Lock(
        owner="token",
        holder="ada",
        reason="",
        since=NOON,
        deployment_id="d-1" if leased else None,
        lease_ends=NOON + timedelta(seconds=LEASE) if leased else None,
        lease_seconds=LEASE if leased else 0,
    )


@pytest.mark.parametrize("seconds", [0, 30, 59.9])
def test_a_holder_that_is_less_than_two_renewals_late_seems_alive(seconds: float) -> None:
    assert waited_for(lock(), NOON + timedelta(seconds=seconds)) is None


@pytest.mark.parametrize("seconds", [60, 90, 120, 134])
def test_a_holder_two_renewals_late_is_waited_for_up_to_its_lease(seconds: float) -> None:
    until = waited_for(lock(), NOON + timedelta(seconds=seconds))
    assert until == NOON + timedelta(seconds=LEASE) + CLOCK_GRACE
    assert lock().over(until)


def test_a_lock_taken_by_hand_is_never_waited_for_unasked() -> None:
    assert waited_for(lock(leased=False), NOON + timedelta(days=365)) is None


def test_a_holder_renews_four_times_a_lease() -> None:
    assert renewal(LEASE) == 30
