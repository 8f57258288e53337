"""Decides which commits wait too long to be promoted, from the records alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.deployment import Deployment

Pair = tuple[str, str]
"""A commit of the target, and one of the source."""


def commits_at(history: Sequence[Deployment], moment: datetime) -> dict[str, str]:
    """The commit of each image that ran in an environment at a moment. `history` is the environment's, the newest first."""
    found: dict[str, str] = {}
    for deployment in history:
        ended = deployment.date_finished
        if ended is None or ended > moment:
            continue
        for image_id, change in deployment.images.items():
            if change.to_commit and deployment.ran(image_id) and deployment.worked(image_id):
                found.setdefault(image_id, change.to_commit)
    return found


def overdue(
    between: Mapping[Pair, CommitsBetween],
    target: Mapping[str, str],
    now: Mapping[str, str],
    then: Mapping[str, str],
    known: Mapping[str, str],
) -> tuple[Commit, ...]:
    """The commits that ran in the source already then, run there still, and do not run in the target. Each comes once.

    Args:
        between: how the commits of pairs differ, for the pairs whose history git knows.
        target: the commits that were deployed to the target last, by image id.
        now: those that were deployed to the source last.
        then: those that ran there when the limit began.
        known: those that ran there when the limit of the last look began: what was overdue by then is left out.

    """
    found: dict[str, Commit] = {}
    for image_id, base in target.items():
        still = {commit.commit for commit in _added(between, base, now.get(image_id))}
        earlier = {commit.commit for commit in _added(between, base, known.get(image_id))}
        for commit in _added(between, base, then.get(image_id)):
            if commit.commit in still - earlier:
                found.setdefault(commit.commit, commit)
    return tuple(found.values())


def pairs(target: Mapping[str, str], *sources: Mapping[str, str]) -> Iterator[Pair]:
    """The pairs of commits that `overdue` compares."""
    for image_id, base in target.items():
        yield from ((base, source[image_id]) for source in sources if image_id in source)


def _added(between: Mapping[Pair, CommitsBetween], base: str, head: str | None) -> Sequence[Commit]:
    found = between.get((base, head)) if head else None
    return found.added if found else ()
