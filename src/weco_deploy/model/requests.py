"""What a person or a pipeline asked for, as the operations take it."""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.model.deployment import Kind
from weco_deploy.model.release import Release

DEFAULT_LABEL = "latest"
DEFAULT_DESCRIPTION = "No description provided"
DEFAULT_ROLLBACK_DESCRIPTION = "Rollback"
DEFAULT_INTERVAL = 10.0
DEFAULT_WAIT = 600.0
DEFAULT_CONFIRM_WAIT = 60.0
DEFAULT_LEASE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest:
    """Deploy `release` to an environment. Times are in seconds.

    `new_release` says that the release is not recorded yet: claiming the environment records it.
    `wait` is how long to watch after the last service was told, `wait_for_lock` how long to wait for
    somebody else's lock; `override_gate` is the reason for passing a closed gate.
    """

    release: Release
    environment_id: str
    description: str
    new_release: bool = False
    kind: Kind = Kind.DEPLOY
    wait: float = DEFAULT_WAIT
    interval: float = DEFAULT_INTERVAL
    lease: int = DEFAULT_LEASE
    wait_for_lock: float = 0.0
    force_redeploy: bool = False
    allow_missing: bool = False
    rollback_on_failure: bool = False
    override_gate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequest:
    """Watch a deployment that was made before. `release_id` None: the environment's last deployment.

    `recorded` is whether its record is closed with what turned out; else nothing is written.
    """

    environment_id: str
    release_id: str | None = None
    wait: float = DEFAULT_CONFIRM_WAIT
    interval: float = DEFAULT_INTERVAL
    lease: int = DEFAULT_LEASE
    recorded: bool = True
