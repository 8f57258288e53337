"""Commit subjects from real repositories with the real git."""

import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from weco_deploy.local.git import GitHistory

Commit = Callable[[Path, str], str]
UNKNOWN = "d0" * 20


@pytest.fixture(autouse=True)
def without_git_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    completed = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return completed.stdout.strip()


def repository(path: Path) -> Path:
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    return path


def commit(directory: Path, subject: str) -> str:
    git(directory, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return repository(tmp_path / "here")


@pytest.fixture
def cloned(here: Path, tmp_path: Path) -> Path:
    """A clone of `here`, to which commits can be added later."""
    commit(here, "Begin")
    git(tmp_path, "clone", "--quiet", str(here), "cloned")
    return tmp_path / "cloned"


def log_git_calls(directory: Path, bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a git on the path that writes its arguments to the returned file and then runs the real git."""
    log = directory / "calls"
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    bin_directory.mkdir()
    script = bin_directory / "git"
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_directory}{os.pathsep}{os.environ['PATH']}")
    return log


def test_subject_is_the_first_line_of_the_message(here: Path) -> None:
    first = commit(here, "Sort by relevance\n\nBecause people asked for it.")
    second = commit(here, "Déjà vu → fixed")

    assert GitHistory(here).subjects([second, first]) == {
        first: "Sort by relevance",
        second: "Déjà vu → fixed",
    }


def test_subjects_keeps_an_abbreviated_commit_as_given(here: Path) -> None:
    full = commit(here, "Sort by relevance")

    assert GitHistory(here).subjects([full[:8]]) == {full[:8]: "Sort by relevance"}


def test_subject_keeps_unicode_line_separators(here: Path) -> None:
    found = commit(here, "one\u2028two\x0bthree")

    assert GitHistory(here).subjects([found]) == {found: "one\u2028two\x0bthree"}


def test_subjects_leaves_out_unknown_commits(here: Path) -> None:
    known = commit(here, "Known")

    assert GitHistory(here).subjects([UNKNOWN, known]) == {known: "Known"}


def test_subjects_ignores_a_branch_named_like_a_commit(here: Path) -> None:
    commit(here, "Begin")
    git(here, "branch", "deadbeef")

    assert GitHistory(here).subjects(["deadbeef"]) == {}


@pytest.mark.parametrize("text", ["HEAD", "--all", "--output=stolen", "main", "", "ABCDEF0", "abc", "0" * 65])
def test_subjects_does_not_pass_other_text_to_git(
    text: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(here, "Begin")
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)

    assert GitHistory(here).subjects([text]) == {}
    assert not log.exists()


def test_subjects_calls_git_once_for_all_commits(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [commit(here, f"Step {number}") for number in range(3)]
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)

    assert len(GitHistory(here).subjects(commits)) == 3
    assert len(log.read_text().splitlines()) == 1


def test_missing_commit_is_fetched(here: Path, cloned: Path) -> None:
    later = commit(here, "Later")

    assert GitHistory(cloned).subjects([later]) == {later: "Later"}


def test_fetch_happens_once_even_if_commits_are_missing_again(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)
    history = GitHistory(cloned)

    history.subjects([UNKNOWN])
    history.subjects(["d1" * 20])

    assert sum(" fetch " in f" {line} " for line in log.read_text().splitlines()) == 1


def test_no_fetch_if_no_commit_is_missing(
    here: Path, cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)

    GitHistory(cloned).subjects([git(here, "rev-parse", "HEAD")])

    assert "fetch" not in log.read_text()


def test_fetch_leaves_configuration_and_working_tree_unchanged(here: Path, cloned: Path) -> None:
    commit(here, "Later")
    before = (cloned / ".git/config").read_bytes(), git(cloned, "rev-parse", "HEAD")

    GitHistory(cloned).subjects([UNKNOWN])

    assert ((cloned / ".git/config").read_bytes(), git(cloned, "rev-parse", "HEAD")) == before
    assert git(cloned, "status", "--porcelain") == ""


def test_hanging_fetch_is_killed_with_its_child_processes(cloned: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {pid_file}.new; mv {pid_file}.new {pid_file}\nexec sleep 600\n")
    ssh.chmod(0o755)
    git(cloned, "config", "core.sshCommand", str(ssh))
    git(cloned, "remote", "set-url", "origin", "ssh://git@host.invalid/shop.git")

    known = git(cloned, "rev-parse", "HEAD")
    started = time.monotonic()
    assert GitHistory(cloned, fetch_seconds=1.0).subjects([UNKNOWN, known]) == {known: "Begin"}

    assert time.monotonic() - started < 30
    assert ends(int(pid_file.read_text()))


def test_fetch_runs_ssh_in_batch_mode_with_its_configured_key(cloned: Path, tmp_path: Path) -> None:
    arguments = tmp_path / "arguments"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > {arguments}\nexit 1\n')
    ssh.chmod(0o755)
    git(cloned, "config", "core.sshCommand", f"{ssh} -i key")
    git(cloned, "remote", "set-url", "origin", "ssh://git@host.invalid/shop.git")

    assert GitHistory(cloned).subjects([UNKNOWN]) == {}
    assert arguments.read_text().startswith("-i key -o BatchMode=yes")


def test_no_commit_is_known_outside_of_a_repository(tmp_path: Path) -> None:
    assert GitHistory(tmp_path).subjects([UNKNOWN]) == {}


def test_no_commit_is_known_without_git(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = commit(here, "Known")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert GitHistory(here).subjects([known]) == {}


def ends(pid: int) -> bool:
    """Whether the process, which is not our child, has ended or ends within ten seconds."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        readable, _, _ = select.select([process], [], [], 10)
    finally:
        os.close(process)
    return bool(readable)
