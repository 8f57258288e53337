from datetime import UTC, timedelta

from weco_deploy.local.clock import SystemClock
from weco_deploy.local.interrupts import Signals


def test_utc_returns_an_aware_time_in_utc() -> None:
    assert SystemClock(Signals()).utc().tzinfo is UTC


def test_wait_takes_the_given_seconds() -> None:
    clock = SystemClock(Signals())
    begun = clock.utc()

    clock.wait(0.02)

    assert clock.utc() - begun >= timedelta(seconds=0.019)


def test_wait_of_negative_seconds_returns_at_once() -> None:
    SystemClock(Signals()).wait(-1.0)
