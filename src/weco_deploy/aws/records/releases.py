"""A release as an item: the form that 5.x wrote, plus digests, all ref tags, build and label.

    release_id   project_id   project_name   date_created   requested_by   description
    images {id: "ref.<sha>" or null}   refs {id: [ref tags]}   digests {id: "sha256:…"}
    build_url   from_label   deployments [{…}]   last_date_deployed

Beside it `latest#<project>` points at the release made last: an index can't tell that consistently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from weco_deploy.aws.records.attributes import Fields, Item, Value, cut, present, size, stored_time
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.release import ImageVersion, Release, ReleaseDeployment

ITEM_LIMIT = 300_000
"""Bytes that an item of ours may have; DynamoDB takes 400 KB."""
LONGEST_TEXT = 4_000
LISTING_COST = 300
"""Bytes that a list and its name may cost; an image's id, which is the name, has 256 characters at most."""
LISTED_DEPLOYMENTS = 50
"""A release lists so many of its deployments; the older ones are in their own items."""


def latest_key(project_id: str) -> str:
    return f"latest#{project_id}"


def latest_item(release: Release) -> Item:
    """The pointer at the release made last. It has no `project_id`, so that no index lists it."""
    return {
        "release_id": latest_key(release.project_id),
        "latest": {"release_id": release.release_id, "date_created": stored_time(release.date_created)},
    }


def release_item(release: Release) -> Item:
    """The item of a release that is recorded for the first time.

    An image that stays the same collects a ref tag with each commit. Where all of them don't fit, each image
    keeps as many as do, that which names its version first.
    """
    item = _item(release, {key: version.refs for key, version in release.versions.items()})
    if size(item) <= ITEM_LIMIT:
        return item
    bare = _item(release, {})
    room = (ITEM_LIMIT - size(bare)) // len(release.versions)
    return _item(release, {key: _fitting(version, room) for key, version in release.versions.items()})


def _fitting(version: ImageVersion, room: int) -> Sequence[str]:
    """As many refs as have room, in bytes, with what it costs to list them."""
    first = sorted(version.refs, key=lambda ref: ref != version.ref)
    costs = accumulate(size(ref) + 1 for ref in first)
    return [ref for ref, cost in zip(first, costs, strict=True) if cost + LISTING_COST <= room]


def _item(release: Release, refs: Mapping[str, Sequence[str]]) -> Item:
    listed = [listed_deployment(one) for one in release.deployments]
    versions = release.versions
    return present(
        {
            "release_id": release.release_id,
            "project_id": release.project_id,
            "project_name": release.project_name,
            "date_created": stored_time(release.date_created),
            "requested_by": release.requested_by,
            "description": cut(release.description, LONGEST_TEXT),
            "build_url": release.build_url,
            "from_label": release.from_label,
            "images": {key: version.ref if version else None for key, version in release.images.items()},
            "refs": {key: list(each) for key, each in refs.items() if each},
            "digests": {key: version.digest for key, version in versions.items() if version.digest},
            "deployments": listed,
            "last_date_deployed": max(
                (stored_time(one.date_created) for one in release.deployments), default=None
            ),
        }
    )


def read_release(item: Item) -> Release:
    """The release of an item, of 5.x's too."""
    fields = Fields(item, str(item.get("release_id")))
    return Release(
        release_id=fields.text("release_id"),
        project_id=fields.text("project_id"),
        project_name=fields.name("project_name"),
        date_created=fields.time("date_created"),
        requested_by=fields.name("requested_by"),
        description=fields.name("description"),
        images=_versions(fields),
        build_url=fields.optional_text("build_url"),
        from_label=fields.optional_text("from_label"),
        deployments=tuple(_read_listed(row) for row in fields.rows("deployments")),
    )


def _versions(fields: Fields) -> Mapping[str, ImageVersion | None]:
    images, refs, digests = fields.map("images"), fields.map("refs"), fields.map("digests")
    found: dict[str, ImageVersion | None] = {}
    for image_id in images.item:
        written = images.optional_text(image_id)
        if written is None:
            found[image_id] = None
            continue
        found[image_id] = ImageVersion(
            ref=_tag(written), refs=refs.texts(image_id), digest=digests.optional_text(image_id)
        )
    return found


def _tag(written: str) -> str:
    """The tag alone: before 5.5.10 the full URI of the image was written. Tags have no colon."""
    return written.rpartition(":")[-1]


def listed_deployment(deployment: Deployment | ReleaseDeployment) -> Item:
    """A deployment as its release lists it. 5.x reads `details`, so it is there."""
    return present(
        {
            "deployment_id": deployment.deployment_id,
            "environment": deployment.environment,
            "date_created": stored_time(deployment.date_created),
            "requested_by": deployment.requested_by,
            "description": cut(deployment.description, LONGEST_TEXT),
            "details": {},
        }
    )


def _read_listed(row: Fields) -> ReleaseDeployment:
    return ReleaseDeployment(
        environment=row.name("environment"),
        date_created=row.time("date_created"),
        requested_by=row.name("requested_by"),
        description=row.name("description"),
        deployment_id=row.optional_text("deployment_id"),
    )


def listing(item: Item, deployment: Deployment) -> Sequence[Value]:
    """A release item's `deployments` with one more at the end, without the oldest where it gets too long."""
    rows: list[Value] = [row.item for row in Fields(item, deployment.release_id).rows("deployments")]
    rows = [*rows, listed_deployment(deployment)][-LISTED_DEPLOYMENTS:]
    room = ITEM_LIMIT - size({name: value for name, value in item.items() if name != "deployments"})
    while len(rows) > 1 and size(rows) > room:
        rows = rows[1:]
    return rows
