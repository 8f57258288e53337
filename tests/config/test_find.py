"""`find` looks for the project file upwards from a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from weco_deploy.config import PROJECT_FILE, find
from weco_deploy.errors import ProjectFileError


def test_find_returns_the_file_of_the_directory_itself(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).touch()
    assert find(tmp_path) == tmp_path / PROJECT_FILE


def test_find_prefers_the_nearest_directory_above(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b" / "c"
    below.mkdir(parents=True)
    (tmp_path / PROJECT_FILE).touch()
    (tmp_path / "a" / PROJECT_FILE).touch()
    assert find(below) == tmp_path / "a" / PROJECT_FILE


def test_find_searches_from_a_relative_directory_up_to_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PROJECT_FILE).touch()
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert find(Path()) == tmp_path / PROJECT_FILE


@pytest.mark.parametrize("kind", ["directory", "dangling link", "link to itself"])
def test_find_stops_at_anything_with_the_file_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / PROJECT_FILE).touch()
    nearer = tmp_path / "a" / PROJECT_FILE
    nearer.parent.mkdir()
    if kind == "directory":
        nearer.mkdir()
    else:
        nearer.symlink_to(nearer if kind == "link to itself" else tmp_path / "nothing")
    assert find(tmp_path / "a") == nearer


def test_find_without_a_file_names_the_directory_and_the_flag(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError) as caught:
        find(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "any directory above" in caught.value.message
    assert "--project-file" in caught.value.hint
    assert "`init --write`" in caught.value.hint


def test_find_in_a_deleted_working_directory_fails_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectFileError, match="the working directory is gone"):
        find(Path())
