"""All errors that weco-deploy raises on purpose.

    DeployError                what happened, and where; a hint says what to do
    ├── UsageError             a flag is missing or makes no sense
    ├── ProjectFileError       all problems of the project file
    ├── NotFound               a release, environment, image that does not exist
    ├── NothingToRelease       no image has the label
    ├── IncompleteRelease      the release would lack images of the project
    ├── ImagesNotPushed        images are still not there when the waiting time ended
    ├── PlanRefused            the plan found reasons not to deploy
    │   └── GateClosed         the release may not be deployed there yet
    ├── EnvironmentLocked      somebody else holds the environment's lock
    ├── LeaseLost              our own lock expired or was taken
    ├── WrongAccount           the credentials belong to another account
    ├── Declined               the user answered no
    ├── Interrupted            Ctrl-C or SIGTERM
    ├── DockerError            the Docker Engine can't be reached, or refused
    ├── BadImageLayout         an OCI layout is missing or damaged
    ├── SandboxError           the local AWS could not be started or used
    ├── InternalError          a bug in this tool
    └── AwsError               AWS refused, or could not be reached
        ├── AccessDenied       … the named IAM action is missing
        ├── NoCredentials      … credentials are missing, refused or expired
        ├── Throttled          … too many requests, even after retries
        └── Unreachable        … no answer or a 5xx, even after retries: AWS may have acted

    StaleFence                 never shown to people: the caller plans again

Scripts match on `code`, so it never changes once it is released. `exit_codes.py` has their exit codes.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar, TypeAlias


class Command:
    """A command of this tool in a hint.

    The code that raises an error does not know the global options. The code that prints the error adds them to the command,
    so that it works when it is pasted.
    """

    def __init__(self, *words: str) -> None:
        self._words = words

    def line(self, options: Sequence[str] = ()) -> str:
        """The command with these global options, quoted for a shell."""
        return shlex.join(("weco-deploy", *options, *self._words))


Hint: TypeAlias = "str | tuple[str | Command, ...]"
"""What to do next: a text, or a sequence of texts and commands."""


class DeployError(Exception):
    """An error with a stable code, a message and usually a hint.

    Args:
        message: what happened, and where.
        hint: what to do next; empty if there is nothing useful to say.

    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: Hint = "") -> None:
        super().__init__(message)
        self.message = message
        self._hint = (hint,) if isinstance(hint, str) else hint

    @property
    def hint(self) -> str:
        return self.hinted()

    def hinted(self, options: Sequence[str] = ()) -> str:
        """The hint, with these global options added to the commands in it."""
        return "".join(piece if isinstance(piece, str) else piece.line(options) for piece in self._hint)


class UsageError(DeployError):
    code = "usage"


class ProjectFileError(DeployError):
    """The project file can't be used; `problems` has a line for each problem."""

    code = "project_file"

    def __init__(self, message: str, problems: Sequence[str] = (), hint: Hint = "") -> None:
        super().__init__("\n".join([message, *(f"  {problem}" for problem in problems)]), hint)
        self.problems = tuple(problems)


class NotFound(DeployError):
    code = "not_found"


class NothingToRelease(DeployError):
    code = "nothing_to_release"


class IncompleteRelease(DeployError):
    code = "incomplete_release"


class ImagesNotPushed(DeployError):
    code = "images_not_pushed"


class PlanRefused(DeployError):
    """The plan can't be carried out, and nothing was changed. `reasons` has all reasons."""

    code = "plan_refused"

    def __init__(self, message: str, reasons: Sequence[str] = (), hint: Hint = "") -> None:
        super().__init__("\n".join([message, *(f"  {reason}" for reason in reasons)]), hint)
        self.reasons = tuple(reasons)


class GateClosed(PlanRefused):
    code = "gate_closed"


class EnvironmentLocked(DeployError):
    code = "environment_locked"


class LeaseLost(DeployError):
    code = "lease_lost"


class WrongAccount(DeployError):
    code = "wrong_account"


class Declined(DeployError):
    code = "declined"


class Interrupted(DeployError):
    code = "interrupted"


class DockerError(DeployError):
    code = "docker"


class BadImageLayout(DeployError):
    code = "image_layout"


class SandboxError(DeployError):
    code = "sandbox"


class InternalError(DeployError):
    """A bug in this tool: an unexpected exception."""

    code = "internal"


class AwsError(DeployError):
    """AWS refused a call.

    Args:
        operation: the call, such as `ecs:UpdateService`; empty if there was none.
        message: AWS's message, without secrets.
        hint: what to do next.

    """

    code = "aws_error"

    def __init__(self, operation: str, message: str, hint: Hint = "") -> None:
        super().__init__(f"{operation}: {message}" if operation else message, hint)
        self.operation = operation


class AccessDenied(AwsError):
    code = "access_denied"

    @property
    def with_advice(self) -> str:
        """The message and the hint, for a record: whose business a denial is, is part of the reason."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class NoCredentials(AwsError):
    code = "no_credentials"


class Throttled(AwsError):
    code = "throttled"


class Unreachable(AwsError):
    code = "unreachable"


class StaleFence(Exception):
    """The environment has changed since it was observed: observe it and plan again."""
