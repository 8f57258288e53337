"""Judges a task that has ended: whether the container that counts succeeded, with the images of the release."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest
from weco_deploy.model.planned_task import PlannedTask
from weco_deploy.model.service import Container, Task


def counted_container(task: Task, planned: PlannedTask) -> Container | None:
    return next(
        (container for container in task.containers if container.name == planned.container.name), None
    )


def why_failed(task: Task, planned: PlannedTask) -> str:
    """Why a task that has stopped did not succeed; empty if it did."""
    wrong = _wrong_image(task, planned)
    counted = counted_container(task, planned)
    if counted is None or counted.exit_code is None:
        reason = (counted.reason if counted else "") or task.stopped_reason or "ECS gives no reason"
        return f"its container {planned.container.name} did not run: {reason}"
    if counted.exit_code != 0:
        ended = counted.reason or task.stopped_reason
        text = f"exit code {counted.exit_code}" + (f": {ended}" if ended else "")
        return f"{text}; {wrong}" if wrong else text
    return wrong


def _wrong_image(task: Task, planned: PlannedTask) -> str:
    """Which container did not run the release; also if it does not tell which image it ran, because that proves nothing."""
    defined = {container.name: container.image for container in planned.definition.containers}
    for container in task.containers:
        for image in planned.expected:
            if not image.concerns(defined.get(container.name, container.image)):
                continue
            if container.digest is None and container.name == planned.container.name:
                return f"ECS does not tell which image its container {container.name} ran"
            if container.digest is not None and container.digest not in image.digests:
                return (
                    f"its container {container.name} ran {short_digest(container.digest)} of {image.image_id}, "
                    "which is not the release's"
                )
    return ""
