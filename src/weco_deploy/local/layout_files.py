"""Reads the files of an OCI layout, which is a directory or a tar archive, by their names in the layout.

Each read opens the file again, because several threads read it concurrently.
"""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weco_deploy.errors import BadImageLayout
from weco_deploy.model.publication import Part

LAYOUT_HINT = "`docker buildx build --output type=oci,dest=image.tar .` writes one"


class LayoutFiles(Protocol):
    """Every method raises BadImageLayout if the file does not exist or can't be read."""

    def size(self, name: str) -> int: ...

    def read(self, name: str, part: Part) -> bytes:
        """The bytes of `part`, all of them."""

    def read_all(self, name: str, max_bytes: int) -> bytes:
        """The whole file. Raises BadImageLayout if it is larger than `max_bytes`."""


def files_at(path: Path) -> LayoutFiles:
    """The files of the layout at `path`, a directory or an uncompressed tar archive."""
    if path.is_dir():
        return _Files(path, _Directory(path))
    if path.is_file():
        return _Files(path, _Archive(path, _members(path)))
    raise BadImageLayout(f"there is no OCI layout at {path}", LAYOUT_HINT)


@dataclass(frozen=True, slots=True)
class _ByteRange:
    """The location of a file of the layout: a whole file on disk, or a range of an archive."""

    path: Path
    first: int
    size: int


class _Source(Protocol):
    def find(self, name: str) -> _ByteRange | None: ...


class _Files:
    def __init__(self, layout: Path, source: _Source) -> None:
        self._layout = layout
        self._source = source

    def size(self, name: str) -> int:
        return self._find(name).size

    def read_all(self, name: str, max_bytes: int) -> bytes:
        size = self.size(name)
        if size > max_bytes:
            raise BadImageLayout(f"{self._layout}: {name} has {size} bytes, and may have {max_bytes}")
        return self.read(name, Part(first=0, length=size))

    def read(self, name: str, part: Part) -> bytes:
        found = self._find(name)
        try:
            with found.path.open("rb") as file:
                file.seek(found.first + part.first)
                content = file.read(min(part.length, max(0, found.size - part.first)))
        except OSError as error:
            raise BadImageLayout(f"{self._layout}: {name} can't be read: {error.strerror}") from error
        if len(content) != part.length:
            raise BadImageLayout(
                f"{self._layout}: {name} ends early", "it may have been cut off while it was copied"
            )
        return content

    def _find(self, name: str) -> _ByteRange:
        found = self._source.find(name)
        if found is None:
            raise BadImageLayout(f"{self._layout}: there is no {name} in it", LAYOUT_HINT)
        return found


class _Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, name: str) -> _ByteRange | None:
        path = self._path / name
        try:
            return _ByteRange(path, 0, path.stat().st_size) if path.is_file() else None
        except OSError as error:
            raise BadImageLayout(f"{path} can't be read: {error.strerror}") from error


class _Archive:
    def __init__(self, path: Path, members: dict[str, tarfile.TarInfo]) -> None:
        self._path = path
        self._members = members

    def find(self, name: str) -> _ByteRange | None:
        member = self._members.get(name)
        return _ByteRange(self._path, member.offset_data, member.size) if member else None


def _members(path: Path) -> dict[str, tarfile.TarInfo]:
    """The archive's regular files. Links and other members are ignored."""
    try:
        # "r:" accepts only uncompressed archives, in which a file is a range of bytes.
        with tarfile.open(path, "r:") as archive:
            return {
                posixpath.normpath(member.name): member
                for member in archive
                if member.isreg() and not member.issparse()
            }
    except (tarfile.TarError, EOFError) as error:
        raise BadImageLayout(
            f"{path} is neither a directory nor an uncompressed tar archive: {error}",
            f"decompress it first, if it is compressed; {LAYOUT_HINT}",
        ) from error
    except OSError as error:
        raise BadImageLayout(f"{path} can't be read: {error.strerror}") from error
