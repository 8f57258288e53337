"""Shared by the commands that make a release."""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.output import print_result
from weco_deploy.model.results import PreparedRelease
from weco_deploy.report.documents import prepared_document
from weco_deploy.report.screen import Screen


def show_prepared(settings: Settings, prepared: PreparedRelease) -> None:
    """Write the release as the result."""
    shown = unsaved(prepared) if settings.dry_run else prepared

    def text(screen: Screen) -> str:
        from weco_deploy.report.release_text import prepared_text

        return prepared_text(shown, screen)

    print_result(settings, lambda: prepared_document(shown), text)


def unsaved(prepared: PreparedRelease) -> PreparedRelease:
    """The release without its id, because a dry run doesn't save it."""
    return replace(prepared, release=replace(prepared.release, release_id=""))
