"""The text for a published image."""

from __future__ import annotations

from weco_deploy.model.publication import Publication
from weco_deploy.report.page import BOLD, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line


def publication_text(publication: Publication, screen: Screen, *, dry_run: bool) -> str:
    """What was pushed, and what the label points at now. In a dry run, what would be pushed and moved."""
    page = Page(screen)
    ref = f"{one_line(publication.repository)}:{one_line(publication.ref)}"
    label = one_line(publication.label)
    if dry_run:
        page.line("Dry run: nothing is changed. Without it", BOLD)
        page.line(f"{ref} would be pushed" if publication.pushed else f"{ref} is there already", indent=2)
        page.line(
            f"{label} would be moved to it" if publication.label_moved else f"{label} points at it already",
            indent=2,
        )
    else:
        page.line(
            f"{ref} is pushed" if publication.pushed else f"{ref} was there already, nothing is pushed", BOLD
        )
        page.line(
            f"{label} is moved to it" if publication.label_moved else f"{label} pointed at it already",
            indent=2,
        )
    if publication.digest:
        page.unwrapped(one_line(publication.digest), indent=2)
    return page.text()
