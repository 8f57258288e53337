"""Where a rollback goes."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.deployment import PRESUMED_GOOD, Deployment, Kind
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord


def rollback_target(record: EnvironmentRecord, deployments: Sequence[Deployment]) -> DeployedRelease | None:
    """The deployment whose release to go back to, None if there is none.

    `deployments` are the environment's, the newest first, the current one among them. It is the last good
    one if the current release did not succeed (of 5.x's the last, if none of ours was good); else, among
    those that worked, the next one before the current one's that has another release. Rollbacks are left out, so that a second rollback goes further
    back, never forward again.
    """
    current = record.current
    if current is None:
        return None
    worked = [one for one in deployments if one.status in PRESUMED_GOOD]
    if current.status not in PRESUMED_GOOD:
        return record.good or next(map(DeployedRelease.of, worked), None)
    line = [one for one in worked if one.kind is not Kind.ROLLBACK]
    place = 1
    for rollback in reversed(_rollbacks_since(worked)):
        place = _further(line, rollback, place)
    for one in line[place:]:
        if one.release_id != current.release_id:
            return DeployedRelease.of(one)
    return None


def _rollbacks_since(worked: Sequence[Deployment]) -> list[Deployment]:
    """The rollbacks since the last deployment that was none, the newest first."""
    newest = next((at for at, one in enumerate(worked) if one.kind is not Kind.ROLLBACK), len(worked))
    return list(worked[:newest])


def _further(line: Sequence[Deployment], rollback: Deployment, place: int) -> int:
    """From where on in the line the next rollback finds what is further back, after this one.

    One to a release that is not in the line has only taken the place of what it went back from.
    """
    places = [at for at, one in enumerate(line) if _restores(rollback, one)]
    ahead = [at for at in places if at >= place]
    return (ahead or places)[0] + 1 if places else place


def _restores(rollback: Deployment, earlier: Deployment) -> bool:
    """Whether a rollback went back to that deployment: to its release, or to one made of its images and more."""
    same = bool(earlier.images) and all(
        image_id in rollback.images and rollback.images[image_id].to_digest == change.to_digest
        for image_id, change in earlier.images.items()
    )
    return same or rollback.release_id == earlier.release_id


def still_to_do(current: Deployment) -> bool:
    """Whether this is a rollback that did not succeed: the same words again mean the same release again.

    What was good last is what it leaves: that would be forward again.
    """
    return current.kind is Kind.ROLLBACK and current.status not in PRESUMED_GOOD
