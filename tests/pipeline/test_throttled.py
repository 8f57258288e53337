"""A throttled change is repeated once a second, for five minutes, while it is allowed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contracts.aws_setting import StillClock
from weco_deploy.errors import AccessDenied, LeaseLost, Throttled
from weco_deploy.pipeline.throttled import repeat_throttled
from weco_deploy.ports import THROTTLING_PATIENCE

THROTTLED = Throttled("ecr:PutImage", "Rate exceeded")


class Change:
    """A change that AWS answers with these errors, one after another, and then makes."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.attempts = 0

    def __call__(self) -> None:
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)


def always() -> None:
    """The change stays allowed."""


def test_throttled_change_is_made_in_the_end() -> None:
    change, clock = Change(*[THROTTLED] * 100), StillClock()

    repeat_throttled(change, always, clock)

    assert change.attempts == 101
    assert sum(clock.waited) == 100


def test_change_that_stays_throttled_fails_after_five_minutes() -> None:
    change, clock = Change(*[THROTTLED] * 1000), StillClock()

    with pytest.raises(Throttled):
        repeat_throttled(change, always, clock)

    assert sum(clock.waited) == THROTTLING_PATIENCE.total_seconds()


def test_other_errors_end_the_attempts() -> None:
    change = Change(THROTTLED, AccessDenied("ecr:PutImage", "not allowed"))

    with pytest.raises(AccessDenied):
        repeat_throttled(change, always, StillClock())

    assert change.attempts == 2


def test_change_is_not_repeated_once_it_is_no_longer_allowed() -> None:
    change, clock = Change(*[THROTTLED] * 1000), StillClock()
    over = clock.utc() + timedelta(seconds=10)

    def allowed() -> None:
        if clock.utc() > over:
            raise LeaseLost("our lock ran out")

    with pytest.raises(LeaseLost):
        repeat_throttled(change, allowed, clock)

    assert change.attempts == 11
