"""Writes results to stdout: a JSON document, or text for a terminal, file or pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_file, write_notice, write_result
from weco_deploy.report.documents import Document, json_text
from weco_deploy.report.screen import Screen

_DRY_RUN = "dry run: nothing is changed; without it this would be so:"


def print_result(settings: Settings, document: Callable[[], Document], text: Callable[[Screen], str]) -> None:
    """Write the result as JSON or text. Only text needs rich, so `text` imports the module that renders it."""
    try:
        write_result(json_text(document()) if settings.json else text(Screen.of(sys.stdout)))
    finally:
        write_output_file(settings, document)


def write_output_file(settings: Settings, document: Callable[[], Document]) -> None:
    """Write the result to the file that --output-file names, if it was given."""
    if settings.output_file is not None:
        write_file(settings.output_file, json_text(document()))


def announce_dry_run(settings: Settings) -> None:
    """Announce a dry run on stderr, if the result is text."""
    if settings.dry_run and not settings.json:
        write_notice(_DRY_RUN)
