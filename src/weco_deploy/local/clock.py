"""The system's clock. All other code gets the time from `ports.Clock`."""

from __future__ import annotations

from datetime import UTC, datetime

from weco_deploy.local.interrupts import Signals, interrupted


def utc_now() -> datetime:
    """Now, aware, in UTC, for texts. Operations ask a `ports.Clock`."""
    return datetime.now(UTC)


class SystemClock:
    """Implements `ports.Clock`.

    A signal ends one wait of each thread that runs an operation, with Interrupted. Later waits, such as those for closing
    the record, work as usual.
    """

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def utc(self) -> datetime:
        return utc_now()

    def wait(self, seconds: float) -> None:
        if self._signals.sleep(seconds):
            raise interrupted()
