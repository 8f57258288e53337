"""Decides whether a release may go on to the next environment. Gates keep what never worked in one out of the next.

Only a deployment that was watched to its success opens a gate: those that 5.x recorded have no verdict. Releases may be
partial, so the success of a deployment says nothing about the images it lacks. Each image therefore has to have worked
when it was last deployed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release


def unmet_requirements(
    release: Release,
    target: Environment,
    deployments: Mapping[str, Iterable[Deployment]],
    records: Mapping[str, EnvironmentRecord],
) -> tuple[str, ...]:
    """The environments in the target's `requires` where the release never succeeded.

    `deployments` are those of this release, by environment id; one success is enough. So is an environment whose last
    deployment succeeded and where all images of the release are applied and worked: a release made from that
    environment's tags has another id and the same content.
    """
    return tuple(
        required
        for required in target.requires
        if not any(deployment.status is DeploymentStatus.SUCCEEDED for deployment in deployments[required])
        and not _runs_there(release, records[required])
    )


def _runs_there(release: Release, record: EnvironmentRecord) -> bool:
    succeeded = record.current is not None and record.current.status is DeploymentStatus.SUCCEEDED
    return succeeded and all(
        (applied := record.images.get(image_id)) is not None
        and applied.worked
        and applied.digest == version.digest
        for image_id, version in release.versions.items()
    )


def source_refusal(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """Why these images can't be taken from the environment's tags; None if they can.

    During or after a deployment that did not succeed, some tags may have moved and others not. An environment that was
    never deployed to has nothing against it.
    """
    current = record.current
    if current is None or current.status is DeploymentStatus.SUCCEEDED:
        return _failed_images(record, image_ids)
    if current.status is DeploymentStatus.IN_PROGRESS:
        return f"{record.environment} is being deployed to (deployment {current.deployment_id})"
    return (
        f"the last deployment to {record.environment} ({current.deployment_id}) did not succeed: "
        f"it is {current.status}"
    )


def _failed_images(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """Names the images that did not work when they were last deployed; later deployments were without them."""
    failed = [
        f"{image_id} (release {applied.release_id})"
        for image_id, applied in record.images.items()
        if image_id in image_ids and not applied.worked
    ]
    if not failed:
        return None
    return (
        f"{record.environment} still has images that did not succeed there and were not deployed again since: "
        f"{', '.join(failed)}"
    )
