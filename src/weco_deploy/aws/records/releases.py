"""Converts a release to its item in the table, and back: 5.x's form, plus digests, all ref tags, build and label.

    release_id   project_id   project_name   date_created   requested_by   description
    images {id: "ref.<sha>" or null}   refs {id: [ref tags]}   digests {id: "sha256:…"}
    build_url   from_label   commit   commits_behind {id: "number"}   complete   missing [image ids]   deployments [{…}]   last_date_deployed

A second item, `latest#<project>`, points to the newest release, because reading an index is not consistent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from weco_deploy.aws.records.attributes import Fields, Item, Value, cut, size, stored_time, without_nones
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.release import ImageVersion, Release, ReleaseDeployment

ITEM_LIMIT = 300_000
"""The most bytes of an item; DynamoDB's own limit is 400 KB."""
LONGEST_TEXT = 4_000
LISTING_COST = 300
"""The most bytes that a list and its name take. The name is an image's id, of at most 256 characters."""
LISTED_DEPLOYMENTS = 50
"""How many deployments a release lists. Older deployments are still in their own items."""


def latest_key(project_id: str) -> str:
    return f"latest#{project_id}"


def latest_item(release: Release) -> Item:
    """The pointer to the newest release. It has no `project_id`, so no index lists it."""
    return {
        "release_id": latest_key(release.project_id),
        "latest": {"release_id": release.release_id, "date_created": stored_time(release.date_created)},
    }


def release_item(release: Release) -> Item:
    """The item of a new release.

    An image that stays the same gets a ref tag with each commit. If they don't all fit, each image keeps as many as
    do, beginning with the tag of its version.
    """
    item = _item(release, {key: version.refs for key, version in release.versions.items()})
    if size(item) <= ITEM_LIMIT:
        return item
    without_refs = _item(release, {})
    room = (ITEM_LIMIT - size(without_refs)) // len(release.versions)
    return _item(release, {key: _refs_within(version, room) for key, version in release.versions.items()})


def _refs_within(version: ImageVersion, room: int) -> Sequence[str]:
    """As many ref tags as fit into `room` bytes as a list."""
    own_first = sorted(version.refs, key=lambda ref: ref != version.ref)
    costs = accumulate(size(ref) + 1 for ref in own_first)
    return [ref for ref, cost in zip(own_first, costs, strict=True) if cost + LISTING_COST <= room]


def _item(release: Release, refs: Mapping[str, Sequence[str]]) -> Item:
    listed = [listed_deployment(deployment) for deployment in release.deployments]
    versions = release.versions
    return without_nones(
        {
            "release_id": release.release_id,
            "project_id": release.project_id,
            "project_name": release.project_name,
            "date_created": stored_time(release.date_created),
            "requested_by": release.requested_by,
            "description": cut(release.description, LONGEST_TEXT),
            "build_url": release.build_url,
            "from_label": release.from_label,
            "commit": release.commit,
            # As texts: 5.x prints releases as JSON, and fails at the numbers that boto3 gives it.
            "commits_behind": {key: str(number) for key, number in release.commits_behind.items()} or None,
            "complete": release.complete,
            "missing": list(release.missing) or None,
            "images": {key: version.ref if version else None for key, version in release.images.items()},
            "refs": {image_id: list(tags) for image_id, tags in refs.items() if tags},
            "digests": {key: version.digest for key, version in versions.items() if version.digest},
            "names": {key: version.name for key, version in versions.items() if version.name} or None,
            "deployments": listed,
            "last_date_deployed": max(
                (stored_time(deployment.date_created) for deployment in release.deployments), default=None
            ),
        }
    )


def read_release(item: Item) -> Release:
    """The release in an item, also in one that 5.x wrote."""
    fields = Fields(item, str(item.get("release_id")))
    images = _versions(fields)
    return Release(
        release_id=fields.text("release_id"),
        project_id=fields.text("project_id"),
        project_name=fields.name("project_name"),
        date_created=fields.time("date_created"),
        requested_by=fields.name("requested_by"),
        description=fields.name("description"),
        images=images,
        build_url=fields.optional_text("build_url"),
        from_label=fields.optional_text("from_label"),
        commit=fields.optional_text("commit"),
        commits_behind=_numbers(fields.map("commits_behind")),
        complete=fields.flag("complete") if "complete" in item else None,
        missing=fields.texts("missing")
        or tuple(image_id for image_id, version in images.items() if version is None),
        deployments=tuple(_read_listed(row) for row in fields.rows("deployments")),
    )


def _versions(fields: Fields) -> Mapping[str, ImageVersion | None]:
    images, refs, digests = fields.map("images"), fields.map("refs"), fields.map("digests")
    names = fields.map("names")
    found: dict[str, ImageVersion | None] = {}
    for image_id in images.item:
        written = images.optional_text(image_id)
        if written is None:
            found[image_id] = None
            continue
        found[image_id] = ImageVersion(
            ref=_tag(written),
            refs=refs.texts(image_id),
            digest=digests.optional_text(image_id),
            name=names.optional_text(image_id),
        )
    return found


def _numbers(fields: Fields) -> Mapping[str, int]:
    found = {name: fields.text(name) for name in fields.item}
    for name, text in found.items():
        if not text.isdecimal():
            raise fields.unreadable(name)
    return {name: int(text) for name, text in found.items()}


def _tag(written: str) -> str:
    """The tag alone. Before 5.5.10 the image's full URI was stored; tags contain no colon."""
    return written.rpartition(":")[-1]


def listed_deployment(deployment: Deployment | ReleaseDeployment) -> Item:
    """The entry for a deployment in its release's list. It has `details`, because 5.x reads them."""
    return without_nones(
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
    """A release item's `deployments` with this one at the end; the oldest are dropped if the list gets too long."""
    rows: list[Value] = [row.item for row in Fields(item, deployment.release_id).rows("deployments")]
    rows = [*rows, listed_deployment(deployment)][-LISTED_DEPLOYMENTS:]
    room = ITEM_LIMIT - size({name: value for name, value in item.items() if name != "deployments"})
    while len(rows) > 1 and size(rows) > room:
        rows = rows[1:]
    return rows
