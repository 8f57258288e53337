"""Decides with which tags an image is published, and whether the registry already has it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from weco_deploy.errors import Command, PlanRefused, UsageError
from weco_deploy.model.image import Manifest, Repository
from weco_deploy.model.project import Image, Project
from weco_deploy.model.publication import LocalImage
from weco_deploy.model.tags import is_commit, version_in, version_tag
from weco_deploy.rules.planning import movable

_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NAMED = 5


def ref_tag(ref: str, patterns: Sequence[str]) -> str:
    """The version tag of a commit or version, which is given as such or as a tag of any pattern.

    Raises UsageError if it can't be a tag of any pattern.
    """
    commit = version_of(ref, patterns)
    tag = version_tag(commit, patterns)
    without_version = {pattern.format(commit="", version="") for pattern in patterns}
    if ref in without_version or tag is None or not _LABEL.fullmatch(commit) or not _LABEL.fullmatch(tag):
        any_text = any("{version}" in pattern for pattern in patterns)
        texts = (
            ", or letters, digits, `.`, `_` and `-` (124 at most, no `.` or `-` first)" if any_text else ""
        )
        raise UsageError(f"{ref!r} can't be an image's ref", f"a commit's id{texts}")
    return tag


def version_of(ref: str, patterns: Sequence[str]) -> str:
    """The commit or version in a tag of any pattern; other text as it is."""
    named = (version_in(ref, pattern) for pattern in patterns)
    return next((version for version in named if version is not None), ref)


def check_label(label: str, project: Project, image: Image) -> None:
    """Raises UsageError if the label can't be a tag, or is a tag that `publish` must not move."""
    if not _LABEL.fullmatch(label):
        raise UsageError(f"{label!r} can't be a tag", "letters, digits, `.`, `_` and `-` (128 at most)")
    if project.is_floating(label):
        raise UsageError(
            f"{label} says what runs in an environment, so only a deployment moves it",
            (
                "publish under another label, and deploy that: ",
                Command("release-deploy", "--from-label", "LABEL"),
            ),
        )
    # Where versions may be any text, labels look like them.
    version = version_of(label, [pattern for pattern in image.refs if pattern != "{version}"])
    if version != label or is_commit(label):
        raise UsageError(f"{label} names a commit, so it is no label", f"say --ref {version}")


def check_clean(changed: tuple[str, ...]) -> None:
    """Raises UsageError if the image may contain changes that its commit does not have."""
    if not changed:
        return
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    raise UsageError(
        f"the work tree differs from its commit: {', '.join(changed[:_NAMED])}{more}",
        "commit that (or list it in .gitignore), say --ref, or go on with --allow-dirty",
    )


def is_same(local: LocalImage, manifest: Manifest) -> bool:
    """Whether the registry's manifest is that of the local image.

    The push creates the manifest, so its digest may be unknown before the push. It is known in these cases:

    - The image was pulled, or was pushed under a name that it still has: `digests` contains the manifest's digest.
    - The engine uses the containerd store: the image's id is the manifest's digest.
    - The engine uses another store: the image's id is the digest of its config, which the manifest names.
    """
    known = {local.id, *local.digests}
    return manifest.digest in known or _config(manifest) == local.id


def check_movable(repository: Repository, tag: str, points_at: str | None, digest: str | None) -> None:
    """Raises PlanRefused if the tag exists, must move to `digest`, and can't.

    `digest` is None if it is unknown. Then the tag is expected to move.
    """
    if points_at in (None, digest) or movable(repository, tag):
        return
    raise PlanRefused(
        f"the tag {tag} of {repository.name} can't be moved: the repository's tags are immutable",
        hint=f"make its tags mutable, or exclude {tag} from immutability (`aws ecr put-image-tag-mutability`)",
    )


def _config(manifest: Manifest) -> str | None:
    config = json.loads(manifest.body).get("config")
    return config.get("digest") if isinstance(config, dict) else None
