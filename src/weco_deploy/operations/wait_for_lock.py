"""Waits until nobody holds the environment, or reports who does, before anything is planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from weco_deploy.model.arn import person_of
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.events import Event, Notice, Waiting
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports
from weco_deploy.rules.lock import blocking_lock, dead_holder_wait_end, refused

POLL_INTERVAL = 5.0
"""Seconds between two reads of a lock."""


def observed_when_free(
    environment: Environment,
    request: DeployRequest,
    patient_until: datetime,
    ports: Ports,
    notify: Callable[[Event], None],
) -> tuple[Release, Snapshot]:
    """The release and the snapshot to plan from, once nobody holds the environment.

    Waits until `patient_until` (UTC), or until the lease ends if the holder seems to be dead. Raises EnvironmentLocked if
    somebody holds the environment after that.
    """
    while True:
        release, observed = observe(environment, request.release, ports)
        if blocking_lock(observed.record, ports.clock.utc()) is None:
            return release, observed
        _wait(observed.record, patient_until, ports, notify)


def _wait(
    record: EnvironmentRecord,
    patient_until: datetime,
    ports: Ports,
    notify: Callable[[Event], None],
) -> None:
    """Wait until the environment is free. Raises EnvironmentLocked if it is not when the time is over."""
    announced = ""
    while (lock := blocking_lock(record, now := ports.clock.utc())) is not None:
        until = max(patient_until, dead_holder_wait_end(lock, now) or patient_until)
        if now >= until:
            raise refused(record.environment, lock, record.current)
        if lock.owner != announced:
            notify(
                Waiting(
                    f"{refused(record.environment, lock).message}: waiting until {until:%H:%M:%S}Z at most"
                )
            )
            announced = lock.owner
        ports.clock.wait(min(POLL_INTERVAL, (until - now).total_seconds()))
        record = ports.store.environment(record.environment)


def notify_takeover(record: EnvironmentRecord, notify: Callable[[Event], None]) -> None:
    """Notify whose lock was taken, if the environment was claimed from a holder whose lease ran out."""
    if record.lock is not None and record.lock.lease_ends is not None:
        lock = record.lock
        notify(
            Notice(
                f"took over {record.environment} from deployment {lock.deployment_id} of {person_of(lock.holder)}, "
                f"whose lease ran out at {lock.lease_ends:%Y-%m-%d %H:%M:%S}Z"
            )
        )
