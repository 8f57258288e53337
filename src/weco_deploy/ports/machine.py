"""The machine that the tool runs on: time, signals, the local git repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.direction import Ancestry


class Clock(Protocol):
    """Time."""

    def utc(self) -> datetime:
        """Now, aware, in UTC."""

    def wait(self, seconds: float) -> None:
        """Let time pass. Interrupted is raised if a signal asks the tool to stop."""


class Interrupts(Protocol):
    """Ctrl-C and SIGTERM. Outside `deferred` they raise Interrupted.

    In the process's main thread that happens at once. In any other thread that connected it happens while the
    thread waits for time to pass or for calls, or else when it enters `deferred`.
    """

    def deferred(self) -> AbstractContextManager[None]:
        """Within it a signal only makes `requested` true and ends `Clock.wait` with Interrupted.

        This is about the calling thread; others may be interrupted meanwhile.
        """

    def requested(self) -> bool: ...


class History(Protocol):
    """The local git repository, if there is one. What it can't know is left out of the answers."""

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        """Commit → the first line of its message, for those that can be found."""

    def commit(self, name: str) -> Commit | None:
        """The commit that an id, an abbreviation of one, a branch, a tag or `HEAD` names."""

    def exists(self) -> bool:
        """Whether there is a repository, and git can read it."""

    def beginning(self, text: str) -> Sequence[str]:
        """The full ids of the commits that begin with this text, if it has four hexadecimal digits or more."""

    def first_parents(self, commit: str, limit: int) -> Sequence[str]:
        """The full ids of this commit and its ancestors by first parents, the nearest first.

        Fewer than `limit` if the history begins there, or if the clone is shallow.
        """

    def shallow(self) -> bool:
        """Whether the repository is a shallow clone, so that a path between commits that it lacks may exist."""

    def deepen(self) -> None:
        """Fetch the remote's branches, and in a shallow clone the whole history, for at most a minute.

        Only the first call does so, and a fetch that fails changes nothing.
        """

    def between(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], CommitsBetween]:
        """How the commits of each pair (earlier, later) differ, for pairs whose history is known."""

    def including(self, commit: str, others: Iterable[str]) -> Mapping[str, bool]:
        """Whether each of the other commits is this commit or comes after it, for those whose history is known."""

    def remote_url(self) -> str | None:
        """The URL of the remote `origin`, or else of the first remote. It may contain credentials."""

    def newest(self, commits: Sequence[str]) -> str | None:
        """The one of these commits that all others are ancestors of; None if there is none, or that can't be known."""

    def ancestry(self, commits: Iterable[str], branch: str | None = None) -> Ancestry:
        """How all these commits are related to each other, and to the remote's branch of that name. Fetches nothing."""
