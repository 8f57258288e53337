"""The generated pages, by their path in the repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from documentation.commands import commands_page
from documentation.project_file import project_file_page

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/project-file.md": project_file_page,
}
