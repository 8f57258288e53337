"""Reads the team's commits from the local git repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from weco_deploy.local.git_process import SECONDS, run_git
from weco_deploy.local.git_remote import DEEPEN_SECONDS, Remote
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.direction import Ancestry

_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")
_ABBREVIATION = re.compile(r"[0-9a-f]{4,64}\Z")
_FORMAT = "%m%x00%H%x00%P%x00%an%x00%aI%x00%s%x00%b%x00"
_FIELDS = 7
_LOG = ("log", "--no-show-signature", "--encoding=UTF-8", f"--format={_FORMAT}")
_ADDED = ">"
"""What `git log --left-right base...head` writes for `%m` before a commit of `head`."""
NO_REPOSITORY = "git finds no repository here"
UNREADABLE = "git could not read the history here in time"


class GitHistory:
    """Implements `ports.History`. Without git or a repository, or if git fails, nothing is known.

    If commits are missing, or the clone is too shallow to tell, it fetches once, for at most ten seconds. `deepen` fetches
    for up to a minute, also after a shorter fetch failed.

    Args:
        directory: a directory in the repository's work tree.
        fetch_seconds: how long a fetch may take.
        deepen_seconds: how long `deepen` may take.

    """

    def __init__(
        self, directory: Path, *, fetch_seconds: float = SECONDS, deepen_seconds: float = DEEPEN_SECONDS
    ) -> None:
        self._directory = directory
        self._fetch_seconds = fetch_seconds
        self._deepen_seconds = deepen_seconds
        self._remote = Remote(directory)

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        wanted = _safe(commits)
        found = self._look_up(wanted)
        missing = [commit for commit in wanted if commit not in found]
        if missing and self._remote.fetch(self._fetch_seconds):
            found |= self._look_up(missing)
        return found

    def commit(self, name: str) -> Commit | None:
        found = self._commit_named(name)
        if found is not None:
            return found
        self.deepen()
        return self._commit_named(name)

    def exists(self) -> bool:
        return self._git("rev-parse", "--git-dir") is not None

    def beginning(self, text: str) -> Sequence[str]:
        if not _ABBREVIATION.match(text):
            return ()
        objects = (self._git("rev-parse", f"--disambiguate={text}") or "").split()
        return sorted(set(self._full_ids(objects).values()))

    def first_parents(self, commit: str, limit: int) -> Sequence[str]:
        if not _safe([commit]):
            return ()
        listed = self._git("rev-list", "--first-parent", f"--max-count={limit}", commit, "--")
        return tuple((listed or "").split())

    def shallow(self) -> bool:
        return self._remote.shallow()

    def deepen(self) -> None:
        self._remote.fetch(self._deepen_seconds)

    def between(self, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], CommitsBetween]:
        wanted = list(dict.fromkeys(pairs))
        found = self._all_between(wanted)
        if len(found) < len(wanted) and self._remote.fetch(self._fetch_seconds):
            found |= self._all_between([pair for pair in wanted if pair not in found])
        return found

    def including(self, commit: str, others: Iterable[str]) -> Mapping[str, bool]:
        wanted = list(dict.fromkeys(others))
        found = self._which_include(commit, wanted)
        if len(found) < len(wanted) and self._remote.fetch(self._fetch_seconds):
            found = self._which_include(commit, wanted)
        return found

    def remote_url(self) -> str | None:
        remotes = (self._git("remote") or "").split()
        name = "origin" if "origin" in remotes else next(iter(remotes), None)
        url = self._git("remote", "get-url", name) if name else None
        return url.strip() if url else None

    def newest(self, commits: Sequence[str]) -> str | None:
        if len(_safe(commits)) < len(set(commits)):
            return None
        found = self._newest(commits)
        return self._newest(commits) if found is None and self._remote.fetch(self._fetch_seconds) else found

    def ancestry(self, commits: Iterable[str], branch: str | None = None) -> Ancestry:
        # The number of calls of git does not depend on the number of commits.
        shallow = self._git("rev-parse", "--is-shallow-repository")
        if shallow is None:
            return Ancestry(problem=NO_REPOSITORY)
        ids, tip = self._full_ids(commits), self._remote_branch(branch) if branch else None
        heads = dict.fromkeys((*ids.values(), *([tip] if tip else [])))
        listed = self._since_common_ancestor(tuple(heads)) if heads else ""
        if listed is None:
            return Ancestry(problem=UNREADABLE)
        return Ancestry(
            ids=ids,
            commits=tuple(commit for _, commit in _parsed(listed)),
            branch=tip,
            shallow=shallow.strip() == "true",
            fetched=self._remote.fetched,
        )

    def _since_common_ancestor(self, heads: Sequence[str]) -> str | None:
        """The log of these commits and their ancestors, except what all of them have in common."""
        common = (self._git("merge-base", "--octopus", *heads) or "").strip()
        return self._git(*_LOG, "--topo-order", *heads, *([f"^{common}"] if common else []), "--")

    def _remote_branch(self, branch: str) -> str | None:
        """The full id of a branch's newest commit at the remote, as it was last fetched."""
        remotes = (self._git("remote") or "").split()
        remote = "origin" if "origin" in remotes else next(iter(remotes), None)
        name = f"refs/remotes/{remote}/{branch}^{{commit}}"
        found = self._git("rev-parse", "--verify", "--quiet", name) if remote else None
        return found.strip() if found else None

    def _newest(self, commits: Sequence[str]) -> str | None:
        listed = "".join(f"{commit}\n" for commit in commits)
        # The newest by date mostly is the newest by ancestry, and git finds it without walking through the history.
        for order in (("--no-walk=sorted",), ("--topo-order", "--max-count=1")):
            candidate = (self._git("rev-list", *order, "--stdin", text=listed) or "").partition("\n")[0]
            if not candidate:  # git lacks a commit, or isn't there
                return None
            beyond = self._git("rev-list", "--max-count=1", "--stdin", text=f"{listed}^{candidate}\n")
            if beyond == "":
                return next((commit for commit in commits if candidate.startswith(commit)), None)
        return None

    def _look_up(self, commits: Sequence[str]) -> dict[str, str]:
        if not commits:
            return {}
        listed = self._git(
            "log",
            "--no-walk=unsorted",
            "--ignore-missing",
            "--no-show-signature",
            "--encoding=UTF-8",
            "--format=%H %s",
            "--stdin",
            text="".join(f"{commit}\n" for commit in commits),
        )
        lines = [line.partition(" ") for line in (listed or "").split("\n") if line]
        return _by_commit(commits, ((full, subject) for full, _, subject in lines))

    def _commit_named(self, name: str) -> Commit | None:
        """The commit of an id, an abbreviation, a branch, a tag or `HEAD`."""
        if not name.strip() or name.startswith("-"):  # git would take it for an option
            return None
        for text in (
            name,
            f"refs/remotes/origin/{name}",
        ):  # CI systems check out a commit without a local branch
            full = self._git("rev-parse", "--verify", "--quiet", f"{text}^{{commit}}")
            if full:
                return next((commit for _, commit in self._log("--no-walk", full.strip())), None)
        return None

    def _all_between(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], CommitsBetween]:
        known = self._full_ids(commit for pair in pairs for commit in pair)
        shallow = self._remote.shallow()
        found = {}
        for base, head in pairs:
            if base not in known or head not in known:
                continue
            marked = list(self._log("--left-right", f"{known[base]}...{known[head]}"))
            added = tuple(commit for mark, commit in marked if mark == _ADDED)
            lost = tuple(commit for mark, commit in marked if mark != _ADDED)
            # In a shallow clone the path from one commit to the other may be what is missing.
            if not (shallow and added and lost):
                found[base, head] = CommitsBetween(added=added, lost=lost)
        return found

    def _which_include(self, commit: str, others: Sequence[str]) -> dict[str, bool]:
        known = self._full_ids((commit, *others))
        if commit not in known:
            return {}
        heads = [known[other] for other in others if other in known]
        listed = self._git(
            "rev-list",
            "--ancestry-path",
            "--stdin",
            text="".join(f"{line}\n" for line in (f"^{known[commit]}", *heads)),
        )
        if listed is None:
            return {}
        descendants = {known[commit], *listed.split()}
        found = {other: known[other] in descendants for other in others if other in known}
        # In a shallow clone the path may be what is missing.
        return {
            other: included for other, included in found.items() if included or not self._remote.shallow()
        }

    def _full_ids(self, commits: Iterable[str]) -> dict[str, str]:
        """The full ids of the commits that the repository has."""
        wanted = _safe(commits)
        if not wanted:
            return {}
        answer = self._git(
            "cat-file", "--batch-check", text="".join(f"{commit}^{{commit}}\n" for commit in wanted)
        )
        lines = [line.split() for line in (answer or "").splitlines()]
        found = zip(wanted, lines, strict=False)  # no lines if git failed
        return {
            commit: line[0]
            for commit, line in found
            if line[1:2] == ["commit"] and line[0].startswith(commit)
        }

    def _log(self, *arguments: str) -> Iterator[tuple[str, Commit]]:
        """The commits of `git log`, each with its mark."""
        return _parsed(self._git(*_LOG, *arguments, "--") or "")

    def _git(self, *arguments: str, text: str = "") -> str | None:
        return run_git(self._directory, *arguments, text=text)


def _parsed(log: str) -> Iterator[tuple[str, Commit]]:
    """The commits in the output of `_LOG`, each with its mark."""
    fields = log.split("\x00")
    for at in range(0, len(fields) - _FIELDS, _FIELDS):
        mark, commit, parents, author, date, subject, body = fields[at : at + _FIELDS]
        yield (
            mark.strip(),
            Commit(
                commit=commit,
                parents=tuple(parents.split()),
                author=author,
                date=datetime.fromisoformat(date),
                subject=subject,
                body=body.strip(),
            ),
        )


def _safe(commits: Iterable[str]) -> list[str]:
    """The commits that may be passed to git. They come from image tags, which are untrusted: only hexadecimal text is."""
    return [commit for commit in dict.fromkeys(commits) if _COMMIT.match(commit)]


def _by_commit(commits: Sequence[str], lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The subjects, by the given commits, which may be abbreviations of the ids in `lines`."""
    subjects = dict(lines)
    found = {}
    for commit in commits:
        full = (
            commit if commit in subjects else next((full for full in subjects if full.startswith(commit)), "")
        )
        if full:
            found[commit] = subjects[full]
    return found
