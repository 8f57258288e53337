"""Finds images by the commits in their version tags.

A repository may have ten thousand images, so it is not listed. The tags that the commits may have are looked up, a
hundred in a call, the newest commits first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from weco_deploy.errors import IncompleteRelease
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.project import Image
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.tags import tags_of_commit
from weco_deploy.operations.image_versions import tagged_version
from weco_deploy.operations.named_commit import FETCH_ALL
from weco_deploy.ports import TAGS_A_CALL, Ports

MOST_COMMITS = 1000
"""How many commits are searched: some seventy calls for an image that none of them built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitVersions:
    """The versions that were found, by image id, by how many commits each is behind, and how many commits were searched."""

    versions: Mapping[str, ImageVersion]
    behind: Mapping[str, int]
    searched: int


@dataclass(frozen=True, slots=True)
class _Found:
    """An image, the version tag that it was found by, and by how many commits that is behind."""

    image: TaggedImage
    tag: str
    behind: int


def versions_of_commit(
    ports: Ports, images: Sequence[Image], commit: str, notify: Callable[[Event], None]
) -> CommitVersions:
    """The version of each image that the commit or its nearest first-parent ancestor has.

    A shallow clone is deepened if that may find more. Raises IncompleteRelease if it can't be and an image was not found.
    """
    history = ports.history
    commits = history.first_parents(commit, MOST_COMMITS) or (commit,)
    found = _search(ports, images, commits, start=0)
    if len(found) < len(images) and len(commits) < MOST_COMMITS and history.shallow():
        notify(Waiting("the clone is shallow: fetching the whole history"))
        history.deepen()
        start, commits = len(commits), history.first_parents(commit, MOST_COMMITS) or commits
        rest = [image for image in images if image.id not in found]
        found |= _search(ports, rest, commits, start=start)
        _check_whole(ports, [image.id for image in rest if image.id not in found], commit, len(commits))
    versions = {
        image_id: version
        for image_id, taken in found.items()
        if (version := tagged_version(ports, image_id, taken.image, taken.tag)) is not None
    }
    return CommitVersions(
        versions=versions,
        behind={image_id: found[image_id].behind for image_id in versions},
        searched=len(commits),
    )


def has_version_of(ports: Ports, image: Image, commit: str) -> bool:
    """Whether the repository has an image of that very commit."""
    return _nearest_tag(ports, image, [commit], start=0) is not None


def _check_whole(ports: Ports, missing: Sequence[str], commit: str, known: int) -> None:
    if missing and known < MOST_COMMITS and ports.history.shallow():
        raise IncompleteRelease(
            f"can't tell which version of {', '.join(missing)} belongs to {commit[:7]}: the clone is shallow, with "
            f"{known} of its commits, and fetching the others failed",
            FETCH_ALL,
        )


def _search(
    ports: Ports, images: Sequence[Image], commits: Sequence[str], *, start: int
) -> dict[str, _Found]:
    answers = ports.calls.read(partial(_nearest, ports, image, commits, start) for image in images)
    return {image.id: found for image, found in zip(images, answers, strict=True) if found is not None}


def _nearest(ports: Ports, image: Image, commits: Sequence[str], start: int) -> _Found | None:
    nearest = _nearest_tag(ports, image, commits, start=start)
    if nearest is None:
        return None
    tag, behind = nearest
    tagged = ports.registry.find(image.repository, tag)
    return _Found(tagged, tag, behind) if tagged else None


def _nearest_tag(ports: Ports, image: Image, commits: Sequence[str], *, start: int) -> tuple[str, int] | None:
    """The first tag that the repository has, and the place of its commit, beginning with the commit at `start`."""
    candidates = _candidates(ports, image, commits, start)
    while batch := list(islice(candidates, TAGS_A_CALL)):
        existing = ports.registry.existing_tags(image.repository, [tag for tag, _ in batch])
        nearest = next(((tag, place) for tag, place in batch if tag in existing), None)
        if nearest is not None:
            return nearest
    return None


def _candidates(ports: Ports, image: Image, commits: Sequence[str], start: int) -> Iterator[tuple[str, int]]:
    """The tags that the image may have, with the places of their commits, the newest first."""
    for place, commit in enumerate(commits[start:], start):
        for tag in ports.project.without_floating(tags_of_commit(commit, image.refs)):
            yield tag, place
