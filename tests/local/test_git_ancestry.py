"""Directions of images in real histories, with the real git."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import pytest

from tests.local.test_git import UNKNOWN, cloned, commit, git, here, log_git_calls, without_git_configuration
from weco_deploy.local.git import NO_REPOSITORY, GitHistory
from weco_deploy.model.direction import Ancestry, Direction, ImageCommits, ImageDirection
from weco_deploy.rules.direction import (
    MISSING,
    NO_BRANCH,
    NO_NEWEST,
    SHALLOW,
    STALE_BRANCH,
    commits_to_compare,
    directions,
)

__all__ = ["cloned", "here", "without_git_configuration"]


def direction(
    history: GitHistory,
    before: str | tuple[str, ...] | None,
    after: str | tuple[str, ...],
    branch: str | None = None,
) -> ImageDirection:
    """The direction of one image, as this history has it without a fetch."""
    image = ImageCommits(
        before=(before,) if isinstance(before, str) else before,
        after=(after,) if isinstance(after, str) else after,
    )
    ancestry = history.ancestry(commits_to_compare([image], branch), branch)
    return directions({"web": image}, branch, ancestry)["web"]


def grown(directory: Path, seed: int) -> list[str]:
    """The commits of a small history with branches and merges, the oldest first."""
    chance = random.Random(seed)  # noqa: S311  # small histories that a failure can be repeated with
    commits: list[str] = [commit(directory, "0")]
    tree = git(directory, "rev-parse", "HEAD^{tree}")
    for number in range(1, 9):
        parents = chance.sample(commits, min(len(commits), chance.choice((0, 1, 1, 1, 1, 2))))
        arguments = [word for parent in parents for word in ("-p", parent)]
        # Dates say nothing: a rebase or a wrong clock makes a child older than its parent.
        git(directory, "config", "user.name", f"{chance.random()}")
        commits.append(git(directory, "commit-tree", tree, "-m", str(number), *arguments))
    return commits


def lists(directory: Path, *arguments: str) -> list[str]:
    return git(directory, "rev-list", *arguments).split()


@pytest.mark.parametrize("seed", range(6))
def test_direction_of_any_two_commits_is_what_git_itself_says_of_them(seed: int, here: Path) -> None:
    commits = grown(here, seed)
    pairs = list(permutations(commits, 2))
    images = {f"{a} {b}": ImageCommits(before=(a,), after=(b,)) for a, b in pairs}
    reachable = {commit: set(lists(here, commit)) for commit in commits}  # with the commit itself

    found = directions(images, None, GitHistory(here).ancestry(commits))

    for before, after in pairs:
        lost, added = reachable[before] - reachable[after], reachable[after] - reachable[before]
        image = found[f"{before} {after}"]
        assert {one.commit for one in image.lost} == lost
        if before in reachable[after]:
            assert (image.direction, image.commits) == (Direction.AHEAD, len(added))
        elif after in reachable[before]:
            assert (image.direction, image.commits) == (Direction.BEHIND, len(lost))
        else:
            assert (image.direction, image.commits) == (Direction.DIVERGED, None)


@pytest.mark.parametrize("seed", range(6))
def test_what_two_commits_are_to_each_other_does_not_depend_on_what_else_is_compared(
    seed: int, here: Path
) -> None:
    commits = grown(here, seed)
    history = GitHistory(here)
    all_of_them = history.ancestry(commits)

    for before, after in permutations(commits[::2], 2):
        image = {"web": ImageCommits(before=(before,), after=(after,))}
        alone = directions(image, None, history.ancestry([before, after]))["web"]
        among_others = directions(image, None, all_of_them)["web"]
        assert (alone.direction, alone.commits) == (among_others.direction, among_others.commits)
        assert {one.commit for one in alone.lost} == {one.commit for one in among_others.lost}


def test_lost_commits_are_listed_newest_first(here: Path) -> None:
    before, *lost = (commit(here, str(number)) for number in range(4))

    found = direction(GitHistory(here), lost[-1], before)

    assert [one.commit for one in found.lost] == lost[::-1]
    assert [one.subject for one in found.lost] == ["3", "2", "1"]


def test_same_commit_under_a_shorter_name_is_the_same(here: Path) -> None:
    only = commit(here, "Begin")

    assert direction(GitHistory(here), only[:8], only) == ImageDirection(direction=Direction.SAME, commits=0)


def test_commit_that_the_repository_lacks_is_unknown(here: Path) -> None:
    known = commit(here, "Begin")

    for found in (
        direction(GitHistory(here), known, UNKNOWN),
        direction(GitHistory(here), UNKNOWN, known),
    ):
        assert (found.direction, found.why) == (Direction.UNKNOWN, MISSING)
        assert found.fetch_may_tell


def test_without_a_repository_everything_is_unknown(tmp_path: Path) -> None:
    found = direction(GitHistory(tmp_path), UNKNOWN, "e1" * 20)

    assert (found.direction, found.why) == (Direction.UNKNOWN, NO_REPOSITORY)
    assert not found.fetch_may_tell


def test_without_git_everything_is_unknown(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = commit(here, "Begin"), commit(here, "Later")
    monkeypatch.setenv("PATH", "")

    assert direction(GitHistory(here), before, after).direction is Direction.UNKNOWN


# Several commits on one digest.


def test_image_of_several_commits_is_of_the_newest_by_ancestry(here: Path) -> None:
    first, second, third = (commit(here, text) for text in ("one", "two", "three"))
    history = GitHistory(here)

    assert direction(history, (first, third), second).direction is Direction.BEHIND
    assert direction(history, (first, second), third).commits == 1
    assert direction(history, (third, first), (second, third)).direction is Direction.SAME


def test_image_of_several_commits_without_a_newest_is_unknown(here: Path) -> None:
    base = commit(here, "Begin")
    one = commit(here, "One")
    git(here, "switch", "--quiet", "-c", "topic", base)
    other = commit(here, "Other")

    found = direction(GitHistory(here), base, (one, other))

    assert (found.direction, found.why) == (Direction.UNKNOWN, NO_NEWEST)


# The branch, which is the remote's.


def test_commit_off_the_branch_is_so_once_the_branch_was_fetched(cloned: Path) -> None:
    before = git(cloned, "rev-parse", "HEAD")
    git(cloned, "switch", "--quiet", "-c", "topic")
    topic = commit(cloned, "Topic")
    history = GitHistory(cloned)

    stale = direction(history, before, topic, "main")
    history.deepen()
    fresh = direction(history, before, topic, "main")

    assert (stale.direction, stale.why) == (Direction.UNKNOWN, STALE_BRANCH.format(branch="main"))
    assert stale.fetch_may_tell
    assert fresh.direction is Direction.OFF_BRANCH


def test_branch_is_the_remote_s_and_not_the_local_one(here: Path, cloned: Path) -> None:
    before = git(cloned, "rev-parse", "HEAD")
    unpushed = commit(cloned, "Not pushed")
    history = GitHistory(cloned)
    history.deepen()

    assert direction(history, before, unpushed, "main").direction is Direction.OFF_BRANCH
    git(here, "switch", "--quiet", "--detach")
    git(cloned, "push", "--quiet", "origin", "main")
    assert direction(GitHistory(cloned), before, unpushed, "main").direction is Direction.AHEAD


def test_commit_on_the_branch_needs_no_fetch(here: Path, cloned: Path) -> None:
    before = git(cloned, "rev-parse", "HEAD")
    later = commit(here, "Later")
    git(cloned, "fetch", "--quiet")

    assert direction(GitHistory(cloned), before, later, "main").direction is Direction.AHEAD
    assert direction(GitHistory(cloned), later, before, "main").direction is Direction.BEHIND


def test_same_comes_before_off_branch_and_off_branch_before_diverged_and_behind(cloned: Path) -> None:
    base = git(cloned, "rev-parse", "HEAD")
    topic, further = commit(cloned, "Topic"), commit(cloned, "Further")
    git(cloned, "switch", "--quiet", "-c", "other", base)
    other = commit(cloned, "Other")
    history = GitHistory(cloned)
    history.deepen()

    assert direction(history, topic[:9], topic, "main").direction is Direction.SAME
    assert direction(history, other, topic, "main").direction is Direction.OFF_BRANCH
    back = direction(history, further, topic, "main")
    assert back.direction is Direction.OFF_BRANCH
    assert [one.subject for one in back.lost] == ["Further"]


def test_repository_without_that_branch_of_the_remote_knows_no_direction(here: Path, cloned: Path) -> None:
    base, later = git(cloned, "rev-parse", "HEAD"), commit(cloned, "Later")
    begun, more = git(here, "rev-parse", "HEAD"), commit(here, "More")

    for found, branch in (
        (direction(GitHistory(cloned), base, later, "trunk"), "trunk"),
        (direction(GitHistory(here), begun, more, "main"), "main"),
    ):
        assert (found.direction, found.why) == (Direction.UNKNOWN, NO_BRANCH.format(branch=branch))


def test_first_image_of_an_environment_is_ahead_unless_it_is_off_the_branch(cloned: Path) -> None:
    base = git(cloned, "rev-parse", "HEAD")
    git(cloned, "switch", "--quiet", "-c", "topic")
    topic = commit(cloned, "Topic")
    history = GitHistory(cloned)
    history.deepen()

    assert direction(history, None, topic) == ImageDirection(direction=Direction.AHEAD)
    assert direction(history, None, base, "main") == ImageDirection(direction=Direction.AHEAD)
    assert direction(history, None, topic, "main").direction is Direction.OFF_BRANCH


# Shallow clones.


def shallow_clone(source: Path, path: Path, depth: int) -> Path:
    git(
        path.parent,
        "clone",
        "--quiet",
        "--no-single-branch",
        f"--depth={depth}",
        f"file://{source}",
        path.name,
    )
    return path


def test_only_a_path_that_is_found_counts_in_a_shallow_clone(here: Path, tmp_path: Path) -> None:
    commits = [commit(here, str(number)) for number in range(5)]
    git(here, "branch", "old", commits[0])
    history = GitHistory(shallow_clone(here, tmp_path / "shallow", depth=2))

    ahead = direction(history, commits[3], commits[4])
    assert (ahead.direction, ahead.commits) == (Direction.AHEAD, None)
    assert direction(history, commits[4], commits[3]).direction is Direction.BEHIND
    no_path = direction(history, commits[0], commits[4])
    assert (no_path.direction, no_path.why) == (Direction.UNKNOWN, SHALLOW)
    assert direction(history, commits[1], commits[4]).why == MISSING
    assert direction(history, commits[3], commits[4], "old").why == SHALLOW


def test_deepened_clone_knows_directions_that_a_shallow_one_does_not(here: Path, tmp_path: Path) -> None:
    first, *_, last = [commit(here, str(number)) for number in range(5)]
    history = GitHistory(shallow_clone(here, tmp_path / "shallow", depth=1))
    assert direction(history, first, last).fetch_may_tell

    history.deepen()

    found = direction(history, first, last)
    assert (found.direction, found.commits) == (Direction.AHEAD, 4)
    assert [commit.subject for commit in found.added] == ["4", "3", "2", "1"]


# What it costs.


def test_number_of_git_processes_does_not_grow_with_the_number_of_images(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = [commit(here, str(number)) for number in range(30)]
    log = log_git_calls(tmp_path, tmp_path / "bin", monkeypatch)

    ancestry = GitHistory(here).ancestry(commits)

    assert len(ancestry.ids) == 30
    assert len(log.read_text().splitlines()) == 4


def test_history_before_the_common_ancestor_is_not_read(here: Path) -> None:
    commits = [commit(here, str(number)) for number in range(20)]

    ancestry: Ancestry = GitHistory(here).ancestry(commits[-3:])

    assert [one.commit for one in ancestry.commits] == commits[-2:][::-1]
