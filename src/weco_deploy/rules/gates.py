"""Gates decide whether a release that worked in one environment may be deployed to the next.

Only a deployment that was watched until it succeeded opens a gate. Deployments that 5.x recorded don't, because they
have no verdict. Releases may be partial, and the success of a deployment says nothing about the images it lacks. So each
image must have worked when it was last deployed. And each image must have run: a service that is scaled to zero proves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from weco_deploy.model.deployment import HOW_IT_ENDED, Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.rollout_check import RolloutCheck
from weco_deploy.model.steps import StepStatus


def unmet_requirements(
    release: Release,
    target: Environment,
    deployments: Mapping[str, Iterable[Deployment]],
    records: Mapping[str, EnvironmentRecord],
) -> Mapping[str, str]:
    """The environments in the target's `requires` where the release never succeeded, or an image of it never ran; and why.

    `deployments` are those of this release, by environment id. One success is enough. An environment also counts if its
    last deployment succeeded, and all images of the release are deployed there and worked: a release made from that
    environment's tags has another id but the same images.
    """
    unmet: dict[str, str] = {}
    for required in target.requires:
        record = records[required]
        succeeded = [one for one in deployments[required] if one.status is DeploymentStatus.SUCCEEDED]
        if not succeeded and not _worked_there(release, record):
            unmet[required] = (
                f"{target.id} requires a release that succeeded in {required}, and {release.release_id} never did"
            )
        elif never_ran := _never_ran(release, succeeded, record):
            unmet[required] = (
                f"{target.id} requires images that ran in {required}, and these of {release.release_id} never did: "
                f"{', '.join(never_ran)} ({_NO_PROOF}; once tasks run there, deploy it there again)"
            )
    return unmet


def unverified(
    target: Environment, checks: Mapping[str, Iterable[RolloutCheck]], newest: Mapping[str, Deployment | None]
) -> Mapping[str, str]:
    """The environments in the target's `requires_verified` whose checks have not all succeeded; and why.

    Args:
        target: the environment that the release is to go to.
        checks: the checks of each such environment, by its id. Advisory ones do not count.
        newest: the newest deployment there that succeeded with the release, or with the same images.

    """
    unmet: dict[str, str] = {}
    for required in target.requires_verified:
        deployment = newest[required]
        passed = (
            {step.id for step in deployment.steps if step.status is StepStatus.SUCCEEDED}
            if deployment
            else set()
        )
        missing = [check.id for check in checks[required] if not check.advisory and check.id not in passed]
        if missing:
            which = f" in deployment {deployment.deployment_id}" if deployment else ""
            unmet[required] = (
                f"{target.id} requires that the checks of {required} succeeded, and {', '.join(missing)} did not{which}"
            )
    return unmet


_NO_PROOF = "a service that runs no tasks, or is missing, proves nothing"


def _never_ran(release: Release, succeeded: Iterable[Deployment], record: EnvironmentRecord) -> list[str]:
    """The images of the release that no service was seen running in these deployments or, in this version, in others."""
    return [
        image_id
        for image_id, version in release.versions.items()
        if not any(deployment.ran(image_id) for deployment in succeeded)
        and not (
            (applied := record.images.get(image_id)) is not None
            and applied.ran
            and applied.digest == version.digest
        )
    ]


def _worked_there(release: Release, record: EnvironmentRecord) -> bool:
    succeeded = record.current is not None and record.current.status is DeploymentStatus.SUCCEEDED
    return succeeded and all(
        (applied := record.images.get(image_id)) is not None
        and applied.worked
        and applied.digest == version.digest
        for image_id, version in release.versions.items()
    )


def source_refusal(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """Why a release can't be made of these images from the environment's tags; None if it can.

    During a deployment, and after one that did not succeed, some tags may have moved and others not. An environment that
    was never deployed to is no reason to refuse.
    """
    current = record.current
    if current is None or current.status is DeploymentStatus.SUCCEEDED:
        return _failed_images(record, image_ids) or _idle_images(record, image_ids)
    if current.status is DeploymentStatus.IN_PROGRESS:
        return f"{record.environment} is being deployed to (deployment {current.deployment_id})"
    return f"the last deployment to {record.environment} {HOW_IT_ENDED[current.status]} ({current.deployment_id})"


def _failed_images(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """Names the images that did not work when they were last deployed, and that later deployments did not include."""
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


def _idle_images(record: EnvironmentRecord, image_ids: Collection[str]) -> str | None:
    """Names the images whose deployed version no service was ever seen running."""
    idle = [
        f"{image_id} (release {applied.release_id})"
        for image_id, applied in record.images.items()
        if image_id in image_ids and not applied.ran
    ]
    if not idle:
        return None
    return f"these images never ran in {record.environment}: {', '.join(idle)} ({_NO_PROOF})"
