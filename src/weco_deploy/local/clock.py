"""The home of time."""

from __future__ import annotations

from datetime import UTC, datetime

from weco_deploy.local.interrupts import Signals, interrupted


class SystemClock:
    """Implements `ports.Clock`.

    A signal ends a wait of the main thread with Interrupted. What is done after that, such as closing
    the record, can wait as usual.
    """

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        if self._signals.sleep(seconds):
            raise interrupted()
