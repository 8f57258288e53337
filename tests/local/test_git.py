"""On real repositories: nothing of git is pretended."""

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
def no_configuration_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


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
    """A clone whose origin can still get commits that it does not know."""
    commit(here, "Begin")
    git(tmp_path, "clone", "--quiet", str(here), "cloned")
    return tmp_path / "cloned"


def counting(directory: Path, bin_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a git on the path that notes its arguments, a line for each call, and then does what git does."""
    log = directory / "calls"
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    bin_directory.mkdir()
    script = bin_directory / "git"
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_directory}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_commit_s_subject_is_the_first_line_of_its_message(here: Path) -> None:
    first = commit(here, "Sort by relevance\n\nBecause people asked for it.")
    second = commit(here, "Déjà vu → fixed")

    assert GitHistory(here).subjects([second, first]) == {
        first: "Sort by relevance",
        second: "Déjà vu → fixed",
    }


def test_an_abbreviated_commit_is_found_under_the_name_it_was_asked_by(here: Path) -> None:
    full = commit(here, "Sort by relevance")

    assert GitHistory(here).subjects([full[:8]]) == {full[:8]: "Sort by relevance"}


def test_a_subject_with_line_separators_of_unicode_stays_one(here: Path) -> None:
    found = commit(here, "one\u2028two\x0bthree")

    assert GitHistory(here).subjects([found]) == {found: "one\u2028two\x0bthree"}


def test_commits_that_nobody_knows_are_left_out(here: Path) -> None:
    known = commit(here, "Known")

    assert GitHistory(here).subjects([UNKNOWN, known]) == {known: "Known"}


def test_a_branch_named_like_a_commit_is_no_commit(here: Path) -> None:
    commit(here, "Begin")
    git(here, "branch", "deadbeef")

    assert GitHistory(here).subjects(["deadbeef"]) == {}


@pytest.mark.parametrize("text", ["HEAD", "--all", "--output=stolen", "main", "", "ABCDEF0", "abc", "0" * 65])
def test_what_is_no_commit_never_reaches_git(
    text: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(here, "Begin")
    log = counting(tmp_path, tmp_path / "bin", monkeypatch)

    assert GitHistory(here).subjects([text]) == {}
    assert not log.exists()


def test_any_number_of_commits_is_one_call_of_git(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [commit(here, f"Step {number}") for number in range(3)]
    log = counting(tmp_path, tmp_path / "bin", monkeypatch)

    assert len(GitHistory(here).subjects(commits)) == 3
    assert len(log.read_text().splitlines()) == 1


def test_a_commit_that_is_missing_is_fetched(here: Path, cloned: Path) -> None:
    later = commit(here, "Later")

    assert GitHistory(cloned).subjects([later]) == {later: "Later"}


def test_it_fetches_once_however_often_commits_are_missing(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = counting(tmp_path, tmp_path / "bin", monkeypatch)
    history = GitHistory(cloned)

    history.subjects([UNKNOWN])
    history.subjects(["d1" * 20])

    assert sum(" fetch " in f" {line} " for line in log.read_text().splitlines()) == 1


def test_nothing_is_fetched_if_nothing_is_missing(
    here: Path, cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = counting(tmp_path, tmp_path / "bin", monkeypatch)

    GitHistory(cloned).subjects([git(here, "rev-parse", "HEAD")])

    assert "fetch" not in log.read_text()


def test_fetching_leaves_git_s_configuration_and_the_working_tree_alone(here: Path, cloned: Path) -> None:
    commit(here, "Later")
    before = (cloned / ".git/config").read_bytes(), git(cloned, "rev-parse", "HEAD")

    GitHistory(cloned).subjects([UNKNOWN])

    assert ((cloned / ".git/config").read_bytes(), git(cloned, "rev-parse", "HEAD")) == before
    assert git(cloned, "status", "--porcelain") == ""


def test_a_fetch_that_hangs_is_ended_with_all_that_it_started(cloned: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {pid_file}.new; mv {pid_file}.new {pid_file}\nexec sleep 600\n")
    ssh.chmod(0o755)
    git(cloned, "config", "core.sshCommand", str(ssh))
    git(cloned, "remote", "set-url", "origin", "ssh://git@host.invalid/shop.git")

    known = git(cloned, "rev-parse", "HEAD")
    begun = time.monotonic()
    assert GitHistory(cloned, fetch_seconds=1.0).subjects([UNKNOWN, known]) == {known: "Begin"}

    assert time.monotonic() - begun < 30
    assert ends(int(pid_file.read_text()))


def test_ssh_is_told_to_ask_nothing_and_keeps_its_configured_key(cloned: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > {told}\nexit 1\n')
    ssh.chmod(0o755)
    git(cloned, "config", "core.sshCommand", f"{ssh} -i key")
    git(cloned, "remote", "set-url", "origin", "ssh://git@host.invalid/shop.git")

    assert GitHistory(cloned).subjects([UNKNOWN]) == {}
    assert told.read_text().startswith("-i key -o BatchMode=yes")


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert GitHistory(tmp_path).subjects([UNKNOWN]) == {}


def test_without_git_nothing_is_known(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = commit(here, "Known")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert GitHistory(here).subjects([known]) == {}


def ends(pid: int) -> bool:
    """Whether the process, which is not our child, is gone or ends within a moment."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        readable, _, _ = select.select([process], [], [], 10)
    finally:
        os.close(process)
    return bool(readable)
