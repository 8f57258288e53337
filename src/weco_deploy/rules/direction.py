"""Decides which way images move in git's history.

A path from one commit to another counts wherever it is found. That there is none counts only in a complete history, and
that a commit is not on the branch only if the branch was just fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from weco_deploy.model.commits import Commit
from weco_deploy.model.direction import SAME, Ancestry, Direction, ImageCommits, ImageDirection
from weco_deploy.model.tags import is_commit

NO_COMMIT = "nothing names the commit of the image that is there now"
NOT_COMMITS = "its version is not named after a commit"
MISSING = "the git repository here does not have its commits"
SHALLOW = "the git repository here is a shallow clone, which does not show how its commits are related"
NO_NEWEST = "it has several commits, and git can't tell which of them is the newest"
NO_BRANCH = "the git repository here has no branch {branch} of its remote"
STALE_BRANCH = "its commit was not on {branch} when that was last fetched, and it can't be fetched now"
AHEAD = ImageDirection(direction=Direction.AHEAD)


def commits_to_compare(images: Iterable[ImageCommits], branch: str | None) -> tuple[str, ...]:
    """The commits whose ancestry decides; none if nothing has to be compared."""
    compared: dict[str, None] = {}
    for image in images:
        before = image.before or ()
        if all(map(is_commit, (*before, *image.after))) and (before or (image.before is None and branch)):
            compared |= dict.fromkeys((*before, *image.after))
    return tuple(compared)


def directions(
    images: Mapping[str, ImageCommits], branch: str | None, ancestry: Ancestry
) -> dict[str, ImageDirection]:
    """The direction of each image that changes, by image id. `branch` is the project's, if it names one."""
    graph = _Graph(ancestry)
    return {image_id: _direction(image, branch, graph) for image_id, image in images.items()}


class _Unknown(Exception):
    def __init__(self, why: str, *, fetch_may_tell: bool = False) -> None:
        super().__init__(why)
        self.direction = ImageDirection(direction=Direction.UNKNOWN, why=why, fetch_may_tell=fetch_may_tell)


class _Graph:
    """Which of the commits in question include which commits.

    Each of them has a bit, and every commit the bits of those that include it.
    """

    def __init__(self, ancestry: Ancestry) -> None:
        self.ancestry = ancestry
        heads = dict.fromkeys(ancestry.ids.values())
        if ancestry.branch:
            heads[ancestry.branch] = None
        self._bits = {head: 1 << at for at, head in enumerate(heads)}
        self._included_in = dict(self._bits)
        for commit in ancestry.commits:
            bits = self._included_in.setdefault(commit.commit, 0)
            for parent in commit.parents:
                self._included_in[parent] = self._included_in.get(parent, 0) | bits

    def includes(self, later: str, earlier: str) -> bool:
        """Whether there is a path from one commit in question to another one."""
        return bool(self._included_in[earlier] & self._bits[later])

    def only_in(self, this: str, other: str) -> tuple[Commit, ...]:
        """The commits that one of two commits in question includes, and the other does not, newest first."""
        here, there = self._bits[this], self._bits[other]
        bits = self._included_in
        return tuple(
            commit
            for commit in self.ancestry.commits
            if bits[commit.commit] & here and not bits[commit.commit] & there
        )

    def newest(self, commits: Sequence[str]) -> str:
        """The full id of the commit that includes all others of an image."""
        if self.ancestry.problem:
            raise _Unknown(self.ancestry.problem)
        if not all(map(is_commit, commits)):
            raise _Unknown(NOT_COMMITS)
        full = [self.ancestry.ids[commit] for commit in commits if commit in self.ancestry.ids]
        if len(full) < len(commits):
            raise _Unknown(MISSING, fetch_may_tell=True)
        for candidate in full:
            if all(self.includes(candidate, other) for other in full):
                return candidate
        raise _Unknown(NO_NEWEST, fetch_may_tell=self.ancestry.shallow)


def _direction(image: ImageCommits, branch: str | None, graph: _Graph) -> ImageDirection:
    if image.before and set(image.before) == set(image.after):
        return SAME
    try:
        if image.before is None:
            if branch is None:
                return AHEAD
            relation, after = AHEAD, graph.newest(image.after)
        elif not image.before:
            raise _Unknown(NO_COMMIT)
        elif not all(map(is_commit, (*image.before, *image.after))):
            raise _Unknown(NOT_COMMITS)
        else:
            before, after = graph.newest(image.before), graph.newest(image.after)
            relation = _relation(before, after, graph)
        if (
            relation.direction is not Direction.SAME
            and branch is not None
            and not _on_branch(after, branch, graph)
        ):
            return replace(relation, direction=Direction.OFF_BRANCH, commits=None)
    except _Unknown as unknown:
        return unknown.direction
    return relation


def _relation(before: str, after: str, graph: _Graph) -> ImageDirection:
    if before == after:
        return SAME
    # In a shallow clone some commits of the path may be missing from the number.
    shallow = graph.ancestry.shallow
    lost = graph.only_in(before, after)
    if graph.includes(after, before):
        if shallow:
            return AHEAD
        added = graph.only_in(after, before)
        return ImageDirection(direction=Direction.AHEAD, commits=len(added), added=added)
    if graph.includes(before, after):
        return ImageDirection(direction=Direction.BEHIND, commits=None if shallow else len(lost), lost=lost)
    if shallow:
        raise _Unknown(SHALLOW, fetch_may_tell=True)
    return ImageDirection(direction=Direction.DIVERGED, added=graph.only_in(after, before), lost=lost)


def _on_branch(commit: str, branch: str, graph: _Graph) -> bool:
    tip = graph.ancestry.branch
    if tip is None:
        raise _Unknown(NO_BRANCH.format(branch=branch), fetch_may_tell=True)
    if graph.includes(tip, commit):
        return True
    if graph.ancestry.shallow:
        raise _Unknown(SHALLOW, fetch_may_tell=True)
    if not graph.ancestry.fetched:
        raise _Unknown(STALE_BRANCH.format(branch=branch), fetch_may_tell=True)
    return False
