"""The files of an OCI layout, in a directory or in a tar archive, by their names in the layout.

A file is opened for each read: they are read side by side, in stretches of megabytes.
"""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weco_deploy.errors import BadImageLayout
from weco_deploy.model.publication import Part

WRITE_IT = "`docker buildx build --output type=oci,dest=image.tar .` writes one"


class LayoutFiles(Protocol):
    """Every method raises BadImageLayout if there is no such file, or if it can't be read."""

    def size(self, name: str) -> int: ...

    def stretch(self, name: str, part: Part) -> bytes:
        """Those bytes of a file, all of them."""

    def whole(self, name: str, most: int) -> bytes:
        """All of a file that has `most` bytes at most."""


def files_at(path: Path) -> LayoutFiles:
    """The files of the layout at that path."""
    if path.is_dir():
        return _Files(path, _InDirectory(path))
    if path.is_file():
        return _Files(path, _InArchive(path, _members(path)))
    raise BadImageLayout(f"there is no OCI layout at {path}", WRITE_IT)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A file inside of another one, or all of that."""

    path: Path
    first: int
    size: int


class _Source(Protocol):
    def find(self, name: str) -> _Stretch | None: ...


class _Files:
    def __init__(self, layout: Path, source: _Source) -> None:
        self._layout = layout
        self._source = source

    def size(self, name: str) -> int:
        return self._found(name).size

    def whole(self, name: str, most: int) -> bytes:
        size = self.size(name)
        if size > most:
            raise BadImageLayout(f"{self._layout}: {name} has {size} bytes, and may have {most}")
        return self.stretch(name, Part(first=0, length=size))

    def stretch(self, name: str, part: Part) -> bytes:
        found = self._found(name)
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

    def _found(self, name: str) -> _Stretch:
        found = self._source.find(name)
        if found is None:
            raise BadImageLayout(f"{self._layout}: there is no {name} in it", WRITE_IT)
        return found


class _InDirectory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, name: str) -> _Stretch | None:
        path = self._path / name
        try:
            return _Stretch(path, 0, path.stat().st_size) if path.is_file() else None
        except OSError as error:
            raise BadImageLayout(f"{path} can't be read: {error.strerror}") from error


class _InArchive:
    def __init__(self, path: Path, members: dict[str, tarfile.TarInfo]) -> None:
        self._path = path
        self._members = members

    def find(self, name: str) -> _Stretch | None:
        member = self._members.get(name)
        return _Stretch(self._path, member.offset_data, member.size) if member else None


def _members(path: Path) -> dict[str, tarfile.TarInfo]:
    """The archive's plain files. Links and whatever else it holds are not followed: they are not there."""
    try:
        # "r:": uncompressed, where a file is a stretch of the archive.
        with tarfile.open(path, "r:") as archive:
            return {
                posixpath.normpath(member.name): member
                for member in archive
                if member.isreg() and not member.issparse()
            }
    except (tarfile.TarError, EOFError) as error:
        raise BadImageLayout(
            f"{path} is neither a directory nor an uncompressed tar archive: {error}",
            f"decompress it first, if it is compressed; {WRITE_IT}",
        ) from error
    except OSError as error:
        raise BadImageLayout(f"{path} can't be read: {error.strerror}") from error
