"""Reads which commit is checked out, and which files differ from it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from weco_deploy.errors import NotFound, UsageError
from weco_deploy.model.publication import Head

TIMEOUT_SECONDS = 60.0
"""How long git may take to compare a large work tree with its commit."""
RELEASES_DIRECTORY = ".releases"
USE_REF = "say which commit the image was built from with --ref"


class GitWorkTree:
    """Implements `ports.WorkTree` for a directory, which may be in a git repository.

    Args:
        directory: the tool's working directory.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def released(self, image_id: str) -> str | None:
        path = self._root() / RELEASES_DIRECTORY / image_id
        try:
            return path.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} can't be read: {error}", USE_REF) from error

    def head(self, besides: Path | None = None) -> Head:
        root = self._top()
        commit = self._git("rev-parse", "--verify", "HEAD").strip()
        # These options override the user's git configuration.
        status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
        changes = self._git(*status, "--", ":/", *_excluding(besides, root))
        return Head(commit=commit, changed=tuple(change[3:] for change in changes.split("\0") if change))

    def _root(self) -> Path:
        """The repository's root, or the directory itself outside of a repository."""
        try:
            return self._top()
        except NotFound:
            return self._directory

    def _top(self) -> Path:
        return Path(self._git("rev-parse", "--show-toplevel").rstrip("\n"))

    def _git(self, *arguments: str) -> str:
        try:
            completed = subprocess.run(
                ["git", *arguments],
                cwd=self._directory,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotFound(f"git could not be asked what is checked out: {error}", USE_REF) from error
        if completed.returncode:
            reason = (completed.stderr.strip() or f"exit code {completed.returncode}").splitlines()[0]
            raise NotFound(f"there is no commit checked out in {self._directory}: {reason}", USE_REF)
        return completed.stdout


def _excluding(path: Path | None, root: Path) -> tuple[str, ...]:
    """Pathspecs that exclude `path` and, if it is a link, its target, where they are in the repository."""
    if path is None:
        return ()
    excluded = dict.fromkeys((path.parent.resolve() / path.name, path.resolve()))
    relative = (file.relative_to(root).as_posix() for file in excluded if root in file.parents)
    return tuple(f":(top,exclude,literal){file}" for file in relative)
