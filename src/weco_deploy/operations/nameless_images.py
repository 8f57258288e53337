"""Explains why the version of an image has no name: it has no version tag, or is an index around an image that has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    indexes = index_remarks(ports, label, images)
    hint = f"push them again with a {wanted} tag, or describe the tags that they have with refs in the project file"
    if any(index.child_named for index in indexes.values()):
        hint += f"; give an index that is made around an image the image's {wanted} tag, too"
    where = {image_id: f"{label} points at {image.digest}" for image_id, image in images.items()}
    return PlanRefused(
        f"these images are tagged {label} but have no {wanted} tag, so their version has no name: {', '.join(images)}",
        [
            f"{image_id}: {where[image_id]}" + (f", {indexes[image_id].text}" if image_id in indexes else "")
            for image_id in images
        ],
        hint,
    )


@dataclass(frozen=True, slots=True)
class IndexRemark:
    """What an index is made around, as text, and whether any of its children has a version tag."""

    text: str
    child_named: bool


def index_remarks(ports: Ports, label: str, images: Mapping[str, TaggedImage]) -> dict[str, IndexRemark]:
    """Remarks on those of the images at the label that are indexes, by image id. An image that can't be read has none."""
    remarks = ports.calls.read(
        partial(_index_remark, ports, ports.project.image(image_id), label, image)
        for image_id, image in images.items()
    )
    return {image_id: remark for image_id, remark in zip(images, remarks, strict=True) if remark is not None}


def _index_remark(ports: Ports, image: Image, label: str, found: TaggedImage) -> IndexRemark | None:
    try:
        manifest = ports.registry.manifest_and_tag(image.repository, found.digest, label).manifest
        if manifest is None or manifest.media_type not in INDEXES:
            return None
        tagged = _children_with_tags(ports, image, manifest.children)
    except (AwsError, NotFound):  # the digest alone is better than another error
        return None
    count = len(manifest.children)
    named = [f"{short_digest(child)} has {', '.join(tags)}" for child, tags in tagged.items()]
    if not named:
        return IndexRemark(
            f"an index; none of its {count} children has a version tag either", child_named=False
        )
    return IndexRemark(f"an index; of its {count} children {' and '.join(named)}", child_named=True)


def _children_with_tags(ports: Ports, image: Image, children: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The version tags of an index's children, by digest, for those that have any."""
    tagged = {}
    for child in children:
        found = ports.registry.find(image.repository, child)
        tags = version_tags(ports.project.without_floating(found.tags), image.refs) if found else ()
        if tags:
            tagged[child] = tuple(tag.tag for tag in tags)
    return tagged
