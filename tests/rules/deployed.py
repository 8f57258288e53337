"""Makes deployments from a few words: the digests of each image's tag, and the status of each service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.service import ServiceKey

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

SUCCEEDED = DeploymentStatus.SUCCEEDED
FAILED = DeploymentStatus.FAILED
TIMED_OUT = DeploymentStatus.TIMED_OUT


def deployed(
    images: Mapping[str, tuple[str | None, str]],
    status: DeploymentStatus = SUCCEEDED,
    services: Mapping[str, ServiceStatus] | None = None,
    *,
    running: Mapping[str, Sequence[str]] | None = None,
    applied: bool = True,
    deployment_id: str = "deployment",
) -> Deployment:
    """A deployment. `images` has the digests before and after by id, `services` the statuses by id.

    Each service runs the image with its name, or the images in `running`.
    """
    return Deployment(
        deployment_id=deployment_id,
        release_id="release",
        project_id="sample",
        environment="stage",
        status=status,
        date_created=NOON,
        requested_by="ada",
        description="",
        images={
            image_id: ImageChange(
                image_id=image_id, from_digest=before, to_digest=after, tag_moved=applied and before != after
            )
            for image_id, (before, after) in images.items()
        },
        services=tuple(
            ServiceOutcome(
                service_id=service_id,
                key=ServiceKey("cluster", service_id),
                images=tuple((running or {}).get(service_id, (service_id,))),
                status=fared,
            )
            for service_id, fared in (services or {}).items()
        ),
    )
