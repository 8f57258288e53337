"""All exit codes: of deployments, of errors, and of commands whose exit code is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.errors import (
    DeployError,
    EnvironmentLocked,
    ImagesNotPushed,
    Interrupted,
    ProjectFileError,
    UsageError,
)

if TYPE_CHECKING:
    from weco_deploy.model.deployment import Deployment

DONE = 0
FAILED = 1
CHANGES = 2
BAD_USAGE = 2
NOT_DONE_YET = 3
LOCKED = 4
DISTINCT_ERROR = 5
"""Of every error, if the command's exit code is an answer: `plan --detailed-exitcode` answers 0 and 2, `status --check` 0 and 1."""
INTERRUPTED = 130
"""As shells have it for SIGINT; also after SIGTERM."""

IN_WORDS = """Exit codes: 0 done, 1 failed, 2 bad usage or project file, 3 still not done when the
waiting time ended, 4 the environment is locked, 5 any error, where the exit code
is an answer (plan --detailed-exitcode, status --check), 130 interrupted."""

# By value, because the command line imports this module, and --help must not import the model.
_OF_STATUS = {
    "succeeded": DONE,
    "failed": FAILED,
    "rolled_back": FAILED,
    "unverified": FAILED,
    "timed_out": NOT_DONE_YET,
    "in_progress": NOT_DONE_YET,
    "interrupted": INTERRUPTED,
}

_OF_ERROR = {
    UsageError: BAD_USAGE,
    ProjectFileError: BAD_USAGE,
    ImagesNotPushed: NOT_DONE_YET,
    EnvironmentLocked: LOCKED,
    Interrupted: INTERRUPTED,
}
"""Exit codes of errors, subclasses included. All other errors are FAILED."""


def of_deployment(deployment: Deployment) -> int:
    """The exit code of a deployment's status: only `succeeded` is 0."""
    return _OF_STATUS[deployment.status]


def of_error(error: DeployError, for_all_errors: int | None = None) -> int:
    """The error's exit code, or the one that a command has for all errors. An interruption is always 130."""
    if for_all_errors is not None and not isinstance(error, Interrupted):
        return for_all_errors
    return next((code for kind, code in _OF_ERROR.items() if isinstance(error, kind)), FAILED)
