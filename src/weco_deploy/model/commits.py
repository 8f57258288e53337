"""Commits of the team's git repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit. `commit` is its full id; `subject` and `body` are the parts of its message; `date` is the author's."""

    commit: str
    parents: tuple[str, ...]
    author: str
    date: datetime
    subject: str
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitsBetween:
    """How two commits differ, newest first: what only the later one includes, and what only the earlier one does.

    If both are empty, they are the same commit. If `lost` is empty, the earlier one is an ancestor of the later one.
    """

    added: tuple[Commit, ...]
    lost: tuple[Commit, ...] = ()
