"""The web pages of a git repository that GitHub or GitLab hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# `git@host:path`, `ssh://git@host:22/path` or `https://user:secret@host/path`, with or without `.git`.
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/@\s]+):(?!/)(?P<path>\S+)")
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/\s]*@)?(?P<host>[^:/@\s]+)(?::\d+)?/(?P<path>\S+)")


class Host(StrEnum):
    """What hosts a repository."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class WebRepository:
    """A hosted repository. `url` is its page, without credentials and without a slash at the end."""

    host: Host
    url: str

    @classmethod
    def of(cls, remote_url: str | None) -> WebRepository | None:
        """The repository of a remote; None if it is not known to be on GitHub or GitLab, by the host's name."""
        found = _URL.fullmatch(remote_url or "") or _SCP.fullmatch(remote_url or "")
        if found is None:
            return None
        host = next((known for known in Host if known.value in found["host"].lower()), None)
        path = found["path"].strip("/").removesuffix(".git")
        return cls(host, f"https://{found['host']}/{path}") if host and path else None

    def commit(self, commit: str) -> str:
        """The page of a commit."""
        return f"{self.url}/{'-/' if self.host is Host.GITLAB else ''}commit/{commit}"

    def pull_request(self, number: int) -> str:
        """The page of a pull request, or of a merge request on GitLab."""
        return f"{self.url}/{'-/merge_requests' if self.host is Host.GITLAB else 'pull'}/{number}"


def pull_request_number(subject: str, body: str) -> int | None:
    """The number of the pull request that a commit merged; None if its message names none.

    GitHub writes `Merge pull request #12 from …`, or `… (#12)` for a squashed one. GitLab writes `See merge request team/shop!12`
    into the body.
    """
    patterns = (
        (r"Merge pull request #(\d+)\b", subject),
        (r".*\(#(\d+)\)\s*\Z", subject),
        (r"(?ms).*^See merge request \S*!(\d+)\s*$", body),
    )
    for pattern, text in patterns:
        found = re.match(pattern, text)
        if found:
            return int(found[1])
    return None
