"""Where the project file is."""

from __future__ import annotations

import os
from pathlib import Path

from weco_deploy.errors import ProjectFileError

PROJECT_FILE = ".wellcome_project"


def find(start: Path) -> Path:
    """The project file of `start` or of the nearest directory above it, up to the filesystem's root.

    Whatever has the name ends the search, also a directory or a dangling link: `load` then says
    what is wrong with it, which is better than silently using another project's file further up.

    Raises ProjectFileError if there is none.
    """
    try:
        directory = start.absolute()
    except OSError as error:
        raise ProjectFileError(
            f"can't look for {PROJECT_FILE}: the working directory is gone ({error.strerror})",
            hint="change to a directory that exists, or name the file with --project-file",
        ) from error
    for candidate in (directory, *directory.parents):
        if os.path.lexists(candidate / PROJECT_FILE):
            return candidate / PROJECT_FILE
    raise ProjectFileError(
        f"there is no {PROJECT_FILE} in {directory} or in any directory above it",
        hint="run this inside a project, or name the file with --project-file",
    )
