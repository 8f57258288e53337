"""Adds what a deployment applied to its environment's record.

Releases may be partial, so the record has an entry for each image, and a deployment replaces those of its own images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import AppliedImage, DeployedRelease, EnvironmentRecord, KnownService


def merged(record: EnvironmentRecord, deployment: Deployment) -> EnvironmentRecord:
    """The record with what a deployment applied, and with the deployment's result.

    The last good release is where an automatic rollback goes, so each of its images must have run.
    """
    deployed = DeployedRelease.of(deployment)
    applied = _applied(record, deployment)
    good = deployment.status is DeploymentStatus.SUCCEEDED and all(image.ran for image in applied.values())
    is_current = record.current is not None and record.current.deployment_id == deployment.deployment_id
    return replace(
        record,
        images={**record.images, **applied},
        services=_services(record, deployment),
        current=deployed if is_current else record.current,
        good=deployed if good else record.good,
    )


def _applied(record: EnvironmentRecord, deployment: Deployment) -> Mapping[str, AppliedImage]:
    return {
        image_id: AppliedImage(
            release_id=deployment.release_id,
            digest=change.to_digest,
            ref=change.to_ref,
            name=change.to_name,
            worked=deployment.worked(image_id) or _worked_before(record.images.get(image_id), change),
            ran=deployment.ran(image_id) or _ran_before(record.images.get(image_id), change),
        )
        for image_id, change in deployment.images.items()
        if change.applied
    }


def _worked_before(known: AppliedImage | None, change: ImageChange) -> bool:
    """Whether the image had this version before the deployment, and it worked. Then it did not cause the failure.

    If the deployment moved the tag, `known` may be its own earlier result, which says nothing about before.
    """
    return known is not None and known.worked and known.digest == change.to_digest == change.from_digest


def _ran_before(known: AppliedImage | None, change: ImageChange) -> bool:
    """Whether this version ran in the environment in an earlier deployment."""
    return known is not None and known.ran and known.digest == change.to_digest


def _services(record: EnvironmentRecord, deployment: Deployment) -> Mapping[str, KnownService]:
    noted = {
        outcome.service_id: _noted(outcome, deployment, record.services.get(outcome.service_id))
        for outcome in deployment.services
    }
    kept = {
        service_id: known for service_id, known in record.services.items() if not _is_gone(known, deployment)
    }
    return {**kept, **noted}


def _noted(outcome: ServiceOutcome, deployment: Deployment, known: KnownService | None) -> KnownService:
    digests = {
        image_id: deployment.images[image_id].to_digest
        for image_id in outcome.images
        if image_id in deployment.images
    }
    same = known if known is not None and known.key == outcome.key else None
    if outcome.ecs_deployment_id is None:
        # The service was not redeployed, so the entry of an earlier deployment is still right.
        return same or KnownService(service_id=outcome.service_id, key=outcome.key)
    if same is not None and same.ecs_deployment_id == outcome.ecs_deployment_id:
        digests = {**same.digests, **digests}
    return KnownService(
        service_id=outcome.service_id,
        key=outcome.key,
        ecs_deployment_id=outcome.ecs_deployment_id,
        digests=digests,
        # If a deployment that we followed failed, its id is recorded, and its tasks may look healthy between two crashes.
        failed=outcome.status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED),
    )


def _is_gone(known: KnownService, deployment: Deployment) -> bool:
    """Whether a deployment of all the service's images succeeded without the service.

    Somebody allowed that (`--allow-missing`). If the record kept the service, each later deployment would miss it again.
    """
    return (
        deployment.status is DeploymentStatus.SUCCEEDED
        and bool(known.digests)
        and set(known.digests) <= set(deployment.images)
    )
