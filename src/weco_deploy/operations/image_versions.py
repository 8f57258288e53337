"""Names the versions of images: by their tags or, without a tag that matches, by the commit in the image itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AwsError, NoCredentials, NotFound
from weco_deploy.model.digest import short_hash
from weco_deploy.model.environment import AppliedImage
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.project import Image
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.tags import VersionTag, asked_for, commit_tag, is_commit, version_tags
from weco_deploy.ports import Ports


def named(
    ports: Ports, found: Mapping[str, TaggedImage], label: str | None = None
) -> dict[str, ImageVersion | None]:
    """The versions of images, by image id; None where nothing names the version.

    An image may have several version tags, and all are kept. The version is named after the label if that is one of
    them, otherwise after the newest commit by git, and otherwise after the first tag in alphabetical order.
    """
    by_tags = {image_id: _by_tags(ports, image_id, image, label) for image_id, image in found.items()}
    unnamed = [image_id for image_id, version in by_tags.items() if version is None]
    revisions = ports.calls.read(
        partial(_revision, ports, ports.project.image(image_id), found[image_id].digest)
        for image_id in unnamed
    )
    by_revision = {
        image_id: ImageVersion(ref=revision, refs=(revision,), digest=found[image_id].digest)
        for image_id, revision in zip(unnamed, revisions, strict=True)
        if revision is not None
    }
    return {**by_tags, **by_revision}


def tagged_version(ports: Ports, image_id: str, image: TaggedImage, tag: str) -> ImageVersion | None:
    """The version of an image that was found by one of its version tags, and is named after it."""
    return _by_tags(ports, image_id, image, tag)


def nameless(digest: str) -> ImageVersion:
    """A version that nothing names: it is called by its digest, in the form of a version tag."""
    ref = commit_tag(short_hash(digest))
    return ImageVersion(ref=ref, refs=(ref,), digest=digest)


def applied_version(applied: AppliedImage) -> ImageVersion:
    """The version that was last deployed to an environment, as its record has it."""
    if not applied.ref:
        return replace(nameless(applied.digest), name=applied.name)
    return ImageVersion(ref=applied.ref, refs=(applied.ref,), digest=applied.digest, name=applied.name)


def _by_tags(ports: Ports, image_id: str, found: TaggedImage, label: str | None) -> ImageVersion | None:
    patterns = ports.project.image(image_id).refs
    tags = version_tags(ports.project.without_floating(found.tags), patterns, label)
    if not tags:
        return None
    chosen = asked_for(label, tags, patterns) or _newest(ports, tags) or tags[0]
    return ImageVersion(
        ref=chosen.tag, refs=tuple(tag.tag for tag in tags), digest=found.digest, name=chosen.name
    )


def _newest(ports: Ports, tags: Sequence[VersionTag]) -> VersionTag | None:
    if len(tags) == 1:
        return tags[0]
    newest = ports.history.newest([tag.version for tag in tags])
    return next((tag for tag in tags if tag.version == newest), None)


def _revision(ports: Ports, image: Image, digest: str) -> str | None:
    try:
        revision = ports.registry.revision(image.repository, digest)
    except NoCredentials:
        raise
    except (AwsError, NotFound):  # the role may lack the permission, the network may not lead to the download
        return None
    # The text is part of the image, so it may be anything.
    return revision if revision and is_commit(revision) else None
