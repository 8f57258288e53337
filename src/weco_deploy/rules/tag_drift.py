"""Compares environment tags with the digests that were deployed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from weco_deploy.model.deployment import Deployment, ServiceStatus
from weco_deploy.model.plan import Snapshot


def deployed_digests(deployment: Deployment) -> dict[str, str]:
    """The digests that a deployment moves its tags to, by image id."""
    return {image_id: change.to_digest for image_id, change in deployment.images.items()}


def drifted_tags(digests: Mapping[str, str], observed: Snapshot) -> tuple[str, ...]:
    """The images whose environment tag does not point at the deployed digest (`digests`, by image id).

    An image that was not observed counts as not drifted.
    """
    return tuple(
        image_id
        for image_id, digest in digests.items()
        if image_id in observed.images and observed.images[image_id].tagged != digest
    )


def with_observed_tags(deployment: Deployment, observed: Snapshot) -> Deployment:
    """The deployment with `tag_moved` as observed. The record may not have every move."""
    images = {
        image_id: replace(
            change, tag_moved=observed.images[image_id].tagged == change.to_digest != change.from_digest
        )
        if image_id in observed.images
        else change
        for image_id, change in deployment.images.items()
    }
    return replace(deployment, images=images)


def tags_on_failed_images(deployment: Deployment) -> tuple[str, ...]:
    """The images whose environment tag points at a digest that a service failed with.

    ECS may return a service to its previous digests, but it never moves tags. If a failed service has several images,
    those whose tag this deployment moved count, or all of them if it moved none.
    """
    failed: set[str] = set()
    for service in deployment.services:
        if service.status is ServiceStatus.FAILED:
            changes = [
                deployment.images[image_id] for image_id in service.images if image_id in deployment.images
            ]
            moved = {change.image_id for change in changes if change.tag_moved}
            failed |= moved or {change.image_id for change in changes if change.applied}
    return tuple(image_id for image_id in deployment.images if image_id in failed)


def was_rolled_out(deployment: Deployment, image_ids: Iterable[str]) -> bool:
    """Whether a service that failed with one of the images was redeployed at all. If not, that says nothing about the image."""
    images = set(image_ids)
    return any(
        service.status is ServiceStatus.FAILED
        and service.ecs_deployment_id is not None
        and bool(images & set(service.images))
        for service in deployment.services
    )
