"""The text and the JSON of the command `board`, which say what it wrote."""

from __future__ import annotations

from collections.abc import Collection

from weco_deploy.report.documents import Document
from weco_deploy.report.page import Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count


def board_text(directory: str, pages: Collection[str], screen: Screen, *, dry_run: bool) -> str:
    page = Page(screen)
    wrote = "would write" if dry_run else "wrote"
    page.unwrapped(
        f"{wrote} {count(len(pages), 'page')}; the first is {one_line(directory.rstrip('/'))}/index.html"
    )
    return page.text()


def board_document(project_id: str, directory: str, pages: Collection[str], *, dry_run: bool) -> Document:
    """`pages` are paths relative to the directory, with slashes."""
    return {
        "board": {"project_id": project_id, "directory": directory, "pages": list(pages), "dry_run": dry_run}
    }
