"""Finds services that could start the release early: while a task runs before the restart, the tags of its images point at the release.

ECS resolves the tags of a service's deployment once, so tasks that it replaces or adds run the digests from before. A service
that is not pinned resolves them anew for each task (developer guide, "Container image resolution").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import PlannedImage, PlannedService, Snapshot
from weco_deploy.model.planned_task import Pinning, PlannedTask

HINT = "pin the service (`versionConsistency`), use a floating tag of its own for the task, or go on with --allow-unpinned"


def unpinned_services(
    services: Iterable[PlannedService],
    tasks: Iterable[PlannedTask],
    moves: Iterable[PlannedImage],
    observed: Snapshot,
) -> Iterator[str]:
    """The services with tasks that could start images of the release before the tasks have succeeded, and why."""
    moving = {image.image_id for image in moves}
    exposed = {image_id for task in tasks if task.waits for image_id in task.images} & moving
    for service in services:
        images = [image for image in service.expected if image.image_id in exposed]
        pinning = observed.pinning.get(service.key)
        if images and pinning and service.desired and (why := _why(images, pinning)):
            yield (
                f"{service.service_id}: {service.key} is not pinned ({why}): a task that ECS replaces or adds would start the "
                "release before the tasks in `before` have succeeded"
            )


def early_images(tasks: Sequence[PlannedTask], moves: Iterable[PlannedImage]) -> Iterator[str]:
    """A warning if tags move before the tasks: what is outside of services sees them at once."""
    moving = {image.image_id for image in moves}
    for task in tasks:
        images = [image_id for image_id in task.images if image_id in moving]
        if task.waits and images:
            yield (
                f"scheduled tasks and other tasks outside of services that use {', '.join(images)} get the release's images before "
                f"{task.id} has succeeded; a floating tag of its own for {task.id} avoids that"
            )


def _why(images: Sequence[Expected], pinning: Pinning) -> str:
    for container in pinning.defined:
        if not container.pinned and any(image.concerns(container.image) for image in images):
            return f"versionConsistency of the container {container.name} is disabled"
    for resolved in pinning.resolved:
        if resolved.digest is None and any(image.concerns(resolved.image) for image in images):
            return f"its deployment has not resolved the image of the container {resolved.container}"
    return ""
