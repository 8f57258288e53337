"""Finds that our deployment runs other images than the release's: somebody changed the task definition after the plan read it.

That takes a moment, unless the tool waits for a replica before it redeploys.
"""

from __future__ import annotations

from weco_deploy.model.service import EcsDeployment, ServiceView
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.identity import surely_belongs
from weco_deploy.rules.rollout.track import Track


def other_images(track: Track, view: ServiceView, ours: EcsDeployment) -> str:
    """Which images the tasks of our deployment run in place of all of the release's; empty if that is not certain."""
    expected = track.service.expected
    containers = [
        container
        for task in running_tasks(view)
        if surely_belongs(task, ours)
        for container in task.containers
    ]
    unclear = any(
        container.named_by_digest or image.concerns(container.image)
        for container in containers
        for image in expected
    )
    if not containers or unclear:
        return ""
    images = sorted({container.image for container in containers})
    return f"its tasks run {', '.join(images)}: somebody changed its task definition after it was planned"
