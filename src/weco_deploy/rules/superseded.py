"""Decides which later deployments to an environment replaced the images of an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.kind import Kind


def superseding(
    recorded: Deployment, digests: Mapping[str, str | None], others: Iterable[Deployment]
) -> Mapping[str, Deployment]:
    """By image id, the first deployment after the recorded one that applied another digest of the image.

    An image that was put back since is not replaced. `digests` are those of the recorded deployment. 5.x recorded no digests:
    its later deployments of another release count.
    """
    later = sorted(
        (other for other in others if other.date_created > recorded.date_created),
        key=lambda other: other.date_created,
    )
    found: dict[str, Deployment] = {}
    for deployment in later:
        for image_id in _replaced(recorded, digests, deployment):
            found.setdefault(image_id, deployment)
        for image_id in _put_back(recorded, digests, deployment):
            found.pop(image_id, None)
    return found


def _replaced(recorded: Deployment, digests: Mapping[str, str | None], later: Deployment) -> Iterator[str]:
    """The ids of the images that the later deployment replaced."""
    if not later.images and later.release_id != recorded.release_id:
        yield from (image_id for service in later.services for image_id in service.images)
    for image_id, change in later.images.items():
        before = digests.get(image_id)
        if before is not None and change.applied and change.to_digest != before:
            yield image_id


def _put_back(recorded: Deployment, digests: Mapping[str, str | None], later: Deployment) -> Iterator[str]:
    """The ids of the images that the later deployment put back as the recorded one had them."""
    if not later.images and later.release_id == recorded.release_id:
        yield from (image_id for service in later.services for image_id in service.images)
    for image_id, change in later.images.items():
        if change.applied and change.to_digest == digests.get(image_id):
            yield image_id


def superseded_by(later: Deployment) -> str:
    """By what and when a deployment was superseded, as text."""
    what = "the rollback to" if later.kind is Kind.ROLLBACK else "the deployment of"
    return (
        f"superseded by {what} release {later.release_id[:8]} "
        f"(deployment {later.deployment_id}, {later.date_created:%Y-%m-%d %H:%M}Z)"
    )
