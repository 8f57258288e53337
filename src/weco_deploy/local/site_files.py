"""Writes the pages of a site into a directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from weco_deploy.errors import DeployError


def write_site(directory: Path, pages: Mapping[str, str]) -> None:
    """Write the pages by path, with slashes. Other files stay: links to pages of older deployments go on working.

    Each file is replaced at once, so that readers see either the old page or the new one. Raises DeployError if the
    directory can't be written.
    """
    try:
        for path, text in pages.items():
            _replace(directory.joinpath(*path.split("/")), text)
    except OSError as error:
        raise DeployError(
            f"the board could not be written to {directory}: {error.strerror or error}",
            "name a directory that you may write to",
        ) from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two runs may write the same board at the same time.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(text.encode("utf-8", "replace"))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
