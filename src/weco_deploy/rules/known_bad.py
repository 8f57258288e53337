"""Finds images that failed in an environment before, or were rolled back from it, so that a plan can warn of them.

A service that failed only because its tasks could not be placed or started says nothing about its image, unless that was at fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weco_deploy.model.deployment import (
    PRESUMED_GOOD,
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.faults import spares_images
from weco_deploy.model.kind import Kind


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened to an image in a deployment: it failed, or it was rolled back from the environment."""

    failed: bool
    deployment: Deployment

    def __str__(self) -> str:
        what = "failed here" if self.failed else "was rolled back from here"
        deployment = self.deployment
        return (
            f"{what} on {deployment.date_created:%Y-%m-%d %H:%M}Z (deployment {deployment.deployment_id[:8]})"
        )


def warnings_of_known_bad(digests: Mapping[str, str], history: Sequence[Deployment]) -> list[str]:
    """A warning for each of these images (digests by image id) that failed in, or was rolled back from, the environment.

    `history` are the environment's deployments, the newest first.
    """
    found = {image_id: incident(image_id, digest, history) for image_id, digest in digests.items()}
    return [f"{image_id}: this image {known}" for image_id, known in found.items() if known is not None]


def incident(image_id: str, digest: str, history: Sequence[Deployment]) -> Incident | None:
    """What last happened to the image with this digest; None if nothing did, or if it worked there since.

    A failure tells more than the rollback that followed it.
    """
    rolled_back: Incident | None = None
    for deployment in _without_innocent_failures(history):
        change = deployment.images.get(image_id)
        if change is None:
            continue
        if change.to_digest != digest:
            taken_away = (
                deployment.kind is Kind.ROLLBACK and change.from_digest == digest and change.tag_moved
            )
            if taken_away and rolled_back is None:
                rolled_back = Incident(failed=False, deployment=deployment)
            continue
        if _failed(deployment, image_id):
            return Incident(failed=True, deployment=deployment)
        if deployment.status is DeploymentStatus.ROLLED_BACK and change.tag_moved:
            rolled_back = rolled_back or Incident(failed=False, deployment=deployment)
        elif deployment.status in PRESUMED_GOOD:
            return rolled_back
    return rolled_back


def _without_innocent_failures(history: Sequence[Deployment]) -> list[Deployment]:
    """The deployments without those that failed through no image's fault, and without their automatic rollbacks."""
    kept: list[Deployment] = []
    for deployment in history:
        failed = [service for service in deployment.services if _rollout_failed(service)]
        if not failed or not all(spares_images(service) for service in failed):
            kept.append(deployment)
        elif deployment.status is DeploymentStatus.ROLLED_BACK and kept and kept[-1].kind is Kind.ROLLBACK:
            kept.pop()
    return kept


def _rollout_failed(service: ServiceOutcome) -> bool:
    """Whether the service failed with the release. Without an ECS deployment it was never redeployed."""
    return service.status is ServiceStatus.FAILED and service.ecs_deployment_id is not None


def _failed(deployment: Deployment, image_id: str) -> bool:
    """Whether a service failed with the image. Of a service with several images, those whose tags moved are blamed."""
    for service in deployment.services:
        if not _rollout_failed(service) or spares_images(service):
            continue
        changes = [deployment.images[name] for name in service.images if name in deployment.images]
        blamed = [change for change in changes if change.tag_moved] or [
            change for change in changes if change.applied
        ]
        if any(change.image_id == image_id for change in blamed):
            return True
    return False
