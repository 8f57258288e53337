"""Writes results to stdout: a JSON document, or text for a terminal, file or pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_file, write_notice, write_result
from weco_deploy.local.clock import utc_now
from weco_deploy.local.release_cache import cache_releases
from weco_deploy.report.documents import Document, Json, json_text
from weco_deploy.report.screen import Screen

_DRY_RUN = "dry run: nothing is changed; without it this would be so:"


def print_result(settings: Settings, document: Callable[[], Document], text: Callable[[Screen], str]) -> None:
    """Write the result as JSON or text. Only text needs rich, so `text` imports the module that renders it."""
    try:
        write_result(json_text(document()) if settings.json else text(Screen.of(sys.stdout, utc_now())))
    finally:
        write_output_file(settings, document)
        if not settings.dry_run:
            with suppress(Exception):  # the cache is only for completion
                cache_releases(_shown_releases(document()))


def _shown_releases(value: Json) -> dict[str, list[str]]:
    """The ids of the releases anywhere in a document, by the id of their project."""
    found: dict[str, list[str]] = {}
    pending = [value]
    while pending:
        match pending.pop(0):
            case dict() as mapping:
                project_id, release_id = mapping.get("project_id"), mapping.get("release_id")
                if isinstance(project_id, str) and isinstance(release_id, str):
                    found.setdefault(project_id, []).append(release_id)
                pending += mapping.values()
            case list() | tuple() as items:
                pending += items
    return found


def write_output_file(settings: Settings, document: Callable[[], Document]) -> None:
    """Write the result to the file that --output-file names, if it was given."""
    if settings.output_file is not None:
        write_file(settings.output_file, json_text(document()))


def announce_dry_run(settings: Settings) -> None:
    """Announce a dry run on stderr, if the result is text."""
    if settings.dry_run and not settings.json:
        write_notice(_DRY_RUN)
