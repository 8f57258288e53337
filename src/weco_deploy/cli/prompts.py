"""Asks the user at a terminal. Otherwise returns the default, or raises an error that names the flag.

Questions are written to stderr, because stdout is for the result.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_notice
from weco_deploy.errors import Declined, UsageError
from weco_deploy.report.screen import Screen

ROOM_FOR_THE_ANSWER = len(" yes")


def may_ask(settings: Settings) -> bool:
    """Whether to ask questions: stdin and stderr are terminals, and --confirm was not given."""
    return not settings.confirm and at_a_terminal()


def at_a_terminal() -> bool:
    """Whether stdin and stderr are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def value(
    settings: Settings,
    given: str | None,
    *,
    flag: str,
    question: str,
    default: str | None = None,
    choices: Sequence[str] = (),
) -> str:
    """The given value, the user's answer, or the default.

    An empty answer means the default. If there are choices, the answer must be one of them. Raises UsageError, which names
    the flag, if the user can't be asked and there is no default.
    """
    if given is not None:
        return given
    if may_ask(settings):
        return _answer(question, default, choices)
    if default is None:
        one_of = f": one of {', '.join(choices)}" if choices else ""
        raise UsageError(f"{flag} is missing, and there is no default for it", f"add {flag}{one_of}")
    return default


def optional(settings: Settings, given: str | None, *, question: str, otherwise: str) -> str | None:
    """Like `value`, but an empty answer means None. `otherwise` describes that in the question."""
    if given is not None or not may_ask(settings):
        return given
    return _read(f"{question} [{otherwise}]: ") or None


def agrees(settings: Settings, question: str) -> bool:
    """Whether the user answers yes, or --confirm was given.

    Raises UsageError, which names --confirm, if the user can't be asked.
    """
    if settings.confirm:
        return True
    if not may_ask(settings):
        raise UsageError(
            f"nobody is there to answer {question!r} (stdin or stderr is not a terminal)",
            "put --confirm before the command to go on without being asked",
        )
    while True:
        answer = _read(f"{_wrapped(f'{question} [y/N]:')} ").lower()
        if answer in {"y", "yes"}:
            return True
        if answer in {"", "n", "no"}:
            return False
        write_notice("Please answer y or n.")


def _wrapped(prompt: str) -> str:
    """The prompt, wrapped between words to the width of the terminal, with room for the answer."""
    from weco_deploy.report.page import Page  # imports rich

    screen = Screen.of(sys.stderr)
    page = Page(replace(screen, width=screen.width - ROOM_FOR_THE_ANSWER))
    page.line(prompt)
    return page.text().rstrip("\n")


def _answer(question: str, default: str | None, choices: Sequence[str]) -> str:
    among = f" ({', '.join(choices)})" if choices else ""
    preset = f" [{default}]" if default is not None else ""
    while True:
        answer = _read(f"{question}{among}{preset}: ") or default
        if answer and (not choices or answer in choices):
            return answer
        write_notice(
            f"Please answer one of: {', '.join(choices)}." if choices else "Please answer something."
        )


def _read(prompt: str) -> str:
    # Not input(), which may write to stdout if stdin is a terminal and stdout a pipe. click.prompt and click.confirm call
    # input(), and in click 8.1 they also write a space to stdout.
    sys.stderr.write(prompt)
    sys.stderr.flush()
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise UsageError("the answer is not valid text in this terminal's encoding") from error
    if not line:
        write_notice("")
        raise Declined("nothing was done: the question was not answered", "--confirm asks no questions")
    return line.strip()
