"""Differences between commits, from real repositories with the real git."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.local.test_git import UNKNOWN, cloned, commit, git, here, log_git_calls, without_git_configuration
from weco_deploy.local.git import GitHistory
from weco_deploy.model.commits import CommitsBetween

__all__ = ["cloned", "here", "without_git_configuration"]


def subjects(commits: CommitsBetween) -> tuple[list[str], list[str]]:
    return [found.subject for found in commits.added], [found.subject for found in commits.lost]


def branched(directory: Path) -> tuple[str, str, str]:
    """A commit, the end of a branch from it, and a merge of that branch."""
    base = commit(directory, "Begin")
    git(directory, "switch", "--quiet", "-c", "topic")
    topic = commit(directory, "Topic")
    git(directory, "switch", "--quiet", "main")
    commit(directory, "Meanwhile")
    git(directory, "merge", "--quiet", "--no-ff", "-m", "Merge topic", "-m", "See merge request !7", "topic")
    return base, topic, git(directory, "rev-parse", "HEAD")


def test_between_lists_the_commits_that_only_the_later_one_includes(here: Path) -> None:
    base, topic, head = branched(here)

    found = GitHistory(here).between([(base, head), (topic, head), (head, head)])

    assert subjects(found[base, head])[1] == []
    assert sorted(subjects(found[base, head])[0]) == ["Meanwhile", "Merge topic", "Topic"]
    assert sorted(subjects(found[topic, head])[0]) == ["Meanwhile", "Merge topic"]
    assert found[head, head] == CommitsBetween(added=())


def test_between_lists_the_commits_that_would_be_lost(here: Path) -> None:
    base, topic, head = branched(here)
    git(here, "switch", "--quiet", "-c", "other", base)
    other = commit(here, "Other")

    found = GitHistory(here).between([(head, base), (topic, other)])

    assert sorted(subjects(found[head, base])[1]) == ["Meanwhile", "Merge topic", "Topic"]
    assert subjects(found[head, base])[0] == []
    assert subjects(found[topic, other]) == (["Other"], ["Topic"])


def test_commit_has_author_date_parents_and_body(here: Path) -> None:
    base, topic, head = branched(here)

    found = GitHistory(here).commit("HEAD")

    assert found is not None
    assert found.commit == head
    assert found.author == "A"
    assert found.parents[1] == topic
    assert found.date.utcoffset() is not None
    assert (found.subject, found.body) == ("Merge topic", "See merge request !7")
    assert base not in found.parents


@pytest.mark.parametrize("name", ["main", "v1", "HEAD"])
def test_commit_has_the_names_that_git_knows(name: str, here: Path) -> None:
    full = commit(here, "Begin")
    git(here, "tag", "v1")

    for text in (name, full, full[:7]):
        found = GitHistory(here).commit(text)
        assert found is not None
        assert found.commit == full


@pytest.mark.parametrize("name", ["", " ", "--all", "-n1", "no-such-branch", UNKNOWN, "HEAD:file"])
def test_other_text_names_no_commit(name: str, here: Path) -> None:
    commit(here, "Begin")

    assert GitHistory(here).commit(name) is None


def test_branch_of_the_remote_needs_no_local_branch(here: Path, cloned: Path) -> None:
    git(here, "switch", "--quiet", "-c", "topic")
    topic = commit(here, "Topic")

    found = GitHistory(cloned).commit("topic")

    assert found is not None
    assert found.commit == topic


def test_commits_that_begin_with_a_text_are_listed(here: Path) -> None:
    commits = many_commits(here, 1000)
    several = next(same for same in commits_by_beginning(commits).values() if len(same) > 1)
    history = GitHistory(here)

    assert history.commit(several[0][:4]) is None
    assert history.beginning(several[0][:4]) == several
    assert history.beginning(several[0]) == several[:1]


@pytest.mark.parametrize("text", ["HEAD", "--all", "", "abc", UNKNOWN])
def test_no_commit_begins_with_other_text(text: str, here: Path) -> None:
    commit(here, "Begin")

    assert list(GitHistory(here).beginning(text)) == []


def many_commits(directory: Path, number: int) -> list[str]:
    """Make a line of commits on main, in one call of git."""
    person = "A <a@example.org>"
    stream = "".join(
        f"commit refs/heads/main\ncommitter {person} {second} +0000\ndata 0\n"
        for second in range(1, number + 1)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=directory, input=stream, text=True, check=True)
    return git(directory, "rev-list", "main").split()


def commits_by_beginning(commits: list[str]) -> dict[str, list[str]]:
    """The commits by their first four digits."""
    found: dict[str, list[str]] = {}
    for full in sorted(commits):
        found.setdefault(full[:4], []).append(full)
    return found


def test_between_leaves_out_pairs_with_unknown_commits_or_other_text(here: Path) -> None:
    known = commit(here, "Begin")

    assert GitHistory(here).between([(known, UNKNOWN), (UNKNOWN, known), ("main", known)]) == {}


def test_between_fetches_missing_commits(here: Path, cloned: Path) -> None:
    base = git(cloned, "rev-parse", "HEAD")
    later = commit(here, "Later")

    found = GitHistory(cloned).between([(base, later)])

    assert subjects(found[base, later]) == (["Later"], [])


def test_between_accepts_abbreviated_commits(here: Path) -> None:
    base, head = commit(here, "Begin"), commit(here, "Later")

    assert subjects(GitHistory(here).between([(base[:7], head[:9])])[base[:7], head[:9]]) == (["Later"], [])


def shallow_clone(source: Path, path: Path) -> Path:
    git(path.parent, "clone", "--quiet", "--no-single-branch", "--depth=1", f"file://{source}", path.name)
    return path


def test_shallow_clone_is_deepened_where_it_lacks_the_history(here: Path, tmp_path: Path) -> None:
    base, _, head = branched(here)
    git(here, "branch", "old", base)
    clone = shallow_clone(here, tmp_path / "shallow")

    found = GitHistory(clone).between([(base, head)])

    assert subjects(found[base, head])[1] == []
    assert len(found[base, head].added) == 3


def test_shallow_clone_that_cannot_be_deepened_knows_no_difference(here: Path, tmp_path: Path) -> None:
    base, _, head = branched(here)
    git(here, "branch", "old", base)
    clone = shallow_clone(here, tmp_path / "shallow")
    git(clone, "remote", "set-url", "origin", str(tmp_path / "gone"))

    assert GitHistory(clone).between([(base, head)]) == {}
    assert GitHistory(clone).including(base, [head]) == {}


def test_including_tells_which_commits_come_after_a_commit(here: Path) -> None:
    base, topic, head = branched(here)
    git(here, "switch", "--quiet", "-c", "other", base)
    other = commit(here, "Other")

    found = GitHistory(here).including(topic, [base, topic, head, other, UNKNOWN])

    assert found == {base: False, topic: True, head: True, other: False}


def test_including_knows_nothing_of_an_unknown_commit(here: Path) -> None:
    known = commit(here, "Begin")

    assert GitHistory(here).including(UNKNOWN, [known]) == {}


@pytest.mark.parametrize("names", [["origin"], ["fork"], ["fork", "origin"]])
def test_remote_url_is_that_of_origin_or_of_the_first_remote(names: list[str], here: Path) -> None:
    for name in names:
        git(here, "remote", "add", name, f"git@example.org:{name}.git")

    assert GitHistory(here).remote_url() == f"git@example.org:{names[-1]}.git"


def test_repository_without_remotes_has_no_remote_url(here: Path) -> None:
    assert GitHistory(here).remote_url() is None


def test_nothing_is_known_outside_of_a_repository(tmp_path: Path) -> None:
    history = GitHistory(tmp_path)

    assert not history.exists()
    assert list(history.beginning(UNKNOWN)) == []
    assert history.first_parents(UNKNOWN, 10) == ()
    assert not history.shallow()
    assert history.commit("HEAD") is None
    assert history.between([(UNKNOWN, UNKNOWN)]) == {}
    assert history.including(UNKNOWN, [UNKNOWN]) == {}
    assert history.remote_url() is None


def test_commits_with_odd_text_are_read(here: Path) -> None:
    base = commit(here, "Begin")
    odd = commit(here, "one\u2028two\x0bthree > < %x00")

    found = GitHistory(here).between([(base, odd)])

    assert subjects(found[base, odd])[0] == ["one\u2028two\x0bthree > < %x00"]


def test_repository_of_sha256_works_too(tmp_path: Path) -> None:
    directory = tmp_path / "sha256"
    directory.mkdir()
    git(directory, "init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    base, head = commit(directory, "Begin"), commit(directory, "Later")

    assert subjects(GitHistory(directory).between([(base, head)])[base, head]) == (["Later"], [])


def test_newest_is_the_commit_that_includes_all_others_whatever_the_dates(here: Path) -> None:
    base, topic, head = branched(here)
    history = GitHistory(here)

    assert history.newest([topic, head, base]) == head
    assert history.newest([base[:7], topic[:7]]) == topic[:7]
    assert history.newest([base]) == base


def test_newest_is_unknown_of_commits_on_two_branches(here: Path) -> None:
    base, topic, _ = branched(here)
    git(here, "switch", "--quiet", "-c", "other", base)
    other = commit(here, "Other")

    assert GitHistory(here).newest([topic, other]) is None
    assert GitHistory(here).newest([base, topic, other]) is None


@pytest.mark.parametrize("stranger", [UNKNOWN, "1.2", "--all", "0" * 64])
def test_newest_is_unknown_if_git_lacks_a_commit(here: Path, stranger: str) -> None:
    base, topic, _ = branched(here)

    assert GitHistory(here).newest([base, topic, stranger]) is None


def test_newest_is_unknown_outside_of_a_repository(tmp_path: Path) -> None:
    assert GitHistory(tmp_path).newest(["a" * 40, "b" * 40]) is None


def test_first_parents_leave_out_merged_branches_and_begin_with_the_commit(here: Path) -> None:
    base, topic, head = branched(here)
    meanwhile = git(here, "rev-parse", "HEAD^1")
    history = GitHistory(here)

    assert history.exists()
    assert history.first_parents(head, 10) == (head, meanwhile, base)
    assert history.first_parents(head[:8], 2) == (head, meanwhile)
    assert history.first_parents(topic, 10) == (topic, base)


@pytest.mark.parametrize("text", [UNKNOWN, "HEAD", "--all", ""])
def test_first_parents_are_known_of_ids_of_known_commits_only(text: str, here: Path) -> None:
    commit(here, "Begin")

    assert GitHistory(here).first_parents(text, 10) == ()


def test_deepen_gets_the_whole_history_of_a_shallow_clone(here: Path, tmp_path: Path) -> None:
    base, _, head = branched(here)
    history = GitHistory(shallow_clone(here, tmp_path / "shallow"))
    assert history.shallow()
    assert history.first_parents(head, 10) == (head,)

    history.deepen()

    assert not history.shallow()
    assert history.first_parents(head, 10)[-1] == base


def test_deepen_fetches_new_commits_of_a_full_clone(here: Path, cloned: Path) -> None:
    later = commit(here, "Later")
    history = GitHistory(cloned)
    assert not history.shallow()

    history.deepen()

    assert git(cloned, "rev-parse", "origin/main") == later


def test_deepen_fetches_once(cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)
    history = GitHistory(cloned)

    history.deepen()
    history.deepen()
    history.subjects([UNKNOWN])

    assert fetches(log) == 1


def test_deepen_tries_once_more_and_longer_after_a_fetch_that_failed(
    cloned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(cloned, "remote", "set-url", "origin", str(tmp_path / "gone"))
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)
    history = GitHistory(cloned)

    history.subjects([UNKNOWN])
    history.deepen()
    history.deepen()
    history.subjects([UNKNOWN])

    assert fetches(log) == 2


def test_deepen_stops_when_its_time_is_over(cloned: Path, tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexec sleep 600\n")
    ssh.chmod(0o755)
    git(cloned, "config", "core.sshCommand", str(ssh))
    git(cloned, "remote", "set-url", "origin", "ssh://git@host.invalid/shop.git")
    started = time.monotonic()

    GitHistory(cloned, deepen_seconds=0.5).deepen()

    assert time.monotonic() - started < 60


def fetches(log: Path) -> int:
    return sum(" fetch " in f" {line} " for line in log.read_text().splitlines())
