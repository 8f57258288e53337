"""Locks an environment by hand, and unlocks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from weco_deploy.errors import Declined, EnvironmentLocked, NotFound
from weco_deploy.model.environment import Lock
from weco_deploy.ports import Ports
from weco_deploy.rules.lock import locked, refused

_ABOUT_OTHERS = "it is not yours: ask its holder, or release it all the same with --force"
_ABOUT_DEPLOYMENTS = "it ends with the deployment or its lease; --force releases it, and stops the deployment"


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock taken by hand. `after` is the deployment's lock that it follows; None if it is in force now."""

    environment: str
    lock: Lock
    after: Lock | None


@dataclass(frozen=True, slots=True)
class Releasable:
    """A lock that may be released; `ours` if the caller took it by hand."""

    lock: Lock
    ours: bool


def lock(ports: Ports, environment_id: str, reason: str) -> Locked:
    """Hold the environment until it is unlocked. Raises EnvironmentLocked if somebody holds it by hand."""
    environment = ports.project.environment(environment_id)
    asked = _asked(ports, reason)
    return Locked(environment.id, asked, ports.store.lock(environment.id, asked))


def planned_lock(ports: Ports, environment_id: str, reason: str) -> Locked:
    """What `lock` would do now, with its errors; changes nothing."""
    environment = ports.project.environment(environment_id)
    asked = _asked(ports, reason)
    after = locked(ports.store.environment(environment.id), asked, ports.clock.utc())
    return Locked(environment.id, asked, None if after.lock == asked else after.lock)


def _asked(ports: Ports, reason: str) -> Lock:
    caller = ports.caller()
    return Lock(
        owner=ports.new_id(),
        holder=caller.requested_by,
        reason=reason,
        since=ports.clock.utc(),
        build_url=caller.build_url,
    )


def unlock(ports: Ports, environment_id: str, *, force: bool, approve: Callable[[Lock], bool]) -> Lock:
    """Release our own lock, or with `force` and approval anybody's lock.

    A lock of ours that is to follow a deployment is withdrawn. Raises NotFound if the environment is
    not locked, EnvironmentLocked if the lock is another's and `force` is off, Declined if the answer is no.
    """
    found = releasable(ports, environment_id, force=force)
    if not found.ours and not approve(found.lock):
        raise Declined(f"{environment_id} stays locked: the answer was no")
    ports.store.unlock(environment_id, found.lock)
    return found.lock


def releasable(ports: Ports, environment_id: str, *, force: bool) -> Releasable:
    """The lock that `unlock` would release, with its errors; changes nothing."""
    environment = ports.project.environment(environment_id)
    record = ports.store.environment(environment.id)
    caller = ports.caller().requested_by
    locks = [found for found in (record.lock, record.next_lock) if found is not None]
    if not locks:
        raise NotFound(f"{environment.id} is not locked")
    ours = [found for found in locks if found.holder == caller and found.deployment_id is None]
    if ours:
        return Releasable(ours[0], ours=True)
    if not force:
        refusal = refused(environment.id, locks[0])
        raise EnvironmentLocked(
            refusal.message, _ABOUT_DEPLOYMENTS if locks[0].deployment_id else _ABOUT_OTHERS
        )
    return Releasable(locks[0], ours=False)
