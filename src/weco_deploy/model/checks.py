"""What `doctor` found: one check for each thing that may be wrong, with the remedy."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

PROGRAM = "weco-deploy"


class Result(StrEnum):
    """The result of a check. `fail` keeps deployments from working, `warn` may, `skip` was not checked."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check.

    Args:
        id: what was checked, such as `table_billing`. A check that finds several problems has several results.
        result: how it went.
        found: what is there, for people.
        advice: what to do if no command does it; empty if there is nothing to do.
        command: the words of the command that puts it right; empty if there is none.

    """

    id: str
    result: Result
    found: str
    advice: str = ""
    command: tuple[str, ...] = ()

    def command_line(self, options: Sequence[str] = ()) -> str:
        """The command, quoted for a shell; a command of this tool with these global options. Empty if there is none."""
        program, *arguments = self.command or ("",)
        return shlex.join((program, *(options if program == PROGRAM else ()), *arguments)) if program else ""

    def remedy(self, options: Sequence[str] = ()) -> str:
        """The command or, without one, the advice."""
        return self.command_line(options) or self.advice


def failed(checks: Sequence[Check]) -> bool:
    """Whether any check failed."""
    return any(check.result is Result.FAIL for check in checks)
