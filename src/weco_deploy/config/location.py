"""Finds the project file and reads its text."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from weco_deploy.errors import ProjectFileError

PROJECT_FILE = ".wellcome_project"
MAX_BYTES = 1_000_000  # a project of thirty images takes about 2 KB

_READ_ERRORS = {
    errno.ENOENT: "it does not exist",
    errno.EISDIR: "it is a directory",
    errno.EACCES: "you may not read it",
    errno.ELOOP: "it is a symbolic link that leads back to itself",
    errno.ENOTDIR: "a part of its path is not a directory",
}


def find(start: Path) -> Path:
    """The project file in `start` or in the nearest directory above it, up to the filesystem's root.

    The search ends at anything with the file's name, even a directory or a dangling link. `load` then reports it, which
    is better than silently using another project's file further up.

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
        hint="run this inside a project, name the file with --project-file, or let the command `init --write` make one",
    )


def read(path: Path) -> str:
    """The file's text, including a byte order mark, which YAML allows.

    Raises ProjectFileError if the file can't be read, is larger than MAX_BYTES, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = _READ_ERRORS.get(error.errno or 0) or error.strerror or str(error)
        raise ProjectFileError(
            f"can't read the project file {path}: {reason}", hint="name another one with --project-file"
        ) from error
    if len(content) > MAX_BYTES:
        raise ProjectFileError(
            f"the project file {path} is larger than {MAX_BYTES // 1_000_000} MB",
            hint="a project file is a few kilobytes of YAML: is this the right file?",
        )
    return _decoded(path, content)


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProjectFileError(
            f"the project file {path} is not UTF-8 text",
            [f"line {line}: found the byte 0x{content[error.start]:02x}, expected UTF-8"],
            hint="save it as UTF-8",
        ) from error
