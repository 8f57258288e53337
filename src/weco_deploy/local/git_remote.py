"""Fetches commits that the local git repository lacks."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from weco_deploy.local.git_process import run_git

DEEPEN_SECONDS = 60.0
"""How long a fetch may take where its result decides what is deployed."""


class Remote:
    """The remote that git fetches from by default. A fetch asks no questions and changes only remote-tracking branches.

    Args:
        directory: a directory in the repository's work tree.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tried_for = 0.0
        self._lock = threading.Lock()  # messages look commits up in threads of their own

    @property
    def fetched(self) -> bool:
        """Whether a fetch worked."""
        return self._tried_for == float("inf")

    def shallow(self) -> bool:
        """Whether the repository is a shallow clone."""
        return (run_git(self._directory, "rev-parse", "--is-shallow-repository") or "").strip() == "true"

    def fetch(self, seconds: float) -> bool:
        """Fetch, and answer whether that worked. A shallow clone gets its whole history.

        Fetches once: another fetch is tried only after one that failed, and only if it may take longer. A fetch that another
        thread makes meanwhile is awaited, and counts.
        """
        before = self.fetched
        with self._lock:
            return (self.fetched and not before) or self._fetch(seconds)

    def _fetch(self, seconds: float) -> bool:
        if self._tried_for >= seconds or not run_git(self._directory, "remote"):
            return False
        self._tried_for = seconds
        fetched = run_git(
            self._directory,
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "fetch",
            "--quiet",
            "--no-recurse-submodules",
            *(["--unshallow"] if self.shallow() else []),
            environment={"GIT_SSH_COMMAND": f"{self._ssh()} -o BatchMode=yes"},
            seconds=seconds,
        )
        if fetched is None:
            return False
        self._tried_for = float("inf")
        return True

    def _ssh(self) -> str:
        """The ssh command that git would use. GIT_SSH_COMMAND overrides core.sshCommand, which may name a key."""
        configured = run_git(self._directory, "config", "--get", "core.sshCommand")
        return os.environ.get("GIT_SSH_COMMAND") or (configured or "").strip() or "ssh"
