from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from weco_deploy.errors import NotFound, UsageError
from weco_deploy.local.work_tree import GitWorkTree


@pytest.fixture(autouse=True)
def without_git_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    completed = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return completed.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of one file."""
    root = tmp_path / "repository"
    (root / "deep" / "er").mkdir(parents=True)
    git(root, "init", "--quiet")
    (root / "file").write_text("one")
    git(root, "add", "file")
    git(root, "commit", "--quiet", "--message", "One")
    return root


def test_head_is_the_same_in_every_directory_of_the_tree(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    for directory in (repository, repository / "deep" / "er"):
        head = GitWorkTree(directory).head()
        assert (head.commit, head.changed) == (commit, ())


def test_head_lists_changed_and_new_files(repository: Path) -> None:
    (repository / "file").write_text("two")
    (repository / "deep" / "new file").write_text("")
    assert set(GitWorkTree(repository / "deep" / "er").head().changed) == {"file", "deep/"}


def test_head_lists_staged_and_removed_files(repository: Path) -> None:
    git(repository, "mv", "file", "moved")
    assert set(GitWorkTree(repository).head().changed) == {"file", "moved"}


def test_head_leaves_out_ignored_files(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("build\n")
    (repository / "build").write_text("")
    assert GitWorkTree(repository).head().changed == ()


def test_head_lists_new_files_whatever_git_is_configured_to_show(repository: Path) -> None:
    git(repository, "config", "status.showUntrackedFiles", "no")
    (repository / "new").write_text("")
    assert GitWorkTree(repository).head().changed == ("new",)


def test_head_leaves_out_a_link_to_the_image_and_its_target(repository: Path) -> None:
    (repository / "image-1.tar").write_text("")
    link = repository / "image.tar"
    link.symlink_to("image-1.tar")
    assert GitWorkTree(repository).head(link).changed == ()


@pytest.mark.parametrize("name", ["image.tar", "deep/odd*[name].tar"])
def test_head_leaves_out_the_image(repository: Path, name: str) -> None:
    image = repository / name
    image.write_text("")
    (repository / "deep" / "er" / "other").write_text("")
    head = GitWorkTree(repository).head(image)
    assert head.changed in (("deep/",), ("deep/er/",))


def test_head_accepts_an_image_outside_of_the_repository(repository: Path, tmp_path: Path) -> None:
    assert GitWorkTree(repository).head(tmp_path / "image.tar").changed == ()


def test_head_outside_of_a_repository_fails_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a git repository") as error:
        GitWorkTree(tmp_path).head()
    assert "--ref" in error.value.hint


def test_head_of_a_repository_without_commits_fails(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(NotFound, match="no commit checked out"):
        GitWorkTree(tmp_path).head()


def test_head_without_git_fails(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotFound, match="git could not be asked"):
        GitWorkTree(repository).head()


def test_released_reads_the_ref_at_the_repository_s_root(repository: Path) -> None:
    (repository / ".releases").mkdir()
    (repository / ".releases" / "search").write_text("abc123\n")
    tree = GitWorkTree(repository / "deep")
    assert tree.released("search") == "abc123"
    assert tree.released("items") is None


def test_released_outside_of_a_repository_reads_the_ref_in_the_directory(tmp_path: Path) -> None:
    assert GitWorkTree(tmp_path).released("search") is None
    (tmp_path / ".releases").mkdir()
    (tmp_path / ".releases" / "search").write_text("abc123")
    assert GitWorkTree(tmp_path).released("search") == "abc123"


def test_released_names_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / ".releases").mkdir()
    (tmp_path / ".releases" / "search").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"\.releases.search"):
        GitWorkTree(tmp_path).released("search")
