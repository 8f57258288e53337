"""Decides what speaks against a plan whose images don't certainly move forward in git's history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.direction import Backwards, Direction
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import PlannedImage
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest

SHORT_COMMIT = 7
"""How many digits of a commit people see."""


def policy(environment: Environment, request: DeployRequest) -> Backwards:
    """Whether the request's images may go backwards: as the project file says, but a rollback always may."""
    if request.kind is Kind.ROLLBACK:
        return Backwards.ALLOW
    if environment.backwards is Backwards.REFUSE and request.override_gate is not None:
        return Backwards.WARN
    return environment.backwards


def concerns(images: Iterable[PlannedImage], branch: str | None) -> tuple[str, ...]:
    """What speaks against images that don't certainly move forward, a line for each reason."""
    changing = [image for image in images if image.moves]
    moving = {image.image_id: image.direction for image in changing}
    back = [
        f"{image.image_id} ({_distance(image)})"
        for image in changing
        if image.direction.direction in (Direction.BEHIND, Direction.DIVERGED)
    ]
    off = [image_id for image_id, found in moving.items() if found.direction is Direction.OFF_BRANCH]
    unknown: dict[str, list[str]] = {}
    for image_id, found in moving.items():
        if found.direction is Direction.UNKNOWN:
            unknown.setdefault(found.why, []).append(image_id)
    lines = []
    if back:
        lines.append(f"would go backwards: {', '.join(back)}")
    if off:
        lines.append(f"built from commits that are not on {branch}: {', '.join(off)}")
    for why, image_ids in unknown.items():
        whose = "all images that change" if len(image_ids) == len(moving) > 1 else ", ".join(image_ids)
        lines.append(f"direction unknown of {whose}: {why}")
    return tuple(lines)


def _distance(image: PlannedImage) -> str:
    """`b2c3d4e is 3 commits behind a1b2c3d`: the release's commit, and the environment's. Both are known."""
    new, old = image.to_commit[:SHORT_COMMIT], (image.from_commit or "")[:SHORT_COMMIT]
    found = image.direction
    if found.direction is Direction.DIVERGED:
        return f"{new} and {old} have diverged"
    if found.commits is None:
        return f"{new} is behind {old}"
    return f"{new} is {found.commits} {'commit' if found.commits == 1 else 'commits'} behind {old}"


def overtaken_by(
    images: Iterable[PlannedImage], deployments: Iterable[Deployment], began: datetime
) -> Deployment | None:
    """The newest of the deployments that made this run obsolete; None if it is not obsolete.

    It is if each of its images is the environment's already, or older than one that another deployment brought since the run
    began, and that worked. A rollback makes nothing obsolete.

    Args:
        images: what the run would deploy.
        deployments: those to the environment, the newest first.
        began: when the run began (UTC).

    """
    changing = [image for image in images if image.moves]
    if not changing or any(
        image.direction.direction not in (Direction.SAME, Direction.BEHIND) for image in changing
    ):
        return None
    since = [deployment for deployment in deployments if deployment.date_created >= began]
    newer = {}
    for image in changing:
        brought = next((found for found in since if image.image_id in found.images), None)
        if brought is None or not _brought(brought, image):
            return None
        newer[brought.deployment_id] = brought
    return max(newer.values(), key=lambda deployment: deployment.date_created)


def _brought(deployment: Deployment, image: PlannedImage) -> bool:
    """Whether the deployment brought what the environment has of an image, and it worked."""
    change = deployment.images[image.image_id]
    return (
        deployment.kind is not Kind.ROLLBACK
        and change.applied
        and change.to_digest == image.from_digest
        and deployment.worked(image.image_id)
    )
