"""The text of a project file, read once and bounded."""

from __future__ import annotations

import errno
from pathlib import Path

from weco_deploy.errors import ProjectFileError

MAX_BYTES = 1_000_000  # thirty images are about 2 KB; more than this is another file, or an attack

_REASONS = {
    errno.ENOENT: "it does not exist",
    errno.EISDIR: "it is a directory",
    errno.EACCES: "you may not read it",
    errno.ELOOP: "it is a symbolic link that leads back to itself",
    errno.ENOTDIR: "a part of its path is not a directory",
}


def read(path: Path) -> str:
    """The file's text; a byte order mark is left in, YAML allows one.

    Raises ProjectFileError if it can't be read, is larger than MAX_BYTES, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
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
