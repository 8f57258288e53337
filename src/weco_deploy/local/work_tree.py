"""What is checked out where the tool runs: `ports.WorkTree`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from weco_deploy.errors import NotFound, UsageError
from weco_deploy.model.publication import Head

ANSWERS_WITHIN = 60.0
"""Seconds: comparing a large work tree with its commit takes a while."""
RELEASES = ".releases"
SAY_SO = "say which commit the image was built from with --ref"


class GitWorkTree:
    """A directory, and the git repository that it is in if there is one.

    Args:
        directory: where the tool runs.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def released(self, image_id: str) -> str | None:
        path = self._root() / RELEASES / image_id
        try:
            return path.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} can't be read: {error}", SAY_SO) from error

    def head(self, besides: Path | None = None) -> Head:
        root = self._top()
        commit = self._git("rev-parse", "--verify", "HEAD").strip()
        asked = (
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=normal",
        )  # whatever git's settings say
        listed = self._git(*asked, "--", ":/", *_but(besides, root))
        return Head(commit=commit, changed=tuple(line[3:] for line in listed.split("\0") if line))

    def _root(self) -> Path:
        """The repository's root; the directory itself where there is no repository."""
        try:
            return self._top()
        except NotFound:
            return self._directory

    def _top(self) -> Path:
        return Path(self._git("rev-parse", "--show-toplevel").rstrip("\n"))

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self._directory,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                timeout=ANSWERS_WITHIN,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotFound(f"git could not be asked what is checked out: {error}", SAY_SO) from error
        if done.returncode:
            said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
            raise NotFound(f"there is no commit checked out in {self._directory}: {said}", SAY_SO)
        return done.stdout


def _but(path: Path | None, root: Path) -> tuple[str, ...]:
    """The pathspecs that leave out a path of the repository, and what it is a link to."""
    if path is None:
        return ()
    places = dict.fromkeys((path.parent.resolve() / path.name, path.resolve()))
    inside = (place.relative_to(root).as_posix() for place in places if root in place.parents)
    return tuple(f":(top,exclude,literal){place}" for place in inside)
