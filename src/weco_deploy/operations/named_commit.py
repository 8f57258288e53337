"""Finds the commit that a text on the command line names."""

from __future__ import annotations

from weco_deploy.errors import NotFound, UsageError
from weco_deploy.model.commits import Commit
from weco_deploy.ports import Ports

FETCH_ALL = "check out the whole history: fetch-depth: 0 of actions/checkout, or git fetch --unshallow"


def named_commit(ports: Ports, name: str) -> Commit:
    """The commit that an id, an abbreviation of one, a branch, a tag or `HEAD` names in the local git repository.

    Raises:
        NotFound: there is no repository, or it doesn't know the commit. UsageError: several commits begin with the text.

    """
    history = ports.history
    commit = history.commit(name)
    if commit is not None:
        return commit
    if not history.exists():
        raise NotFound(
            f"can't look up the commit {name!r}: there is no git repository here that git can read",
            "run this in a clone of the repository; if it belongs to another user, set git's safe.directory",
        )
    several = history.beginning(name)
    if len(several) > 1:
        raise UsageError(
            f"{name!r} may be any of these commits: {', '.join(several)}", "give more of the commit's id"
        )
    raise NotFound(
        f"the git repository here has no commit {name!r}",
        FETCH_ALL
        if history.shallow()
        else "check the spelling, run `git fetch`, or run this in a clone of the repository that has it",
    )
