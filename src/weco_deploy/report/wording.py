"""Formats ids, commits, digests, times and counts for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from weco_deploy.model.arn import person_of
from weco_deploy.model.digest import short_hash
from weco_deploy.model.direction import Direction
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.tags import is_commit
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line

NOTHING = "nothing"
"""The text for a tag or an image that does not exist."""


_BRIEF_UNITS = {"s": "s", "min": "m", "h": "h", "day": "d", "month": "mo", "year": "y"}
DAYS_OF_A_WEEK = 7
LONGEST_VERSION = 16
"""Characters of a version that isn't a commit. Tables are narrow."""


def short_id(identifier: str) -> str:
    """The first eight characters of a release's or deployment's id. Commands accept them as an id."""
    return one_line(identifier)[:8]


def version_name(commit: str | None, digest: str | None) -> str:
    """Seven characters of the commit, or the version or, if neither is known, twelve characters of the digest."""
    if commit:
        return commit[:7] if is_commit(commit) else shortened(one_line(commit))
    return short_hash(one_line(digest)) if digest else NOTHING


def shortened(version: str) -> str:
    """The beginning and the end of a long version: versions often differ at the end."""
    return version if len(version) <= LONGEST_VERSION else f"{version[:7]}..{version[-7:]}"


def version_names(
    before_commit: str | None, before_digest: str | None, after_commit: str | None, after_digest: str | None
) -> tuple[str, str]:
    """The names of two versions of an image. They differ if the digests are known and differ.

    A commit that was built twice has two digests.
    """
    before, after = version_name(before_commit, before_digest), version_name(after_commit, after_digest)
    if before == after and before_digest and after_digest and before_digest != after_digest:
        return before, f"another build of {after}"
    return before, after


def same_version(before: ImageVersion | None, after: ImageVersion | None) -> bool:
    """Whether the versions are the same image: by digest if both are known, otherwise by ref."""
    if before is None or after is None:
        return before is after
    if before.digest and after.digest:
        return before.digest == after.digest
    return before.ref == after.ref


def person(identity: str) -> str:
    """Who an identity is: `alice`, or `deploy-1234 (role deployer)` for the session of a role."""
    return one_line(person_of(identity))


def described(description: str) -> str:
    """A description; empty if nobody gave one."""
    return "" if description == DEFAULT_DESCRIPTION else one_line(description)


def in_utc(at: datetime) -> datetime:
    """`at` in UTC. A time without a zone, as 5.x stored, is in UTC already."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def minute(at: datetime) -> str:
    return in_utc(at).strftime("%Y-%m-%d %H:%M")


def moment(at: datetime, screen: Screen) -> str:
    """A past time: local and as people say it on a terminal, `today 14:03`; elsewhere `2026-03-04 14:03 UTC`.

    A file is read later and in other places, such as the log of a build.
    """
    return brief_moment(at, screen.now) if screen.now else f"{minute(at)} UTC"


def day(at: datetime, now: datetime) -> str:
    """The local day of a time up to `now`: `today`, `yesterday`, `Tuesday`, `4 March`, `4 March 2026`."""
    then, today = in_utc(at).astimezone(), in_utc(now).astimezone()
    days = (today.date() - then.date()).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    if days < DAYS_OF_A_WEEK:
        return f"{then:%A}"
    return f"{then.day} {then:%B}" if then.year == today.year else f"{then.day} {then:%B %Y}"


def brief_moment(at: datetime, now: datetime) -> str:
    """A local time up to `now`, for narrow columns: `today 14:03`, `yesterday 14:03`, `Tue 14:03`, `4 Mar 14:03`, `4 Mar 2025`."""
    then, today = in_utc(at).astimezone(), in_utc(now).astimezone()
    days = (today.date() - then.date()).days
    if days >= DAYS_OF_A_WEEK and then.year != today.year:
        return f"{then.day} {then:%b %Y}"
    if days >= DAYS_OF_A_WEEK:
        return f"{then.day} {then:%b %H:%M}"
    name = day(at, now) if days <= 1 else f"{then:%a}"
    return f"{name} {local_time(at)}"


def deadline(at: datetime, screen: Screen) -> str:
    """A time to come: local on a terminal, `16:30`, `tomorrow 16:30`, `6 March 16:30`; elsewhere `2026-03-04 14:30 UTC`."""
    if screen.now is None:
        return f"{minute(at)} UTC"
    then, today = in_utc(at).astimezone(), in_utc(screen.now).astimezone()
    days = (then.date() - today.date()).days
    if days == 0:
        return local_time(at)
    return f"tomorrow {local_time(at)}" if days == 1 else f"{then.day} {then:%B %H:%M}"


def local_time(at: datetime) -> str:
    """The local time of day: `14:03`."""
    return f"{in_utc(at).astimezone():%H:%M}"


def clock_time(at: datetime) -> str:
    """The time of day with seconds, in UTC: `14:03:20Z`. For lines of a log."""
    return in_utc(at).strftime("%H:%M:%SZ")


def local_clock_time(at: datetime) -> str:
    """The local time of day with seconds: `14:03:20`. For a terminal."""
    return f"{in_utc(at).astimezone():%H:%M:%S}"


def duration(lasted: timedelta) -> str:
    """`59 s`, `1 min 01 s` or `2 h 05 min`."""
    seconds = max(0, int(lasted.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def brief_duration(lasted: timedelta) -> str:
    """Like `duration`, for narrow columns: `59s`, `1m 01s` or `2h 05m`."""
    return duration(lasted).replace(" min", "m").replace(" s", "s").replace(" h", "h")


def age(lasted: timedelta) -> str:
    """How long ago, roughly: `40 s`, `5 min`, `3 h`, `12 days`, `4 months`, `2 years`."""
    seconds = max(0, int(lasted.total_seconds()))
    days = seconds // 86400
    if days >= 730:
        return f"{days // 365} years"
    if days >= 60:
        return f"{days // 30} months"
    if days >= 1:
        return count(days, "day")
    if seconds >= 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def brief_age(lasted: timedelta) -> str:
    """Like `age`, for narrow columns: `40s`, `5m`, `3h`, `12d`, `4mo`, `2y`."""
    number, unit = age(lasted).split(" ")
    return f"{number}{_BRIEF_UNITS[unit.removesuffix('s') or unit]}"


def short_commit(commit: str) -> str:
    return one_line(commit)[:7]


def count(number: int, singular: str, plural: str = "") -> str:
    """`1 service`, `2 services`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def listed(names: Iterable[str]) -> str:
    return ", ".join(one_line(name) for name in names)


def listed_briefly(names: Sequence[str], most: int) -> str:
    """Like `listed`, but after `most` names it only says how many more there are."""
    rest = len(names) - most
    return listed(names) if rest <= 0 else f"{listed(names[:most])} and {rest} more"


def direction_text(direction: Direction, commits: int | None) -> str:
    """`ahead 3`, `behind`, `off branch`."""
    word = direction.value.replace("_", " ")
    return f"{word} {commits}" if commits and direction in (Direction.AHEAD, Direction.BEHIND) else word
