from datetime import UTC, timedelta

from weco_deploy.local.clock import SystemClock
from weco_deploy.local.interrupts import Signals


def test_the_time_is_aware_and_in_utc() -> None:
    assert SystemClock(Signals()).utc().tzinfo is UTC


def test_waiting_takes_as_long_as_it_says() -> None:
    clock = SystemClock(Signals())
    begun = clock.utc()

    clock.wait(0.02)

    assert clock.utc() - begun >= timedelta(seconds=0.019)


def test_a_wait_that_is_over_already_is_no_wait() -> None:
    SystemClock(Signals()).wait(-1.0)
