"""What a deployment leaves in the record of its environment.

Releases may be partial, so what is applied is kept image by image, and each deployment adds its own.
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
    """The record with what a deployment applied to it, once the deployment has its verdict."""
    deployed = DeployedRelease.of(deployment)
    is_current = record.current is not None and record.current.deployment_id == deployment.deployment_id
    return replace(
        record,
        images={**record.images, **_applied(record, deployment)},
        services=_services(record, deployment),
        current=deployed if is_current else record.current,
        good=deployed if deployment.status is DeploymentStatus.SUCCEEDED else record.good,
    )


def _applied(record: EnvironmentRecord, deployment: Deployment) -> Mapping[str, AppliedImage]:
    return {
        image_id: AppliedImage(
            release_id=deployment.release_id,
            digest=change.to_digest,
            ref=change.to_ref,
            worked=deployment.worked(image_id) or _worked_before(record.images.get(image_id), change),
        )
        for image_id, change in deployment.images.items()
        if change.applied
    }


def _worked_before(known: AppliedImage | None, change: ImageChange) -> bool:
    """Whether that very version worked there already: what failed with it now has another cause.

    Where this deployment moved the tag to it, what is recorded may be its own verdict, which another one replaces.
    """
    return known is not None and known.worked and known.digest == change.to_digest == change.from_digest


def _services(record: EnvironmentRecord, deployment: Deployment) -> Mapping[str, KnownService]:
    noted = {
        one.service_id: _noted(one, deployment, record.services.get(one.service_id))
        for one in deployment.services
    }
    kept = {key: known for key, known in record.services.items() if not _gone(known, deployment)}
    return {**kept, **noted}


def _noted(outcome: ServiceOutcome, deployment: Deployment, known: KnownService | None) -> KnownService:
    digests = {
        image_id: deployment.images[image_id].to_digest
        for image_id in outcome.images
        if image_id in deployment.images
    }
    same = known if known is not None and known.key == outcome.key else None
    if outcome.ecs_deployment_id is None:
        # ECS was never told: what was noted before still holds.
        return same or KnownService(service_id=outcome.service_id, key=outcome.key)
    if same is not None and same.ecs_deployment_id == outcome.ecs_deployment_id:
        digests = {**same.digests, **digests}
    return KnownService(
        service_id=outcome.service_id,
        key=outcome.key,
        ecs_deployment_id=outcome.ecs_deployment_id,
        digests=digests,
        failed=outcome.status is ServiceStatus.FAILED,
    )


def _gone(known: KnownService, deployment: Deployment) -> bool:
    """Whether a deployment that succeeded did without this service although it had all of its images.

    It was allowed to miss it. Otherwise it would be asked for, and kept here, for ever.
    """
    return (
        deployment.status is DeploymentStatus.SUCCEEDED
        and bool(known.digests)
        and set(known.digests) <= set(deployment.images)
    )
