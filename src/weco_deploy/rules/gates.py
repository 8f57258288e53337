"""May this release go there yet? Gates keep what never worked in one environment out of the next.

Only a deployment that was seen to succeed passes a gate; what 5.x recorded has no verdict and does not.
Releases may be partial: a deployment that succeeds says nothing of the images that it lacks. So each image
is asked for besides, whether it worked where it was applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release


def untried(
    release: Release,
    target: Environment,
    deployments: Mapping[str, Iterable[Deployment]],
    records: Mapping[str, EnvironmentRecord],
) -> tuple[str, ...]:
    """The environments that `requires` names and in which the release never succeeded.

    It succeeded if a deployment of it did (`deployments`: of this release, by environment id), or if all
    its images are what the environment's record says is applied there and worked, and the last deployment
    succeeded: a release made from that environment's tag has another id, but the same content.
    """
    return tuple(
        required
        for required in target.requires
        if not any(one.status is DeploymentStatus.SUCCEEDED for one in deployments[required])
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


def half_moved(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """What speaks against taking these images from an environment's tags: they may be half moved, or bad.

    Nothing does where nothing was ever deployed.
    """
    current = record.current
    if current is None or current.status is DeploymentStatus.SUCCEEDED:
        return _fallen(record, image_ids)
    if current.status is DeploymentStatus.IN_PROGRESS:
        return f"{record.environment} is being deployed to (deployment {current.deployment_id})"
    return (
        f"the last deployment to {record.environment} ({current.deployment_id}) did not succeed: "
        f"it is {current.status}"
    )


def _fallen(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """The images that did not work when they were deployed, and that deployments since then did not have."""
    fallen = [
        f"{image_id} (release {applied.release_id})"
        for image_id, applied in record.images.items()
        if image_id in image_ids and not applied.worked
    ]
    if not fallen:
        return None
    return (
        f"{record.environment} still has images that did not succeed there and were not deployed again since: "
        f"{', '.join(fallen)}"
    )
