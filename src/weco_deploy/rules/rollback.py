"""Decides where a rollback goes: to which release, and to which digests of the images that the release lacks.

All sequences of deployments in this module are newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from weco_deploy.model.deployment import PRESUMED_GOOD, Deployment, ImageChange
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.kind import Kind


def rollback_target(record: EnvironmentRecord, deployments: Sequence[Deployment]) -> DeployedRelease | None:
    """The deployment whose release a rollback returns to; None if there is none.

    After a deployment that did not succeed, the target is the last good deployment. Otherwise it is the latest earlier
    deployment of another release, preferably one whose images all ran there. A rollback is never a target, so a second rollback goes further back, never forward.
    Deployments that 5.x recorded have no verdict and are presumed good.

    | deployed so far, oldest first (! did not succeed) | target |
    |---------------------------------------------------|--------|
    | A, B, C                                           | B      |
    | A, B, C!                                          | B      |
    | A, B, B                                           | A      |
    | A, B, C, rollback to B                            | A      |
    | A, B, C, rollback to B, rollback to A             | none   |
    | A, B, C, rollback to B, D                         | C      |
    """
    current = record.current
    if current is None:
        return None
    good = [deployment for deployment in deployments if deployment.status in PRESUMED_GOOD]
    if current.status not in PRESUMED_GOOD:
        return _last_good(record, deployments)
    targets = [deployment for deployment in good if deployment.kind is not Kind.ROLLBACK]
    start = 1  # targets[0] is the deployment to go back from
    for rollback in reversed(_latest_rollbacks(good)):
        start = _start_after(rollback, targets, start)
    earlier = [target for target in targets[start:] if target.release_id != current.release_id]
    # Where nothing ran, such as in services scaled to zero, nobody knows whether the release works.
    return next(map(DeployedRelease.of, [*filter(_ran, earlier), *earlier]), None)


def leaves_nothing_to_search(target: DeployedRelease | None, deployments: Sequence[Deployment]) -> bool:
    """Whether earlier deployments than these can change neither the target of a rollback nor the digests that it restores.

    That is so if all images of the target ran, and the later deployments deployed no others.
    """
    found = next(
        (known for known in deployments if target and known.deployment_id == target.deployment_id), None
    )
    if found is None or not found.images or not _ran(found):
        return False
    later = (deployment for deployment in deployments if deployment.date_created > found.date_created)
    return all(deployment.images.keys() <= found.images.keys() for deployment in later)


def _ran(deployment: Deployment) -> bool:
    """Whether every image that the deployment applied was seen running. 5.x recorded no images."""
    return all(deployment.ran(image_id) for image_id, change in deployment.images.items() if change.applied)


def is_unfinished_rollback(current: Deployment) -> bool:
    """Whether this is a rollback that did not succeed. Rolling back again then deploys the same release again.

    The last good release is the one that this rollback replaces, so deploying it would undo the rollback.
    """
    return current.kind is Kind.ROLLBACK and current.status not in PRESUMED_GOOD


def digests_before(deployments: Iterable[Deployment]) -> Mapping[str, str]:
    """The digest that each image's tag had before these deployments moved it, by image id."""
    before = _before(deployment.images for deployment in deployments)
    return {image_id: digest for image_id, digest in before.items() if digest is not None}


def tags_created(deployments: Iterable[Deployment]) -> tuple[str, ...]:
    """The images whose tag did not exist before these deployments. Such a tag stays: images are never deleted."""
    before = _before(deployment.images for deployment in deployments)
    return tuple(image_id for image_id, digest in before.items() if digest is None)


def can_roll_back(
    record: EnvironmentRecord,
    release_id: str,
    changes: Mapping[str, ImageChange],
    earlier: Sequence[Deployment],
) -> bool:
    """Whether a rollback finds other images to go back to after a deployment with these changes that did not succeed.

    It goes back to the last good release or, if there never was one, to what the tags pointed at before. If the last good
    release has the images of this deployment, such as one that was deployed again, a rollback would change nothing.
    """
    good = _last_good(record, earlier)
    if good is not None:
        return good.release_id != release_id and not _had_the_same_images(good, changes, earlier)
    before = _before((changes, *(deployment.images for deployment in earlier)))
    return any(digest is not None for digest in before.values())


def can_go_back_from(
    recorded: Deployment, record: EnvironmentRecord, deployments: Sequence[Deployment]
) -> bool:
    """Whether `rollback` would go back from this recorded deployment, if it turns out not to run.

    `rollback` goes by the record: from the last deployment to the environment, and after a success to an earlier release.
    """
    if record.current is None or record.current.deployment_id != recorded.deployment_id:
        return False
    if recorded.kind is Kind.ROLLBACK:
        return True  # `rollback --to-release` goes wherever it is told
    if recorded.status in PRESUMED_GOOD:
        return rollback_target(record, deployments) is not None
    return can_roll_back(record, recorded.release_id, recorded.images, deployments)


