"""Holds an environment by hand, and lets it go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from weco_deploy.errors import Declined, NotFound
from weco_deploy.model.environment import Lock
from weco_deploy.ports import Ports


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock taken by hand; `after` is the deployment's lock that it takes over from, None if it holds now."""

    environment: str
    lock: Lock
    after: Lock | None


def lock(ports: Ports, environment_id: str, reason: str) -> Locked:
    """Hold the environment until it is unlocked. Raises EnvironmentLocked if somebody holds it by hand."""
    environment = ports.project.environment(environment_id)
    asked = Lock(
        owner=ports.new_id(), holder=ports.caller().requested_by, reason=reason, since=ports.clock.utc()
    )
    return Locked(environment.id, asked, ports.store.lock(environment.id, asked))


def unlock(ports: Ports, environment_id: str, *, force: bool, approve: Callable[[Lock], bool]) -> Lock:
    """Release the lock that is ours, or with `force` and approval the one that stands, whosever it is.

    A lock of ours that waits for a deployment's end is withdrawn. Raises NotFound if the environment is
    not locked, EnvironmentLocked if the lock is another's and `force` is off, Declined if the answer is no.
    """
    environment = ports.project.environment(environment_id)
    record = ports.store.environment(environment.id)
    caller = ports.caller().requested_by
    standing = [one for one in (record.lock, record.next_lock) if one is not None]
    if not standing:
        raise NotFound(f"{environment.id} is not locked")
    ours = [one for one in standing if one.holder == caller and one.deployment_id is None]
    released = ours[0] if ours else standing[0]
    if not ours:
        if not force:
            raise released.refusal(environment.id)
        if not approve(released):
            raise Declined(f"{environment.id} stays locked: the answer was no")
    ports.store.unlock(environment.id, released)
    return released
