"""Makes a release of a commit: each image in the version of that commit or, without one, of the nearest earlier commit.

A repository that builds only what changed does not have every image for every commit. The earlier commits are those that
git finds along first parents, so the images of merged branches don't count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weco_deploy.errors import IncompleteRelease, NothingToRelease
from weco_deploy.model.events import Event
from weco_deploy.model.project import Image
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ReleaseRequest
from weco_deploy.model.tags import holds_commit, pattern_text
from weco_deploy.operations.commit_versions import CommitVersions, has_version_of, versions_of_commit
from weco_deploy.operations.named_commit import named_commit
from weco_deploy.operations.release import described, new_release
from weco_deploy.operations.wait_for_images import wait_for_images
from weco_deploy.ports import Ports

WITHOUT_THEM = "write `optional: true` beside an image that releases may lack, or make this release without it with --allow-partial"
SHORT = 7
"""How many digits of a commit a message has."""


def commit_release(
    ports: Ports, request: ReleaseRequest, name: str, notify: Callable[[Event], None]
) -> Release:
    """The release, which is not recorded yet. `name` names the commit; `make_release` says what is raised."""
    commit = named_commit(ports, name).commit
    caller = ports.calls.begin(ports.caller)
    without_commits = [image for image in ports.project.images if not any(map(holds_commit, image.refs))]
    if not request.allow_partial:
        _check_patterns(ports, without_commits)
    wait_for_images(
        ports,
        f"of commit {commit[:SHORT]}",
        lambda image: image in without_commits or has_version_of(ports, image, commit),
        request.wait_for_images,
        notify,
    )
    named = [image for image in ports.project.images if image not in without_commits]
    found = versions_of_commit(ports, named, commit, notify)
    if not request.allow_partial or not found.versions:
        _check_found(ports, named, commit, found)
    return new_release(
        ports,
        caller.result(),
        {image.id: found.versions.get(image.id) for image in ports.project.images},
        description=described(request.description, request.overrides),
        commit=commit,
        commits_behind=found.behind,
    )


def _check_patterns(ports: Ports, without_commits: Sequence[Image]) -> None:
    """Raise IncompleteRelease if version tags of images that are not optional name no commits."""
    lacking = [image for image in without_commits if not image.optional]
    if lacking:
        patterns = dict.fromkeys(pattern_text(pattern) for image in lacking for pattern in image.refs)
        raise IncompleteRelease(
            f"--commit can't find {_listed(lacking)} of project {ports.project.id}: their version tags "
            f"({', '.join(patterns)}) hold no commit",
            f"push them with their commit in a tag, too, and add its pattern with {{commit}} to refs; {WITHOUT_THEM}",
        )


def _check_found(ports: Ports, images: Sequence[Image], commit: str, found: CommitVersions) -> None:
    """Raise NothingToRelease without any version, and IncompleteRelease without that of an image that is not optional."""
    searched = f"{commit[:SHORT]}{_before(found.searched - 1)}"
    if not found.versions:
        raise NothingToRelease(
            f"nothing to release: no image of project {ports.project.id} has a version of {searched}",
            "push images of the commit first, or wait for them with --wait-for-images",
        )
    lacking = [image for image in images if not image.optional and image.id not in found.versions]
    if lacking:
        raise IncompleteRelease(
            f"the release would lack {_listed(lacking)} of project {ports.project.id}: no image there has a version "
            f"of {searched}",
            f"push an image of the commit, or wait for it with --wait-for-images; {WITHOUT_THEM}",
        )


def _before(commits: int) -> str:
    match commits:
        case 0:
            return ", which has no parent"
        case 1:
            return " or the commit before it"
        case _:
            return f" or the {commits} commits before it"


def _listed(images: Sequence[Image]) -> str:
    return ", ".join(image.id for image in images)
