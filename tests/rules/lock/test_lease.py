"""When a lease is renewed, when it is over, and when it is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.rules.lock.records import GRACE, LEASE, after, by_hand, leased
from weco_deploy.rules.lock import dead_holder_wait_end, is_over, lease_end, renewal_interval


def test_lease_is_renewed_four_times_while_it_lasts() -> None:
    assert renewal_interval(120) == 30


def test_lease_ends_after_its_seconds() -> None:
    assert lease_end(after(5), LEASE) == after(5 + LEASE)


@pytest.mark.parametrize(
    ("seconds", "over"), [(0, False), (LEASE + GRACE - 0.1, False), (LEASE + GRACE, True)]
)
def test_lease_is_over_for_others_a_grace_after_its_end(seconds: float, over: bool) -> None:
    assert is_over(leased(), after(seconds)) is over


def test_lock_by_hand_is_never_over() -> None:
    assert not is_over(by_hand(), after(timedelta(days=365).total_seconds()))


@pytest.mark.parametrize("seconds", [0, 30, 59.9])
def test_holder_that_missed_less_than_two_renewals_is_not_waited_for(seconds: float) -> None:
    assert dead_holder_wait_end(leased(), after(seconds)) is None


@pytest.mark.parametrize("seconds", [60, 90, 120, 134])
def test_holder_that_missed_two_renewals_is_waited_for_until_its_lease_is_over(seconds: float) -> None:
    until = dead_holder_wait_end(leased(), after(seconds))
    assert until == after(LEASE + GRACE)
    assert is_over(leased(), until)


def test_lock_by_hand_is_not_waited_for() -> None:
    assert dead_holder_wait_end(by_hand(), after(timedelta(days=365).total_seconds())) is None
