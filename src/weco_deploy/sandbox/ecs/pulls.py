"""What a task pulls: tags are resolved once for a deployment, by its first task, and later tasks keep to the digests."""

from __future__ import annotations

from collections.abc import Collection

from weco_deploy.sandbox.ecs.images import Image, NotPullable, by_digest
from weco_deploy.sandbox.ecs.state import Container, Task

RESOLUTIONS = 3
"""After so many failed resolutions of its tags a deployment goes on unpinned."""
UNPACKABLE = "failed to extract layer: no processor for media-type: unknown"
"""Why an image can't be pulled though it is there: its layers can't be unpacked."""


def references(task: Task) -> Collection[str]:
    """What the task pulls: by the digests that its deployment is pinned to, by name where it isn't."""
    if task.stopped:
        return ()
    return [reference(task, container) for container in task.containers]


def reference(task: Task, container: Container) -> str:
    pins = task.deployment.revision.pins if task.deployment is not None else None
    digest = (pins or {}).get(container.name)
    if task.service is not None and task.service.trouble.pulls_once:
        digest = task.service.cached.get(container.image, digest)
    return by_digest(container.image, digest) if digest else container.image


def why_not(image: Image | NotPullable) -> str:
    """Why an image can't be pulled; empty if it can."""
    if isinstance(image, NotPullable):
        return image.reason
    return "" if image.behaviour.pullable else UNPACKABLE


def pin(task: Task, found: dict[str, Image | NotPullable]) -> None:
    """Pin a deployment's tags, which its first task does; after three failures it goes on unpinned."""
    deployment = task.deployment
    if deployment is None or deployment.revision.pins is not None or deployment.unpinned:
        return
    if any(isinstance(image, NotPullable) for image in found.values()):
        deployment.unresolved += 1
        deployment.unpinned = deployment.unresolved >= RESOLUTIONS
        return
    deployment.revision.pins = {
        container.name: image.digest
        for container in task.containers
        if isinstance(image := found[container.name], Image)
        and container.definition.get("versionConsistency", "enabled") == "enabled"
    }


def pulled(task: Task, found: dict[str, Image | NotPullable]) -> list[Container]:
    """Give the containers their images, and answer those that exit at this start of theirs."""
    starts = task.deployment.starts if task.deployment is not None else {}
    failing = []
    for container in task.containers:
        image = found[container.name]
        if isinstance(image, NotPullable):
            continue
        container.pulled = image.reported or image.digest
        command = container.command or (task.service is None and container.definition.get("command"))
        container.behaviour = image.behaviour.of_command() if command else image.behaviour
        if task.service is not None:
            task.service.cached.setdefault(container.image, image.digest)
        if container.behaviour.exits_at_start(starts.get(image.digest, 0)):
            failing.append(container)
        starts[image.digest] = starts.get(image.digest, 0) + 1
    return failing
