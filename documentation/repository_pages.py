"""A hook of MkDocs, which adds the repository's other pages to those in docs/: the README as the start page, and what it links to.

Links keep working because each page keeps its place relative to the others, except that docs/ itself is the root of the
site. Links to files that are no pages, such as the Dockerfile, get a copy of the file.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

START_PAGE = "README.md"
PAGES = (START_PAGE, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "changelog.d/README.md")
SOURCES = ("action.yml", "Dockerfile", "examples/.wellcome_project")
"""Shown as text files."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files of the repository that are not in docs/."""
    root = Path(config.docs_dir).parent
    for path in (*PAGES, *SOURCES):
        content = (root / path).read_text(encoding="utf-8")
        files.append(File.generated(config, site_path(path), content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' signature
    """Rewrite the links of a page for its place in the site."""
    return rewritten(markdown, repository_path(page.file.src_uri))


def rewritten(markdown: str, path: str) -> str:
    """The links of the page at `path` in the repository, as links between the site's pages."""
    here = posixpath.dirname(site_path(path))

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
        return posixpath.relpath(site_path(target), here or ".")

    return _LINK.sub(link, markdown)


def site_path(path: str) -> str:
    """Where a file of the repository is in the site."""
    if path == START_PAGE:
        return "index.md"
    if path.startswith("docs/") and "." not in path:
        return f"{path.removeprefix('docs/')}/README.md"  # a folder
    if path in SOURCES:
        return f"files/{posixpath.basename(path).lstrip('.')}.txt"
    return path.removeprefix("docs/")


def repository_path(site: str) -> str:
    """Where a page of the site is in the repository."""
    if site == "index.md":
        return START_PAGE
    return site if site in PAGES else f"docs/{site}"
