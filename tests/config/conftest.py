from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weco_deploy.config import ProjectFile, load
from weco_deploy.errors import ProjectFileError

Load = Callable[[str | bytes], ProjectFile]
Problems = Callable[[str | bytes], tuple[str, ...]]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Writes a project file and loads it."""

    def write_and_load(content: str | bytes) -> ProjectFile:
        path = tmp_path / ".wellcome_project"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(path)

    return write_and_load


@pytest.fixture
def problems(loaded: Load) -> Problems:
    """Writes an invalid project file, loads it, and returns the problems."""

    def load_and_fail(content: str | bytes) -> tuple[str, ...]:
        with pytest.raises(ProjectFileError) as caught:
            loaded(content)
        return caught.value.problems

    return load_and_fail
