"""Exit codes: of a deployment, of an error, and of commands that answer a question with theirs.

An error carries its own code (`errors.py`). Where 1 or 2 are answers, as with `plan --detailed-exitcode`, errors need
a code that is none of them.
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
ERROR_WHERE_CODES_ANSWER = 5
INTERRUPTED = Interrupted.exit_code

# By value: the commands' options need this module, and --help must not import the model.
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
    """The error's own code, or the one that the command has for all its errors. An interruption is always 130."""
    if isinstance(error, Interrupted) or invocation.error_exit_code is None:
        return error.exit_code
    return invocation.error_exit_code
