"""Reads the subjects of commits from the local git repository."""

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
    """Implements `ports.History`. Without git or a repository, or if git fails, the result is empty.

    If commits are missing, it fetches once, for at most ten seconds. The fetch asks no questions and changes only the
    remote-tracking branches.

    Args:
        directory: a directory in the repository's work tree.
        fetch_seconds: how long a fetch may take.

    """

    def __init__(self, directory: Path, *, fetch_seconds: float = FETCH_SECONDS) -> None:
        self._directory = directory
        self._fetch_seconds = fetch_seconds
        self._fetched = False

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        # Commits come from image tags, which are untrusted. Only hexadecimal text is passed to git.
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
        """The ssh command that git would use. GIT_SSH_COMMAND overrides core.sshCommand, which may name a key."""
        configured = self._git("config", "--get", "core.sshCommand")
        return os.environ.get("GIT_SSH_COMMAND") or (configured or "").strip() or "ssh"

    def _git(
        self,
        *arguments: str,
        text: str = "",
        environment: Mapping[str, str] | None = None,
        seconds: float = FETCH_SECONDS,
    ) -> str | None:
        """Git's output; None if git failed, is not installed or took too long."""
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=self._directory,
                env={**os.environ, **_UNATTENDED, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that git has no terminal for prompts, and its process group can be killed
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
                _kill_group(process)
        return answer if process.returncode == 0 else None


# Git, credential helpers and ssh must not prompt, and a partial clone must not fetch missing commits one by one.
_UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill git and its child processes, such as ssh, if it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


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
