"""Shared by the commands that make a release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weco_deploy.cli.build_output import report_to_build
from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.output import print_result
from weco_deploy.cli.streams import write_notice
from weco_deploy.errors import UsageError
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.results import PreparedRelease
from weco_deploy.report.documents import prepared_document
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.report.build_report import BuildReport


def show_prepared(settings: Settings, prepared: PreparedRelease) -> None:
    """Write the release as the result."""
    shown = unsaved(prepared) if settings.dry_run else prepared

    def text(screen: Screen) -> str:
        from weco_deploy.report.release_text import prepared_text

        return prepared_text(shown, screen, unchanged=settings.verbose)

    def build_report() -> BuildReport:
        from weco_deploy.report.build_summary import release_report

        return release_report(shown.release)

    print_result(settings, lambda: prepared_document(shown), text)
    report_to_build(build_report)


def unsaved(prepared: PreparedRelease) -> PreparedRelease:
    """The release without its id, because a dry run doesn't save it."""
    return replace(prepared, release=replace(prepared.release, release_id=""))


def check_sources(from_label: str | None, commit: str | None) -> None:
    """Raise UsageError if a label and a commit are given."""
    if from_label is not None and commit is not None:
        raise UsageError(
            f"--commit {commit} can't be combined with --from-label {from_label}", "leave one of them out"
        )


def show_waiting(event: Event) -> None:
    """Write what is waited for to stderr."""
    if isinstance(event, Waiting):
        write_notice(one_line(event.message))
