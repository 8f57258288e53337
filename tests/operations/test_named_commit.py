"""The commit that a text on the command line names, and the errors if it names none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.world import World
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import NotFound, UsageError
from weco_deploy.operations.named_commit import named_commit

OLD, NEW = "abcd" + "1" * 36, "abcd" + "2" * 36


def world_with_commits(*commits: str) -> World:
    world = World(ONE_AND_ONE)
    for number, commit in enumerate(commits):
        world.git.commit(commit, f"Step {number}", datetime(2026, 3, 1, tzinfo=UTC))
    return world


def test_abbreviation_names_its_commit() -> None:
    assert named_commit(world_with_commits(OLD, NEW).ports(), "abcd1").commit == OLD


def test_ambiguous_abbreviation_is_refused_with_the_commits_it_may_be() -> None:
    with pytest.raises(UsageError) as error:
        named_commit(world_with_commits(OLD, NEW).ports(), "abcd")

    assert error.value.message == f"'abcd' may be any of these commits: {OLD}, {NEW}"


def test_unknown_commit_is_not_found() -> None:
    with pytest.raises(NotFound, match="the git repository here has no commit 'beef'") as error:
        named_commit(world_with_commits(OLD).ports(), "beef")

    assert error.value.hint.startswith("check the spelling, run `git fetch`, ")


def test_unknown_commit_of_a_shallow_clone_points_at_the_fetch_depth() -> None:
    world = world_with_commits(OLD, NEW)
    world.git.depth = 1
    world.git.can_fetch = False

    with pytest.raises(NotFound) as error:
        named_commit(world.ports(), OLD)

    assert "fetch-depth: 0" in error.value.hint


def test_commit_that_a_shallow_clone_lacks_is_fetched() -> None:
    world = world_with_commits(OLD, NEW)
    world.git.depth = 1

    assert named_commit(world.ports(), OLD).commit == OLD


def test_directory_without_a_repository_is_refused() -> None:
    world = world_with_commits(OLD)
    world.git.exists = False

    with pytest.raises(NotFound, match="there is no git repository here") as error:
        named_commit(world.ports(), "HEAD")

    assert "clone" in error.value.hint
