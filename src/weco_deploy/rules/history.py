"""Where a rollback goes."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.deployment import Deployment, DeploymentStatus, Kind
from weco_deploy.model.environment import EnvironmentRecord

_STOOD = frozenset({DeploymentStatus.SUCCEEDED, DeploymentStatus.UNVERIFIED})


def rollback_target(record: EnvironmentRecord, deployments: Sequence[Deployment]) -> str | None:
    """The id of the release to go back to, None if there is none.

    To the last good one if the current release did not succeed; else to the one before it among the
    deployments that stood (`deployments`: of the environment, the newest first). Rollbacks are left out,
    so that a second rollback goes further back, never forward again.
    """
    current = record.current
    if current is None:
        return None
    if current.status not in _STOOD:
        return record.good.release_id if record.good else None
    stood = [one.release_id for one in deployments if one.kind is not Kind.ROLLBACK and one.status in _STOOD]
    if current.release_id in stood:
        stood = stood[stood.index(current.release_id) + 1 :]
    return next((release_id for release_id in stood if release_id != current.release_id), None)
