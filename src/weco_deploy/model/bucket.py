"""The place in S3 that `s3://bucket/prefix` names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from weco_deploy.errors import UsageError

_SCHEME = "s3://"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""The names of general purpose buckets (S3 user guide, bucket naming rules)."""
# Of the characters that S3 calls safe, those that mean nothing in an IAM policy.
_PREFIX = re.compile(r"[A-Za-z0-9!_.'()/-]*")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the prefix of the keys in it, without slashes at its ends; empty for none."""

    name: str
    prefix: str = ""

    def key(self, path: str) -> str:
        """The key of an object with this path below the prefix."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def __str__(self) -> str:
        return f"{_SCHEME}{self.name}/{self.prefix}"


def bucket_of(place: str) -> Bucket | None:
    """The bucket that a place names; None if the place is a directory. Raises UsageError for an invalid `s3://…`."""
    if not place.startswith(_SCHEME):
        return None
    name, _, prefix = place.removeprefix(_SCHEME).partition("/")
    if not _NAME.fullmatch(name) or not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"{place!r} names no place in S3",
            "write s3://bucket/prefix, with letters, digits, '-', '_' and '.' in the prefix",
        )
    return Bucket(name, prefix.strip("/"))
