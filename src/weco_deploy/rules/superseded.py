"""Decides which later deployments to an environment replaced the images of an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.kind import Kind


def superseding(recorded: Deployment, others: Iterable[Deployment]) -> Mapping[str, Deployment]:
    """By image id, the first deployment after the recorded one that applied another digest of the image."""
    later = sorted(
        (other for other in others if other.date_created > recorded.date_created),
        key=lambda other: other.date_created,
    )
    found: dict[str, Deployment] = {}
    for deployment in later:
        for image_id, change in deployment.images.items():
            before = recorded.images.get(image_id)
            if before is not None and change.applied and change.to_digest != before.to_digest:
                found.setdefault(image_id, deployment)
    return found


def superseded_by(later: Deployment) -> str:
    """By what and when a deployment was superseded, as text."""
    what = "the rollback to" if later.kind is Kind.ROLLBACK else "the deployment of"
    return (
        f"superseded by {what} release {later.release_id[:8]} "
        f"(deployment {later.deployment_id}, {later.date_created:%Y-%m-%d %H:%M}Z)"
    )