def _last_good(record: EnvironmentRecord, deployments: Iterable[Deployment]) -> DeployedRelease | None:
    good = (deployment for deployment in deployments if deployment.status in PRESUMED_GOOD)
    return record.good or next(map(DeployedRelease.of, good), None)


def _had_the_same_images(
    good: DeployedRelease, changes: Mapping[str, ImageChange], deployments: Iterable[Deployment]
) -> bool:
    """Whether the good deployment, if it is among these, deployed all images with the digests of the changes."""
    images = next((found.images for found in deployments if found.deployment_id == good.deployment_id), {})
    return bool(changes) and all(
        image_id in images and images[image_id].to_digest == change.to_digest
        for image_id, change in changes.items()
    )


def _before(changes: Iterable[Mapping[str, ImageChange]]) -> dict[str, str | None]:
    """The digest that each image's tag had before these changes, the newest first, moved it, by image id."""
    return {
        image_id: change.from_digest
        for images in changes  # the oldest change decides
        for image_id, change in images.items()
        if not change.unchanged
    }


def restored_digests(undone: Sequence[Deployment], kept: Sequence[Deployment]) -> Mapping[str, str]:
    """The digests to restore when a rollback undoes some deployments and keeps the earlier ones, by image id.

    Releases may be partial, so the release that is rolled back to may lack images that the undone deployments changed.
    Each image returns to the digest its tag had before these deployments. If that digest is known not to have worked, the
    image returns to the newest digest that worked in a kept deployment or, if there is none, to the digest before the
    oldest kept deployment. Images whose tag had the right digest all the time are left out.

    | kept, oldest first (! did not work) | undone           | restored             |
    |-------------------------------------|------------------|----------------------|
    | w0 → w1                             | w1 → w2, w2 → w3 | w1                   |
    | w0 → w1, w1 → w2!                   | w2 → w3          | w1, since w2 failed  |
    | w0 → w1!                            | w1 → w2          | w0, since w1 failed  |
    | (no tag) → w1!                      | w1 → w2          | nothing: leave w2    |
    | w0 → w1                             | w1 → w1          | nothing: it has w1   |
    """
    restored: dict[str, str] = {}
    for image_id in {image_id for deployment in undone for image_id in deployment.images}:
        changes = [deployment.images[image_id] for deployment in undone if image_id in deployment.images]
        digest = _digest_to_restore(image_id, changes[-1].from_digest, kept)
        was_there = all(change.unchanged and change.to_digest == digest for change in changes)
        if digest is not None and not was_there:
            restored[image_id] = digest
    return restored


def _latest_rollbacks(good: Sequence[Deployment]) -> Sequence[Deployment]:
    """The rollbacks that were made after the newest deployment of another kind."""
    kinds = [deployment.kind for deployment in good]
    newest_other = next((index for index, kind in enumerate(kinds) if kind is not Kind.ROLLBACK), len(good))
    return good[:newest_other]


def _start_after(rollback: Deployment, targets: Sequence[Deployment], start: int) -> int:
    """The index in `targets` where the search continues after this rollback: just past the deployment it restored.

    A rollback to a release that is not among the targets (`--to-release`) leaves `start` as it is.

    | targets, newest first | rollback to | start | returned |
    |-----------------------|-------------|-------|----------|
    | C, B, A               | B           | 1     | 2        |
    | C, B, A               | A           | 2     | 3        |
    | C, B, A               | X           | 1     | 1        |
    """
    indexes = [index for index, target in enumerate(targets) if _restored(rollback, target)]
    further_back = [index for index in indexes if index >= start]
    return (further_back or indexes)[0] + 1 if indexes else start


def _restored(rollback: Deployment, target: Deployment) -> bool:
    """Whether the rollback restored that deployment: it deployed the same release, or the same digests and maybe more."""
    same_digests = bool(target.images) and all(
        image_id in rollback.images and rollback.images[image_id].to_digest == change.to_digest
        for image_id, change in target.images.items()
    )
    return same_digests or rollback.release_id == target.release_id


def _digest_to_restore(image_id: str, before: str | None, kept: Sequence[Deployment]) -> str | None:
    """`before`, unless kept deployments applied that digest and it worked in none of them (see `restored_digests`)."""
    history = [deployment for deployment in kept if image_id in deployment.images]
    applied = [deployment for deployment in history if deployment.images[image_id].applied]
    attempts = [deployment for deployment in applied if deployment.images[image_id].to_digest == before]
    if not attempts or any(deployment.worked(image_id) for deployment in attempts):
        return before
    worked = (deployment.images[image_id].to_digest for deployment in applied if deployment.worked(image_id))
    return next(worked, history[-1].images[image_id].from_digest)
