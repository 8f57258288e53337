"""Decides which commits differ between two sets of image versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.results import ChangedCommit
from weco_deploy.model.web_repository import pull_request_number

Versions = Mapping[str, ImageVersion | None]
Pair = tuple[str, str]


def pairs(base: Versions, head: Versions) -> dict[str, Pair]:
    """By image id, the commits of the images that both sides have in different versions."""
    return {
        image_id: (before.commit, now.commit)
        for image_id, now in head.items()
        if now is not None and (before := base.get(image_id)) is not None and not same(before, now)
    }


def same(before: ImageVersion | None, now: ImageVersion | None) -> bool:
    """Whether two versions are the same code: the same image, or images of the same commit."""
    if before is None or now is None:
        return before is now
    return before.commit == now.commit or (before.digest is not None and before.digest == now.digest)


def unknown(base: Versions, head: Versions, between: Mapping[Pair, CommitsBetween]) -> dict[str, str]:
    """By image id, why the commits of an image that changed are not known."""
    reasons = {}
    for image_id in dict.fromkeys((*base, *head)):
        before, now = base.get(image_id), head.get(image_id)
        if same(before, now):
            continue
        if before is None:
            reasons[image_id] = "it is new there"
        elif now is None:
            reasons[image_id] = "it would be missing there"
        elif (before.commit, now.commit) not in between:
            reasons[image_id] = (
                f"the git repository here doesn't know how {before.commit[:7]} and {now.commit[:7]} are related"
            )
    return reasons


def added(pairs: Mapping[str, Pair], between: Mapping[Pair, CommitsBetween]) -> tuple[ChangedCommit, ...]:
    """The commits that only the head has, each once, newest first."""
    return _merged((image_id, between[pair].added) for image_id, pair in pairs.items() if pair in between)


def lost(pairs: Mapping[str, Pair], between: Mapping[Pair, CommitsBetween]) -> tuple[ChangedCommit, ...]:
    """The commits that only the base has, each once, newest first."""
    return _merged((image_id, between[pair].lost) for image_id, pair in pairs.items() if pair in between)


def _merged(listed: Iterable[tuple[str, Iterable[Commit]]]) -> tuple[ChangedCommit, ...]:
    commits: dict[str, Commit] = {}
    images: dict[str, list[str]] = {}
    for image_id, found in listed:
        for commit in found:
            commits[commit.commit] = commit
            images.setdefault(commit.commit, []).append(image_id)
    changed = [
        ChangedCommit(
            commit=commit,
            images=tuple(images[name]),
            pull_request=pull_request_number(commit.subject, commit.body),
        )
        for name, commit in commits.items()
    ]
    # A stable sort: git's own order of commits with the same date stays.
    return tuple(sorted(changed, key=lambda change: change.commit.date, reverse=True))
