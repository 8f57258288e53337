"""Results to stdout: one JSON document, or text for the terminal, file or pipe that stdout is."""

from __future__ import annotations

import sys
from collections.abc import Callable

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_result
from weco_deploy.report.documents import Document, json_text
from weco_deploy.report.screen import Screen


def answer(settings: Settings, document: Callable[[], Document], text: Callable[[Screen], str]) -> None:
    """Write the result as it was asked for. Only text needs rich: `text` imports what makes it."""
    write_result(json_text(document()) if settings.json else text(Screen.of(sys.stdout)))
