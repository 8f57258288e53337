"""The git repository of a world: a line of commits, in the order in which images were pushed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.local.git import NO_REPOSITORY
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.direction import Ancestry

AUTHOR = "ada"


class Repository:
    """The commits, the oldest first. `remote_url` is the repository's remote, if it has one.

    `depth` is how many of the newest commits a shallow clone has, until it is deepened. If not `can_fetch`, a fetch fails.
    If not `exists`, there is no repository. `branches` are the newest commits of the remote's branches.
    """

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.remote_url: str | None = None
        self.depth: int | None = None
        self.can_fetch = True
        self.fetched = False
        self.exists = True
        self.branches: dict[str, str] = {}

    def known(self) -> dict[str, int]:
        """The place in `commits` of each commit that the clone has."""
        if not self.exists:
            return {}
        hidden = 0 if self.depth is None else max(0, len(self.commits) - self.depth)
        return {commit.commit: place for place, commit in enumerate(self.commits) if place >= hidden}

    def fetch(self) -> None:
        if self.can_fetch:
            self.depth = None
            self.fetched = True

    def commit(self, commit: str, subject: str, date: datetime) -> None:
        """Add a commit after the last one."""
        parents = tuple(last.commit for last in self.commits[-1:])
        self.commits.append(Commit(commit=commit, parents=parents, author=AUTHOR, date=date, subject=subject))


class WorldHistory:
    """The port History, for one run of the tool."""

    def __init__(self, repository: Repository, gate: Gate, run: Run) -> None:
        self._repository = repository
        self._gate = gate
        self._run = run

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        with self._gate.passing(self._run, "history.subjects", *commits):
            places = self._places(commits)
            return {commit: self._repository.commits[place].subject for commit, place in places.items()}

    def newest(self, commits: Sequence[str]) -> str | None:
        with self._gate.passing(self._run, "history.newest", *commits):
            places = self._places(commits)
            return (
                max(places, key=lambda commit: places[commit]) if len(places) == len(set(commits)) else None
            )

    def commit(self, name: str) -> Commit | None:
        with self._gate.passing(self._run, "history.commit", name):
            if name == "HEAD":
                return self._repository.commits[-1] if self._repository.known() else None
            found = self._named(name)
            if not found:
                self._repository.fetch()
                found = self._named(name)
            return found[0] if len(found) == 1 else None

    def exists(self) -> bool:
        with self._gate.passing(self._run, "history.exists"):
            return self._repository.exists

    def beginning(self, text: str) -> Sequence[str]:
        with self._gate.passing(self._run, "history.beginning", text):
            return sorted(commit.commit for commit in self._named(text))

    def first_parents(self, commit: str, limit: int) -> Sequence[str]:
        with self._gate.passing(self._run, "history.first_parents", commit):
            known = self._repository.known()
            if commit not in known:
                return ()
            ids = [found for found, place in known.items() if place <= known[commit]]
            return ids[::-1][:limit]

    def shallow(self) -> bool:
        with self._gate.passing(self._run, "history.shallow"):
            return self._repository.depth is not None

    def ancestry(self, commits: Iterable[str], branch: str | None = None) -> Ancestry:
        wanted = list(commits)
        with self._gate.passing(self._run, "history.ancestry", *wanted):
            if not self._repository.exists:
                return Ancestry(problem=NO_REPOSITORY)
            known = self._repository.known()
            return Ancestry(
                ids={commit: commit for commit in wanted if commit in known},
                commits=tuple(commit for commit in self._repository.commits[::-1] if commit.commit in known),
                branch=self._repository.branches.get(branch or ""),
                shallow=self._repository.depth is not None,
                fetched=self._repository.fetched,
            )

    def deepen(self) -> None:
        with self._gate.passing(self._run, "history.deepen"):
            self._repository.fetch()

    def between(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], CommitsBetween]:
        wanted = list(pairs)
        with self._gate.passing(
            self._run, "history.between", *(commit for pair in wanted for commit in pair)
        ):
            places = self._places(commit for pair in wanted for commit in pair)
            return {
                (base, head): CommitsBetween(
                    added=self._newest_first(places[base], places[head]),
                    lost=self._newest_first(places[head], places[base]),
                )
                for base, head in wanted
                if base in places and head in places
            }

    def including(self, commit: str, others: Iterable[str]) -> Mapping[str, bool]:
        with self._gate.passing(self._run, "history.including", commit):
            places = self._places((commit, *others))
            if commit not in places:
                return {}
            return {other: place >= places[commit] for other, place in places.items()}

    def remote_url(self) -> str | None:
        with self._gate.passing(self._run, "history.remote_url"):
            return self._repository.remote_url

    def _places(self, commits: Iterable[str]) -> dict[str, int]:
        wanted = list(commits)
        if any(commit not in self._repository.known() for commit in wanted):
            self._repository.fetch()
        known = self._repository.known()
        return {commit: known[commit] for commit in wanted if commit in known}

    def _named(self, name: str) -> list[Commit]:
        known = self._repository.known()
        return [self._repository.commits[known[commit]] for commit in known if commit.startswith(name)]

    def _newest_first(self, after: int, until: int) -> tuple[Commit, ...]:
        return tuple(self._repository.commits[after + 1 : until + 1][::-1])
