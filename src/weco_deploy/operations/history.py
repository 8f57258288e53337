"""Reads the record: releases, deployments, and what labels point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from weco_deploy.model.deployment import PRESUMED_GOOD, Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.model.results import LabelledImage, ReleaseDifference
from weco_deploy.operations.image_versions import named
from weco_deploy.operations.nameless_images import index_remarks
from weco_deploy.operations.release import choose, labelled
from weco_deploy.ports import Ports

MANY = 1000
"""How many deployments of a release are listed with it."""


def releases(ports: Ports, limit: int) -> tuple[Release, ...]:
    """The newest releases first."""
    return ports.store.releases(limit)


def unsuccessful(ports: Ports, found: Sequence[Release]) -> Mapping[str, Mapping[str, DeploymentStatus]]:
    """By release id, the environments in which the release never succeeded, with the status of its last deployment there.

    A deployment without a verdict, as 5.x made them, counts as a success. Reads only the deployments of these releases.
    """
    ids = [made.deployment_id for release in found for made in release.deployments if made.deployment_id]
    read = ports.calls.read(partial(ports.store.deployment, deployment_id) for deployment_id in ids)
    statuses = {deployment.deployment_id: deployment.status for deployment in read if deployment}
    return {release.release_id: _unsuccessful(release, statuses) for release in found}


def _unsuccessful(
    release: Release, statuses: Mapping[str, DeploymentStatus]
) -> Mapping[str, DeploymentStatus]:
    by_environment: dict[str, list[DeploymentStatus]] = {}
    for made in sorted(release.deployments, key=lambda made: made.date_created):
        status = statuses.get(made.deployment_id or "", DeploymentStatus.UNVERIFIED)
        by_environment.setdefault(made.environment, []).append(status)
    return {
        environment: reached[-1]
        for environment, reached in by_environment.items()
        if not PRESUMED_GOOD.intersection(reached)
    }


def deployments(
    ports: Ports, *, release: str | None, environment_id: str | None, limit: int
) -> tuple[Deployment, ...]:
    """The deployments of an environment or of all, and of a release or of all; the newest first.

    The environment may have left the project file. Raises NotFound if the project file does not name it and nothing was ever
    deployed to it.
    """
    chosen = choose(ports, release).release_id if release else None
    found = ports.store.deployments([environment_id] if environment_id else None, limit, chosen)
    if environment_id and not found:
        ports.project.environment(environment_id)
    return found


def release_deployments(ports: Ports, release: Release) -> tuple[Deployment, ...]:
    """The deployments of a release, the newest first."""
    return ports.store.deployments(None, MANY, release.release_id)


def difference(ports: Ports, release: str, base: str) -> ReleaseDifference:
    """The images whose versions differ between two releases."""
    new, old = choose(ports, release), choose(ports, base)
    images = {
        image_id: (old.images.get(image_id), new.images.get(image_id))
        for image_id in dict.fromkeys((*old.images, *new.images))
        if _ref(old, image_id) != _ref(new, image_id)
    }
    commits = [version.commit for pair in images.values() for version in pair if version is not None]
    return ReleaseDifference(release=new, base=old, images=images, subjects=ports.history.subjects(commits))


def _ref(release: Release, image_id: str) -> str | None:
    version = release.images.get(image_id)
    return version.ref if version else None


def images(ports: Ports, label: str) -> Mapping[str, LabelledImage | None]:
    """By image id, the image that the label points at in its repository."""
    found = labelled(ports, ports.project.images, label)
    labelled_images = {image_id: image for image_id, image in found.items() if image}
    versions = named(ports, labelled_images, label)
    nameless = {image_id: image for image_id, image in labelled_images.items() if versions[image_id] is None}
    indexes = index_remarks(ports, label, nameless)
    return {
        image_id: LabelledImage(
            digest=image.digest,
            version=versions[image_id],
            pushed_at=image.pushed_at,
            remark=indexes[image_id].text if image_id in indexes else "",
        )
        if image
        else None
        for image_id, image in found.items()
    }
