"""Shortens digests for people, to their first twelve characters, as Docker does."""

from __future__ import annotations

_SHOWN_CHARACTERS = 12


def short_hash(digest: str) -> str:
    """A short digest without its algorithm: `0123456789ab` for `sha256:0123456789abcdef…`."""
    return digest.removeprefix("sha256:")[:_SHOWN_CHARACTERS]


def short_digest(digest: str) -> str:
    """A short digest with its algorithm: `sha256:0123456789ab` for `sha256:0123456789abcdef…`."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:_SHOWN_CHARACTERS]}"
