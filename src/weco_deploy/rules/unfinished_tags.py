"""Finds where tags pointed before deployments that were cut off or interrupted moved them, without restarting a service.

A deployment that goes on with their work moves such a tag, too: if it fails before services restart, the tag goes back to where it
pointed before all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.plan import PlannedImage

_LEFT_TAGS = frozenset({DeploymentStatus.IN_PROGRESS, DeploymentStatus.INTERRUPTED, DeploymentStatus.FAILED})
_LEFT_ALONE = frozenset(
    {
        ServiceStatus.PENDING,
        ServiceStatus.NOT_STARTED,
        ServiceStatus.UNCHANGED,
        ServiceStatus.NOTHING_RUNNING,
    }
)


def with_tags_before(
    images: Iterable[PlannedImage], history: Iterable[Deployment]
) -> tuple[PlannedImage, ...]:
    """The images; those whose tag unfinished deployments left at the release move from where it pointed before them.

    `history` are the environment's latest deployments, the newest first.
    """
    unfinished = list(_unfinished(history))
    return tuple(image if image.moves else _moved(image, unfinished) for image in images)


def _unfinished(history: Iterable[Deployment]) -> Iterator[Deployment]:
    """The latest deployments that ended before any service restarted."""
    for deployment in history:
        restarted = any(service.status not in _LEFT_ALONE for service in deployment.services)
        if restarted or deployment.status not in _LEFT_TAGS:
            return
        yield deployment


def _moved(image: PlannedImage, unfinished: Iterable[Deployment]) -> PlannedImage:
    tagged = image.manifest.digest
    for deployment in unfinished:
        change = deployment.images.get(image.image_id)
        if change is not None and change.to_digest == tagged and change.from_digest is not None:
            image = replace(
                image,
                from_digest=change.from_digest,
                from_ref=change.from_ref,
                from_name=change.from_name,
            )
            tagged = change.from_digest
    return image
