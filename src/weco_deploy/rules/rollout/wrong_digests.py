"""Finds that our deployment runs other digests than the release's, by its tasks or else by the service revision."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest
from weco_deploy.model.service import EcsDeployment, ServiceView
from weco_deploy.rules.digests import Match, compare, running_tasks, wrong_container, wrongly_resolved
from weco_deploy.rules.rollout.identity import belongs, surely_belongs
from weco_deploy.rules.rollout.steady_state import in_steady_state
from weco_deploy.rules.rollout.track import Track

CAUSES = (
    ": somebody may have moved the tag before ECS resolved it, the instance may have used an image that it had pulled before "
    "(ECS_IMAGE_PULL_BEHAVIOR), or the containers are not pinned to digests (versionConsistency)"
)
"""The likely causes of a wrong digest. Nothing tells which one it is."""


def wrong_digest(track: Track, view: ServiceView, ours: EcsDeployment) -> str:
    """Which other digest our deployment runs, and why it may; empty if none is known."""
    expected = track.service.expected
    new = (task for task in running_tasks(view) if surely_belongs(task, ours))
    if wrong := wrong_container(new, expected):
        task, container, image = wrong
        found = short_digest(container.digest or "")
        return f"task {task.id} runs {found} of {image.image_id}, which is not the release's{CAUSES}"
    if lacks_digests(track, view) and (resolved := wrongly_resolved(view.resolved or (), expected)):
        revised, image = resolved
        found = short_digest(revised.digest or "")
        return f"its deployment resolved {image.image_id} to {found}, which is not the release's{CAUSES}"
    return ""


def lacks_digests(track: Track, view: ServiceView) -> bool:
    """Whether the running tasks of ours don't tell which digests they run, so that the service revision is read.

    So a wrong digest is known while old tasks still run. In steady state all running tasks must tell.
    """
    ours = view.service.primary
    if ours is None or ours.id != track.deployment_id or view.tasks is None or not view.service.running:
        return False
    if in_steady_state(view.service):
        return compare(running_tasks(view), track.service.expected) is Match.UNKNOWN
    new = [task for task in running_tasks(view) if belongs(task, ours)]
    return bool(new) and compare(new, track.service.expected) is Match.UNKNOWN
