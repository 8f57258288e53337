"""Finds out which way the images of a release move in git's history, compared with what the environment has now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AwsError, NoCredentials, NotFound
from weco_deploy.model.direction import Ancestry, ImageCommits, ImageDirection
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Image
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.tags import version_tags
from weco_deploy.operations.image_versions import applied_version, named
from weco_deploy.ports import Ports
from weco_deploy.rules.direction import commits_to_compare, directions


def with_directions(observed: Snapshot, release: Release, ports: Ports, *, fetch: bool) -> Snapshot:
    """The snapshot, with the direction of each image that changes, and its version before.

    Git runs only if there are commits to compare. `fetch` allows it to fetch the history that it lacks.
    """
    changing = {
        image.id: version
        for image in ports.project.images
        if (version := release.versions.get(image.id)) is not None
        and (view := observed.images.get(image.id)) is not None
        and view.tagged != version.digest
    }
    before = _before(observed, changing, ports)
    images = {
        image_id: ImageCommits(
            before=_commits_before(image_id, before, observed, ports),
            after=_commits(ports.project.image(image_id), version),
        )
        for image_id, version in changing.items()
    }
    return replace(observed, before=before, directions=_directions(images, ports, fetch=fetch))


def _directions(
    images: Mapping[str, ImageCommits], ports: Ports, *, fetch: bool
) -> Mapping[str, ImageDirection]:
    branch = ports.project.branch
    wanted = commits_to_compare(images.values(), branch)
    if not wanted:
        return directions(images, branch, Ancestry())
    found = directions(images, branch, ports.history.ancestry(wanted, branch))
    if fetch and any(direction.fetch_may_tell for direction in found.values()):
        ports.history.deepen()
        found = directions(images, branch, ports.history.ancestry(wanted, branch))
    return found


def _commits_before(
    image_id: str, before: Mapping[str, ImageVersion], observed: Snapshot, ports: Ports
) -> tuple[str, ...] | None:
    """The commits of the image that the environment's tag points at; None if there is no such tag."""
    if observed.images[image_id].tagged is None:
        return None
    version = before.get(image_id)
    return _commits(ports.project.image(image_id), version) if version else ()


def _before(observed: Snapshot, image_ids: Iterable[str], ports: Ports) -> dict[str, ImageVersion]:
    """The versions that the environment's tags point at, by image id, as far as they are known."""
    found: dict[str, ImageVersion] = {}
    unrecorded: dict[str, str] = {}
    for image_id in image_ids:
        tagged = observed.images[image_id].tagged
        version = _recorded(observed, image_id, tagged)
        if version is not None:
            found[image_id] = version
        elif tagged is not None:
            unrecorded[image_id] = tagged
    return {**found, **_unrecorded(unrecorded, observed, ports)}


def _recorded(observed: Snapshot, image_id: str, digest: str | None) -> ImageVersion | None:
    """The version with this digest, if the environment's record or its current release knows it."""
    released = observed.current.versions.get(image_id) if observed.current else None
    if digest is not None and released is not None and released.digest == digest:
        return released  # it knows all version tags of the image
    applied = observed.record.images.get(image_id)
    known = applied is not None and applied.digest == digest and applied.ref is not None
    return applied_version(applied) if applied is not None and known else None


def _unrecorded(digests: Mapping[str, str], observed: Snapshot, ports: Ports) -> dict[str, ImageVersion]:
    """The versions of images that something else deployed, by image id, from what ECR knows of these digests."""
    tagged = {
        image_id: image
        for image_id, image in observed.unrecorded.items()
        if image is not None and digests.get(image_id) == image.digest
    }
    missing = [image_id for image_id in digests if image_id not in tagged]
    looked_up = ports.calls.read(
        partial(_find, ports, ports.project.image(image_id), digests[image_id]) for image_id in missing
    )
    found = {image_id: image for image_id, image in zip(missing, looked_up, strict=True) if image is not None}
    versions = named(ports, {**tagged, **found})
    return {image_id: version for image_id, version in versions.items() if version is not None}


def _find(ports: Ports, image: Image, digest: str) -> TaggedImage | None:
    try:
        return ports.registry.find(image.repository, digest)
    except NoCredentials:
        raise
    except (AwsError, NotFound):  # what is not known here is an unknown direction
        return None


def _commits(image: Image, version: ImageVersion) -> tuple[str, ...]:
    """The commits or versions that all version tags of an image name."""
    tags = version_tags(version.refs, image.refs)
    return tuple(tag.version for tag in tags) or (version.commit,)
