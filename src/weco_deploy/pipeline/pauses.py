"""How long lifecycle hooks pause rollouts, and what that means for the waiting time.

A deployment is not continued by us: whoever configured the pause decides. While only paused services are left, the waiting time
counts from the beginning of the pause. A pause that is over is added to the service's waiting time.
"""

from __future__ import annotations

from datetime import datetime, timedelta


class Pauses:
    """The pauses of services, by this machine's clock, as polls show them."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}
        self._over: dict[str, timedelta] = {}

    def note(self, service_id: str, now: datetime, *, paused: bool) -> None:
        """A poll has shown whether the service is paused."""
        if paused:
            self._since.setdefault(service_id, now)
        elif since := self._since.pop(service_id, None):
            self._over[service_id] = self._over.get(service_id, timedelta(0)) + (now - since)

    def end_of_wait(self, service_id: str, end: datetime, wait: timedelta) -> datetime:
        """When the service has been waited for long enough: at `end`, if nothing pauses it, or after `wait` in a pause."""
        if service_id in self._since:
            return self._since[service_id] + wait
        return end + self._over.get(service_id, timedelta(0))
