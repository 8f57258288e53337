"""Compares the digests that tasks report with the expected ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum, auto

from weco_deploy.model.expected import Expected
from weco_deploy.model.service import Container, DefinedContainer, ResolvedImage, ServiceView, Task


class Match(Enum):
    """Whether the expected digests run; UNKNOWN if the evidence is missing or incomplete."""

    RIGHT = auto()
    WRONG = auto()
    UNKNOWN = auto()


def running_tasks(view: ServiceView) -> tuple[Task, ...]:
    """The service's tasks in status RUNNING."""
    return tuple(task for task in view.tasks or () if task.status == "RUNNING")


def all_described(view: ServiceView) -> bool:
    """Whether all running tasks that ECS counts were described. The others may run another digest."""
    return len(running_tasks(view)) == view.service.running


def with_defined_images(task: Task, defined: Iterable[DefinedContainer]) -> Task:
    """The task, with the images of its definition (`defined`) for containers that name theirs by its digest only."""
    images = {container.name: container.image for container in defined}
    containers = tuple(
        replace(container, image=images[container.name], defined=True)
        if container.named_by_digest and container.name in images
        else container
        for container in task.containers
    )
    return replace(task, containers=containers)


def wrong_container(
    tasks: Iterable[Task], expected: Iterable[Expected]
) -> tuple[Task, Container, Expected] | None:
    """The first container that reports an unexpected digest of an expected image."""
    images = tuple(expected)
    for task in tasks:
        for container in task.containers:
            for image in images:
                concerned = image.concerns(container.image)
                if concerned and container.digest and container.digest not in image.digests:
                    return task, container, image
    return None


def compare(tasks: Iterable[Task], expected: Iterable[Expected]) -> Match:
    """Whether every container of the expected images reports an expected digest.

    Other containers, such as sidecars, are ignored. The answer is UNKNOWN if no container uses the images, or if a
    container reports no digest (and none reports a wrong one). It is UNKNOWN, too, if a container may use one of the images
    by another tag, because it names the repository with another digest, and its definition could not be read.
    """
    described, images = tuple(tasks), tuple(expected)
    if wrong_container(described, images):
        return Match.WRONG
    concerned = [
        container
        for task in described
        for container in task.containers
        if any(_may_use(container, image) for image in images)
    ]
    right = all(_is_right(container, images) for container in concerned)
    return Match.RIGHT if concerned and right else Match.UNKNOWN


def _is_right(container: Container, images: Iterable[Expected]) -> bool:
    return any(container.digest in image.digests for image in images if _may_use(container, image))


def _may_use(container: Container, image: Expected) -> bool:
    by_digest = container.named_by_digest and image.may_concern(container.image)
    return by_digest or image.concerns(container.image)


def wrongly_resolved(
    resolved: Iterable[ResolvedImage], expected: Iterable[Expected]
) -> tuple[ResolvedImage, Expected] | None:
    """The first container whose image a service revision resolved to an unexpected digest of an expected image."""
    images = tuple(expected)
    for container in resolved:
        for image in images:
            if image.concerns(container.image) and container.digest and container.digest not in image.digests:
                return container, image
    return None


def compare_resolved(resolved: Iterable[ResolvedImage], expected: Iterable[Expected]) -> Match:
    """Whether a service revision resolved all its containers of the expected images to expected digests."""
    containers, images = tuple(resolved), tuple(expected)
    if wrongly_resolved(containers, images):
        return Match.WRONG
    concerned = [
        container for container in containers if any(image.concerns(container.image) for image in images)
    ]
    return Match.RIGHT if concerned and all(container.digest for container in concerned) else Match.UNKNOWN
