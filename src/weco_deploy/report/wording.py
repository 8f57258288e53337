"""How ids, commits, digests, times and counts are written for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from weco_deploy.model.digest import short_hash
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.tags import REF_PREFIX
from weco_deploy.report.untrusted import one_line

NOTHING = "nothing"
"""Stands where a tag or an image did not exist."""


def short_id(identifier: str) -> str:
    """The first eight characters of a release's or deployment's id, which the commands take as well."""
    return one_line(identifier)[:8]


def version_name(ref: str | None, digest: str | None) -> str:
    """The commit in seven characters; where no ref is known the digest in twelve."""
    if ref:
        return one_line(ref.removeprefix(REF_PREFIX))[:7]
    return short_hash(one_line(digest)) if digest else NOTHING


def version_names(
    before_ref: str | None, before_digest: str | None, after_ref: str | None, after_digest: str | None
) -> tuple[str, str]:
    """Names of two versions of an image that differ if their known digests differ."""
    before, after = version_name(before_ref, before_digest), version_name(after_ref, after_digest)
    if before == after and before_digest and after_digest:
        # One commit was built twice, or the image has two refs: only the digests differ.
        return short_hash(one_line(before_digest)), short_hash(one_line(after_digest))
    return before, after


def same_version(before: ImageVersion | None, after: ImageVersion | None) -> bool:
    """Whether these are one image: by digest where both are known, else by ref."""
    if before is None or after is None:
        return before is after
    if before.digest and after.digest:
        return before.digest == after.digest
    return before.ref == after.ref


def in_utc(at: datetime) -> datetime:
    """`at` in UTC; a naive time is UTC already (5.x stored such)."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def minute(at: datetime) -> str:
    return in_utc(at).strftime("%Y-%m-%d %H:%M")


def clock_time(at: datetime) -> str:
    return in_utc(at).strftime("%H:%M:%SZ")


def duration(lasted: timedelta) -> str:
    """In seconds below a minute, else in minutes and seconds, from an hour on in hours and minutes."""
    seconds = max(0, int(lasted.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def count(number: int, one: str, many: str = "") -> str:
    """`1 service`, `2 services`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    return ", ".join(one_line(name) for name in names)


def listed_briefly(names: Sequence[str], most: int) -> str:
    """Like `listed`, but beyond `most` names only how many more there are."""
    rest = len(names) - most
    return listed(names) if rest <= 0 else f"{listed(names[:most])} and {rest} more"
