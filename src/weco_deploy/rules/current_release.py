"""Decides which release an environment has now, and since when."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weco_deploy.model.deployment import PRESUMED_GOOD, Deployment
from weco_deploy.model.environment import CurrentRelease, EnvironmentRecord


def current_release(
    record: EnvironmentRecord, history: Sequence[Deployment], image_ids: Collection[str]
) -> CurrentRelease | None:
    """The release that was deployed last; None if nothing was deployed.

    A release that was deployed several times in a row, and worked each time, runs since the first of them.

    Args:
        record: the environment's record.
        history: its latest deployments, the newest first. The last one may still be missing.
        image_ids: the images of the project.

    """
    current = record.current
    if current is None:
        return None
    others = {applied.release_id for image_id, applied in record.images.items() if image_id in image_ids}
    first: Deployment | None = None
    for deployment in _until(current.deployment_id, history):
        if first is not None and not _continues(deployment, first):
            break
        first = deployment
    return CurrentRelease(
        release_id=current.release_id,
        status=current.status,
        since=(first.date_finished or first.date_created) if first else None,
        other_releases=len(others - {current.release_id}),
    )


def _until(deployment_id: str, history: Sequence[Deployment]) -> Sequence[Deployment]:
    """The deployment with this id and those before it, the newest first."""
    ids = [deployment.deployment_id for deployment in history]
    return history[ids.index(deployment_id) :] if deployment_id in ids else ()


def _continues(earlier: Deployment, later: Deployment) -> bool:
    """Whether the later deployment only deployed again what the earlier one had brought."""
    return (
        earlier.release_id == later.release_id
        and earlier.status in PRESUMED_GOOD
        and later.status in PRESUMED_GOOD
    )
