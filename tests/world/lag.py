"""Reads that lag: DescribeServices may answer what was true some seconds ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.world.ecs_state import RunningService
from tests.world.views import service_view
from weco_deploy.model.service import Service, ServiceKey


class Lag:
    """Remembers how services looked, once it is more than nothing."""

    def __init__(self) -> None:
        self._by = timedelta(0)
        self._seen: dict[ServiceKey, list[tuple[datetime, Service]]] = {}

    def begin(self, seconds: float, services: list[RunningService], now: datetime) -> None:
        """From now on answers are so many seconds old; nothing older than now is told."""
        self._by = timedelta(seconds=seconds)
        self._seen = {service.key: [(now, service_view(service))] for service in services}

    def record(self, service: RunningService, now: datetime) -> None:
        """Note that a service changed."""
        if self._by:
            self._seen.setdefault(service.key, []).append((now, service_view(service)))

    def view(self, service: RunningService, now: datetime) -> Service:
        """The service as a read tells it at `now`."""
        if not self._by:
            return service_view(service)
        past = self._seen.get(service.key, [])
        known = [view for at, view in past if at <= now - self._by]
        return known[-1] if known else past[0][1] if past else service_view(service)
