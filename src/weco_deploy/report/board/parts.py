"""What the views of several pages consist of, and where the pages are."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.tags import is_commit
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.page import BAD_STYLE, BOLD, DIM, GOOD_STYLE, WARNING_STYLE, status_style
from weco_deploy.report.screen import Symbols
from weco_deploy.report.wording import in_utc, minute

INDEX = "index.html"
SYMBOLS = Symbols()
_TONES = {
    GOOD_STYLE: "good",
    BAD_STYLE: "bad",
    WARNING_STYLE: "warning",
    DIM: "quiet",
    BOLD: "plain",
    "": "plain",
}
# Also where a file system doesn't tell upper from lower case, no two of these names are the same file.
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Link:
    """A text that may lead elsewhere. `url` is a web page's, or None."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link to a page of the site. `path` is relative to its root; None if the page does not exist."""

    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with a mark, and a tone for its colour. The mark is for those who can't see the colour."""

    mark: str
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Moment:
    iso: str
    text: str


def page_of_environment(environment_id: str) -> str:
    return f"environments/{_file_name(environment_id)}.html"


def page_of_deployment(deployment_id: str) -> str:
    return f"deployments/{_file_name(deployment_id)}.html"


def _file_name(identifier: str) -> str:
    """The id itself if any file system and URL can have it; otherwise a hash of it, since records may contain anything."""
    if _FILE_NAME.fullmatch(identifier):
        return identifier
    return f"_{hashlib.sha256(identifier.encode('utf-8', 'replace')).hexdigest()[:16]}"


def web_link(text: str) -> Link:
    """A link to the URL in a text that others wrote, if that is a web page's. Other schemes may run scripts."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:  # such as an invalid IPv6 address
        return Link(text)
    return Link(text, text.strip() if parts.scheme in ("http", "https") and parts.netloc else None)


def commit_link(name: str, commit: str | None, repository: WebRepository | None) -> Link:
    """The name of a version, with a link to its commit if it is one in a repository that has web pages."""
    if commit is None or repository is None or not is_commit(commit):
        return Link(name)
    return Link(name, repository.commit(commit))


def moment(at: datetime) -> Moment:
    return Moment(in_utc(at).isoformat(timespec="seconds"), f"{minute(at)} UTC")


def tone(style: str) -> str:
    """The tone for a style of `report/page.py`."""
    return _TONES[style]


def tone_of(status: DeploymentStatus | ServiceStatus) -> str:
    return tone(status_style(status))
