"""What checks of a deployment use: programs on this machine, and HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from weco_deploy.model.http_answer import HttpAnswer


class NotStarted(Exception):
    """A program was not started. The text says why."""


class RunningProgram(Protocol):
    """A program that was started. Its output and its errors are one text."""

    def new_lines(self) -> Sequence[str]:
        """The lines of output since the last time; after the program's end also the last one without a line break."""

    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None as long as it runs."""

    def stop(self) -> None:
        """End it and the programs that it started, if they still run: first it is asked, after a few seconds it is killed."""


class Programs(Protocol):
    """Runs programs on this machine, without a shell."""

    def installed(self, program: str) -> bool:
        """Whether there is such a program."""

    def start(
        self, arguments: Sequence[str], variables: Mapping[str, str], *, credentials: bool
    ) -> RunningProgram:
        """Start a program with these environment variables in addition to the tool's own. Raises NotStarted.

        Without `credentials` it gets none of the variables by which AWS tools find credentials.
        """


class HttpClient(Protocol):
    """Makes HTTP requests."""

    def get(self, url: str, seconds: float) -> HttpAnswer:
        """The answer to a GET request. It is given up after so many seconds without an answer. Raises nothing."""
