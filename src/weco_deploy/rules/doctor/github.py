"""Checks whether deployments can be written to GitHub, without any request."""

from __future__ import annotations

from weco_deploy.model.checks import Check, Result

ID = "github"


def github(problem: str) -> Check:
    """What is missing; an empty text if nothing is. Deployments work without GitHub."""
    if problem:
        return Check(ID, Result.WARN, problem, "put it right where deployments run")
    return Check(ID, Result.OK, "the token and the repository are known")
