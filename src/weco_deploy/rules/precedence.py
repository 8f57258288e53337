"""Options that the project file may set, too. The first that is given decides: flag, environment variable, file, default.

A request has the value of the flag or of its environment variable, and None if neither is given.
"""

from __future__ import annotations

from weco_deploy.model.kind import Kind
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import (
    DEFAULT_STABLE_FOR,
    ROLLBACK,
    ConfirmRequest,
    DeployOptions,
    DeployRequest,
)


def stable_for(request: DeployOptions | ConfirmRequest, environment: Environment) -> float:
    """For how many seconds tasks must have been running."""
    if request.stable_for is not None:
        return request.stable_for
    return DEFAULT_STABLE_FOR if environment.stable_for is None else environment.stable_for


def rollback_wanted(request: DeployRequest, environment: Environment) -> bool:
    """Whether a failed deployment is rolled back. The project file does not decide that for a rollback.

    Rolling back a rollback would go forward again, to the release that somebody just wanted to leave.
    """
    if request.rollback_on_failure is not None:
        return request.rollback_on_failure
    return environment.on_failure == "rollback" and request.kind is not Kind.ROLLBACK


def undo_wanted(request: DeployRequest) -> bool:
    """Whether an interrupted deployment puts back what it has changed. A rollback never does: that would go forward again."""
    return request.on_interrupt == ROLLBACK and request.kind is not Kind.ROLLBACK
