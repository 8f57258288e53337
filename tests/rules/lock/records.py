"""Locks, claims and records of the environment stage, for the tests of `rules.lock`.

Every lease is taken at noon and lasts `LEASE` seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.rules.deployed import NOON, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Claim, DeployedRelease, EnvironmentRecord, Held, Lock
from weco_deploy.model.release import Release

LEASE = 120
GRACE = 15

RELEASE = Release(
    release_id="release",
    project_id="sample",
    project_name="Sample",
    date_created=NOON,
    requested_by="ada",
    description="",
    images={},
)


def after(seconds: float) -> datetime:
    """The time this many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


OVER = after(LEASE + GRACE)
"""When a lease that was taken at noon is over for others."""


def leased(owner: str = "ours", deployment_id: str = "deployment", lease: int = LEASE) -> Lock:
    """The lock of a deployment, taken at noon."""
    return Lock(
        owner=owner,
        holder="ada",
        reason="ship it",
        since=NOON,
        deployment_id=deployment_id,
        lease_ends=after(lease),
        lease_seconds=lease,
    )


def by_hand(owner: str = "freeze", reason: str = "the sale is on") -> Lock:
    return Lock(owner=owner, holder="grace", reason=reason, since=NOON)


def record(
    lock: Lock | None = None,
    next_lock: Lock | None = None,
    fence: int = 7,
    current: DeployedRelease | None = None,
) -> EnvironmentRecord:
    return EnvironmentRecord(
        environment="stage", fence=fence, lock=lock, next_lock=next_lock, current=current
    )


def begun(deployment_id: str = "deployment") -> Deployment:
    """A deployment of one image that has changed nothing yet."""
    return deployed(
        {"web": ("a", "b")}, DeploymentStatus.IN_PROGRESS, applied=False, deployment_id=deployment_id
    )


def a_claim(
    observed: EnvironmentRecord,
    owner: str = "ours",
    deployment: Deployment | None = None,
    settles: Deployment | None = None,
) -> Claim:
    return Claim(
        deployment=deployment or begun(),
        observed=observed,
        owner=owner,
        lease_seconds=LEASE,
        release=RELEASE,
        settles=settles,
    )


def held(fence: int = 7, lease: int = LEASE) -> Held:
    """Our hold on the environment since noon."""
    return Held(environment="stage", owner="ours", fence=fence, lease_ends=after(lease))
