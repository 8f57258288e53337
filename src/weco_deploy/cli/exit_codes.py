"""The exit codes of deployments, errors, and commands whose exit code is an answer.

An error has its own exit code (`errors.py`). With `plan --detailed-exitcode`, where 0 and 2 are answers, all errors have
the distinct exit code 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.errors import DeployError, Interrupted

if TYPE_CHECKING:
    from weco_deploy.cli.invocation import Invocation
    from weco_deploy.model.deployment import Deployment

DONE = 0
FAILED = 1
CHANGES = 2
NOT_DONE_YET = 3
DISTINCT_ERROR = 5
INTERRUPTED = Interrupted.exit_code

# By value, because the options import this module, and --help must not import the model.
_OF_STATUS = {
    "succeeded": DONE,
    "failed": FAILED,
    "rolled_back": FAILED,
    "unverified": FAILED,
    "timed_out": NOT_DONE_YET,
    "in_progress": NOT_DONE_YET,
    "interrupted": INTERRUPTED,
}


def of_deployment(deployment: Deployment) -> int:
    """The exit code of a deployment's status: only `succeeded` is 0."""
    return _OF_STATUS[deployment.status]


def of_error(error: DeployError, invocation: Invocation) -> int:
    """The error's own exit code, or the command's exit code for all errors. An interruption is always 130."""
    if isinstance(error, Interrupted) or invocation.error_exit_code is None:
        return error.exit_code
    return invocation.error_exit_code
