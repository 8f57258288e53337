"""The image tags that the tool uses: version tags, which never move, and the floating tags of environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REF_PREFIX = "ref."
"""What version tags begin with, unless the project file has other patterns."""
DEFAULT_REFS = ("ref.{version}",)
"""The pattern of version tags without others in the project file: `ref.<commit>`, but as in 5.x any text may follow."""
DEFAULT_TAG = "env.{environment}"
"""The template of floating tags, which are in an environment's task definitions, and which deployments move."""
LATEST = "latest"
ABBREVIATIONS = (12, 11, 10, 9, 8, 7)
"""How many digits of a commit version tags may have instead of all, as CI systems and git itself abbreviate it."""

_COMMIT = "[0-9a-f]{7,40}"
_PARTS = {"{commit}": f"({_COMMIT})", "{version}": "([A-Za-z0-9._-]+)"}
_ANYTHING = "{version}"


def commit_tag(commit: str) -> str:
    return f"{REF_PREFIX}{commit}"


def commit_in(ref: str, name: str | None = None) -> str:
    """The commit or version that a version tag names. `name` is that text where it isn't just what follows `ref.`."""
    return name or ref.removeprefix(REF_PREFIX)


def is_commit(text: str) -> bool:
    """Whether this can be the id of a commit, or the beginning of one."""
    return re.fullmatch(_COMMIT, text) is not None


def version_in(tag: str, pattern: str) -> str | None:
    """The commit or version in a tag of that pattern; None if the tag doesn't match."""
    expression = re.escape(pattern)
    for placeholder, part in _PARTS.items():
        expression = expression.replace(re.escape(placeholder), part)
    found = re.fullmatch(expression, tag)
    return found[1] if found else None


def version_tag(version: str, patterns: Sequence[str]) -> str | None:
    """The tag of a commit or version by the first pattern that it fits; None if it fits none."""
    for pattern in patterns:
        tag = pattern.replace("{commit}", version).replace("{version}", version)
        if version_in(tag, pattern) == version:
            return tag
    return None


def holds_commit(pattern: str) -> bool:
    """Whether tags of that pattern name commits, as opposed to versions."""
    return "{commit}" in pattern or pattern in DEFAULT_REFS


def tags_of_commit(commit: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """The tags that may name a commit by the patterns that hold one: with its full id, and with its abbreviations."""
    texts = (commit, *(commit[:digits] for digits in ABBREVIATIONS))
    return tuple(
        tag
        for pattern in patterns
        if holds_commit(pattern)
        for text in texts
        if (tag := version_tag(text, [pattern])) is not None
    )


def pattern_text(pattern: str) -> str:
    """The pattern for a message: `ref.<commit>`."""
    shown = "ref.{commit}" if pattern in DEFAULT_REFS else pattern
    return shown.replace("{", "<").replace("}", ">")


@dataclass(frozen=True, slots=True)
class VersionTag:
    """A tag of an image that names its version, and the commit or version in it."""

    tag: str
    version: str

    @property
    def name(self) -> str | None:
        """The version where it isn't just what follows `ref.`."""
        return None if self.version == commit_in(self.tag) else self.version


def version_tags(
    tags: Iterable[str], patterns: Sequence[str], label: str | None = None
) -> tuple[VersionTag, ...]:
    """The tags that match the first pattern which any of them matches, in alphabetical order.

    Args:
        tags: tags of one image, without those that move.
        patterns: patterns of version tags, in the order in which they are tried.
        label: the tag that the image was found by. Where a version may be any text, it is taken for one only if no other
            tag is left, because it may be a label.

    """
    candidates = sorted(set(tags) - {LATEST})
    for pattern in patterns:
        found = [
            VersionTag(tag, text) for tag in candidates if (text := version_in(tag, pattern)) is not None
        ]
        if pattern == _ANYTHING and len(found) > 1:
            found = [version for version in found if version.tag != label]
        if found:
            return tuple(found)
    return ()


def asked_for(
    label: str | None, versions: Sequence[VersionTag], patterns: Sequence[str]
) -> VersionTag | None:
    """The version tag that `label` is, or whose commit it names by another pattern."""
    if label is None:
        return None
    named = {text for pattern in patterns if (text := version_in(label, pattern)) is not None}
    same_tag = (version for version in versions if version.tag == label)
    same_commit = (version for version in versions if version.version in named)
    return next(same_tag, next(same_commit, None))
