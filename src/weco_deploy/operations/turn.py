"""Waits for an environment's turn: a lock is reported, or waited for, before anything is planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from weco_deploy.model.environment import Lock
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports
from weco_deploy.rules.lock import waited_for

LOOK_AGAIN = 5.0
"""Seconds between two looks at a lock that is waited for."""


def observed_when_free(
    environment: Environment, request: DeployRequest, ports: Ports, tell: Callable[[Event], None]
) -> tuple[Release, Snapshot]:
    """What is there to plan from, once nobody holds the environment.

    Waits as long as was asked for, and for a holder that seems gone until its lease is over. Raises
    EnvironmentLocked if that was not enough.
    """
    patient_until = ports.clock.utc() + timedelta(seconds=request.wait_for_lock)
    while True:
        release, seen = observe(environment, request.release, ports)
        lock = seen.record.lock
        if lock is None or lock.over(ports.clock.utc()):
            return release, seen
        tell(Waiting(f"{lock.refusal(environment.id).message}: waiting"))
        _wait(lock, environment, patient_until, ports)


def _wait(lock: Lock | None, environment: Environment, patient_until: datetime, ports: Ports) -> None:
    """Until the lock is free; EnvironmentLocked if it still is not when patience ends."""
    while lock is not None and not lock.over(now := ports.clock.utc()):
        until = max(patient_until, waited_for(lock, now) or patient_until)
        if now >= until:
            raise lock.refusal(environment.id)
        ports.clock.wait(min(LOOK_AGAIN, (until - now).total_seconds()))
        lock = ports.store.environment(environment.id).lock
