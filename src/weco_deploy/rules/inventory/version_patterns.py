"""The patterns of version tags, from the tags of images."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from weco_deploy.model.tags import DEFAULT_REFS, LATEST, version_in

_DEFAULT = DEFAULT_REFS[0]
_COMMIT = re.compile(r"(?:.*[._-])?([0-9a-f]{7,40})(?:[._-].*)?")
_VERSION = re.compile(r"(v?)[0-9]+(\.[0-9]+)+")


def version_patterns(images: Iterable[Collection[str]]) -> Sequence[str]:
    """The fewest patterns with which each image has a version tag, as far as it can have one. Empty if none has.

    Args:
        images: the tags of each image, without those that move.

    """
    left = [set(tags) - {LATEST} for tags in images]
    chosen: list[str] = []
    while left:
        candidates = sorted({pattern for tags in left for tag in tags if (pattern := _pattern(tag))})
        if not candidates:
            break
        best = max(
            candidates,
            key=lambda pattern: (
                _described(pattern, left),
                pattern == _DEFAULT,
                "{commit}" in pattern,
                -len(pattern),
            ),
        )
        chosen.append(best)
        left = [tags for tags in left if not any(version_in(tag, best) for tag in tags)]
    return chosen


def _described(pattern: str, images: Iterable[Collection[str]]) -> int:
    return sum(1 for tags in images if any(version_in(tag, pattern) for tag in tags))


def _pattern(tag: str) -> str | None:
    """The pattern of a tag with a commit or a version; None for another tag."""
    if version_in(tag, _DEFAULT):
        return _DEFAULT
    commit = _COMMIT.fullmatch(tag)
    if commit and (len(commit[1]) == 40 or (re.search("[0-9]", commit[1]) and re.search("[a-f]", commit[1]))):
        return f"{tag[: commit.start(1)]}{{commit}}{tag[commit.end(1) :]}"
    version = _VERSION.fullmatch(tag)
    return f"{version[1]}{{version}}" if version else None
