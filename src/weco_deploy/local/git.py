"""The local git repository: what a commit was about."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

FETCH_SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{7,64}\Z")


class GitHistory:
    """Implements `ports.History`. No git, no repository, or a git that refuses: nothing is known, no error.

    Commits that are missing are fetched once in the object's life, for ten seconds at most. A fetch
    asks no questions and changes nothing but the remote-tracking branches.

    Args:
        directory: anywhere in the repository's working tree.
        fetch_seconds: how long a fetch may take.

    """

    def __init__(self, directory: Path, *, fetch_seconds: float = FETCH_SECONDS) -> None:
        self._directory = directory
        self._fetch_seconds = fetch_seconds
        self._fetched = False

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        # Commits come from tags that anybody may push: what is not hexadecimal never reaches git.
        wanted = [commit for commit in dict.fromkeys(commits) if _COMMIT.match(commit)]
        found = self._look_up(wanted)
        missing = [commit for commit in wanted if commit not in found]
        if missing and not self._fetched:
            self._fetched = True
            if self._fetch():
                found |= self._look_up(missing)
        return found

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

    def _fetch(self) -> bool:
        if not self._git("remote"):
            return False
        fetched = self._git(
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "fetch",
            "--quiet",
            "--no-recurse-submodules",
            environment={"GIT_SSH_COMMAND": f"{self._ssh()} -o BatchMode=yes"},
            seconds=self._fetch_seconds,
        )
        return fetched is not None

    def _ssh(self) -> str:
        """The ssh command that git would use: GIT_SSH_COMMAND would hide a configured one, with its keys."""
        configured = self._git("config", "--get", "core.sshCommand")
        return os.environ.get("GIT_SSH_COMMAND") or (configured or "").strip() or "ssh"

    def _git(
        self,
        *arguments: str,
        text: str = "",
        environment: Mapping[str, str] | None = None,
        seconds: float = FETCH_SECONDS,
    ) -> str | None:
        """What git answers, None if it failed, is not there or took too long."""
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=self._directory,
                env={**os.environ, **_UNATTENDED, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # no terminal to ask on, and a group that can be ended as one
                encoding="utf-8",
                errors="replace",
            )
        except OSError:
            return None
        with process:
            try:
                answer, _ = process.communicate(text, timeout=seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(process)
        return answer if process.returncode == 0 else None


# No prompt of git, of a credential helper or of ssh; no commit fetched one by one from a partial clone's remote.
_UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}


def _end(process: subprocess.Popen[str]) -> None:
    """End git and what it started, such as ssh, if it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _by_commit(commits: Sequence[str], lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Subjects by commit as it was asked for, which may be an abbreviation of what git answers."""
    subjects = dict(lines)
    found = {}
    for commit in commits:
        full = (
            commit if commit in subjects else next((each for each in subjects if each.startswith(commit)), "")
        )
        if full:
            found[commit] = subjects[full]
    return found
