"""Checks the git repository, which tells directions, and the images of a commit."""

from __future__ import annotations

from weco_deploy.model.checks import Check, Result

ID = "git"
_NEEDED = "directions, changes and --commit need the whole history"


def git_history(*, exists: bool, shallow: bool) -> Check:
    """Whether there is a repository with the whole history."""
    if not exists:
        return Check(
            ID,
            Result.WARN,
            f"the working directory is in no git repository: {_NEEDED}",
            "run the tool in a clone of the project's repository, and install git",
        )
    if shallow:
        return Check(
            ID,
            Result.WARN,
            f"the clone is shallow: {_NEEDED}; in a GitHub workflow check out with fetch-depth: 0",
            command=("git", "fetch", "--unshallow"),
        )
    return Check(ID, Result.OK, "the repository has the whole history")
