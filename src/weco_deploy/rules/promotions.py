"""Decides what waits to be promoted from one environment to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from weco_deploy.model.commits import CommitsBetween
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Project
from weco_deploy.model.status import EnvironmentStatus, KnownBad, Version, Waiting
from weco_deploy.rules.changes import Pair, added, lost
from weco_deploy.rules.gates import source_refusal
from weco_deploy.rules.known_bad import incident

STAGE, PROD = "stage", "prod"


class Route(NamedTuple):
    """From where to where releases are promoted: ids of environments."""

    source: str
    target: str


def promotions(project: Project) -> tuple[Route, ...]:
    """The routes that environments require; without any, the one from stage to prod."""
    known = {environment.id for environment in project.environments}
    required = tuple(
        Route(source, environment.id)
        for environment in project.environments
        for source in environment.requires
        if source in known
    )
    if not required and {STAGE, PROD} <= known:
        return (Route(STAGE, PROD),)
    return required


def commits_to_compare(source: EnvironmentStatus, target: EnvironmentStatus) -> Iterator[Pair]:
    """The pairs of commits (in the target, in the source) of images that differ, where both are known."""
    for _, before, now in _differing(source, target):
        if before is not None and before.commit and now.commit:
            yield before.commit, now.commit


def promotion_refusal(record: EnvironmentRecord, project: Project) -> str:
    """Why `promote` would refuse to take the release from the environment with this record; empty if it would not."""
    if record.current is None:
        return f"nothing was deployed to {record.environment} yet"
    return source_refusal(record, {image.id for image in project.images}) or ""


def waiting(
    source: EnvironmentStatus,
    target: EnvironmentStatus,
    between: Mapping[Pair, CommitsBetween],
    refused: str = "",
) -> Waiting | None:
    """What a promotion would bring, with each commit counted once; None if nothing differs.

    `between` has the commits of the pairs that git knows. `refused` is why `promote` would refuse it.
    """
    differing = list(_differing(source, target))
    if not differing:
        return None
    pairs = {
        image_id: (before.commit or "", now.commit or "") if before else ("", "")
        for image_id, before, now in differing
    }
    unknown = tuple(image_id for image_id, pair in pairs.items() if pair not in between)
    git_knows = len(unknown) < len(pairs)
    added_commits, lost_commits = added(pairs, between), lost(pairs, between)
    return Waiting(
        source=source.environment,
        target=target.environment,
        images=tuple(pairs),
        commits=len(added_commits) if git_knows else None,
        lost=len(lost_commits) if git_knows else None,
        unknown=unknown,
        release_id=source.deployment.release_id if source.deployment else None,
        refused=refused,
        added_commits=added_commits,
        lost_commits=lost_commits,
    )


def known_bad_waiting(
    waits: Waiting, source: EnvironmentStatus, history: Sequence[Deployment]
) -> Iterator[KnownBad]:
    """The waiting images that failed in the target before, or were rolled back from it. `history` is the target's."""
    versions = _versions(source)
    for image_id in waits.images:
        version = versions[image_id]
        known = incident(image_id, version.digest, history)
        if known is not None:
            yield KnownBad(
                image_id=image_id,
                version=version,
                failed=known.failed,
                deployment=known.deployment,
                there=False,
            )


def _versions(state: EnvironmentStatus) -> dict[str, Version]:
    return {image.image_id: image.expected for image in state.images if image.expected is not None}


def _differing(
    source: EnvironmentStatus, target: EnvironmentStatus
) -> Iterator[tuple[str, Version | None, Version]]:
    """The images of the source that the target has in another version, or lacks."""
    there = _versions(target)
    for image_id, version in _versions(source).items():
        before = there.get(image_id)
        same_commit = before is not None and before.commit is not None and before.commit == version.commit
        if before is None or (before.digest != version.digest and not same_commit):
            yield image_id, before, version
