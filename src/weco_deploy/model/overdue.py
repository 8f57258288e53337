"""Commits that wait too long to be promoted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from weco_deploy.model.commits import Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueCommits:
    """Commits that have run in `source` for longer than `limit`, but do not run in `target`. The newest come first."""

    source: str
    target: str
    limit: timedelta
    commits: tuple[Commit, ...]
