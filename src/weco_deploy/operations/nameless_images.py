"""Explains why the version of an image has no name: it has no version tag, or is an index around an image that has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from weco_deploy.errors import AwsError, NotFound, PlanRefused
from weco_deploy.model.digest import short_digest
from weco_deploy.model.image import INDEXES, TaggedImage
from weco_deploy.model.project import Image
from weco_deploy.model.tags import pattern_text, version_tags
from weco_deploy.ports import Ports


def nameless(ports: Ports, label: str, images: Mapping[str, TaggedImage]) -> PlanRefused:
    """The error for images, by id, which have the label but nothing that names their version."""
    patterns = dict.fromkeys(ports.project.image(image_id).refs[0] for image_id in images)
    wanted = " or ".join(map(pattern_text, patterns))
    details = ports.calls.read(
        partial(_detail, ports, ports.project.image(image_id), label, image)
        for image_id, image in images.items()
    )
    hint = f"push them again with a {wanted} tag, or describe the tags that they have with refs in the project file"
    if any(children for _, children in details):
        hint += f"; give an index that is made around an image the image's {wanted} tag, too"
    return PlanRefused(
        f"these images are tagged {label} but have no {wanted} tag, so their version has no name: {', '.join(images)}",
        [detail for detail, _ in details],
        hint,
    )


def _detail(ports: Ports, image: Image, label: str, found: TaggedImage) -> tuple[str, bool]:
    """What the label points at, and whether that is an index whose children have version tags."""
    where = f"{image.id}: {label} points at {found.digest}"
    try:
        manifest = ports.registry.manifest_and_tag(image.repository, found.digest, label).manifest
        if manifest is None or manifest.media_type not in INDEXES:
            return where, False
        tagged = _children_with_tags(ports, image, manifest.children)
    except (AwsError, NotFound):  # the digest alone is better than another error
        return where, False
    named = [f"{short_digest(child)} has {', '.join(tags)}" for child, tags in tagged.items()]
    if not named:
        return (
            f"{where}, an index; none of its {len(manifest.children)} children has a version tag either",
            False,
        )
    return f"{where}, an index; of its {len(manifest.children)} children {' and '.join(named)}", True


def _children_with_tags(ports: Ports, image: Image, children: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The version tags of an index's children, by digest, for those that have any."""
    tagged = {}
    for child in children:
        found = ports.registry.find(image.repository, child)
        tags = version_tags(ports.project.without_floating(found.tags), image.refs) if found else ()
        if tags:
            tagged[child] = tuple(tag.tag for tag in tags)
    return tagged
