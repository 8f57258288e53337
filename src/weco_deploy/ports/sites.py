"""Where a site can be published."""

from __future__ import annotations

from typing import Protocol


class SiteStore(Protocol):
    """A place in S3 from which browsers read a site. It may raise AwsError."""

    def put(self, path: str, page: str) -> None:
        """Write a page, in place of an earlier one of that path. Idempotent. NotFound: there is no such bucket."""
