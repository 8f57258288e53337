"""Shows the status again and again on a terminal, until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.repeated_options import options_for
from weco_deploy.cli.streams import write_notice, write_result
from weco_deploy.errors import AwsError, DeployError, Interrupted, UsageError
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import local_clock_time

if TYPE_CHECKING:
    from weco_deploy.model.status import Status
    from weco_deploy.ports import Ports

INTERVAL = 10.0
"""Seconds between two looks. A large project costs about a hundred calls a look, within what AWS allows."""
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def check_can_watch(settings: Settings, *, check: bool) -> None:
    """Raise UsageError where there is nothing to redraw, or where an answer is expected."""
    if check:
        raise UsageError("--watch can't be combined with --check", "leave one of them out")
    if settings.json:
        raise UsageError(
            "--watch can't be combined with --output json, which prints one document",
            "run status --output json repeatedly instead",
        )
    if not is_terminal():
        raise UsageError(
            "--watch redraws a terminal, and stdout is not a terminal",
            "leave --watch out, or run it in a terminal",
        )


def is_terminal() -> bool:
    return sys.stdout.isatty()


def watch(ports: Ports, look: Callable[[], Status], text: Callable[[Status, Screen], str]) -> None:
    """Look and show it until somebody interrupts, which is how a watch ends: it is no failure.

    The first look may fail; afterwards an error of AWS is shown with what was seen last.
    """
    try:
        found = look()
        trouble = ""
        while True:
            screen = Screen.of(sys.stdout, ports.clock.utc())
            heading = f"every {INTERVAL:g} s, Ctrl-C ends; {local_clock_time(found.at)}{trouble}"
            shorter = _without_a_line(screen)
            write_result(f"{_CLEAR}{screen.fit(heading[: screen.width])}\n{text(found, shorter)}")
            ports.clock.wait(INTERVAL)
            try:
                found, trouble = look(), ""
            except AwsError as error:
                trouble = f"; can't be read now: {one_line(error.message)}"
    except Interrupted:
        return


def report_errors(found: Status, settings: Settings) -> None:
    """Write a line to stderr for each environment that could not be read."""
    options = options_for(sys.stderr, settings)
    for id_, error in found.errors.items():
        write_notice(f"error: {one_line(id_)}: {_line(error, options)}")


def _line(error: DeployError, options: Sequence[str]) -> str:
    hint = error.hinted(options)
    return one_line(f"{error.message}; {hint}" if hint else error.message)


def _without_a_line(screen: Screen) -> Screen:
    from dataclasses import replace

    return replace(screen, height=screen.height - 1) if screen.height else screen
