"""Decides which containers of a stopped task are named, and in which order.

A container that runs the release's image comes first, also if it exited with 0, because the deployment changed that image.
ECS stops the other containers of the task afterwards, with SIGTERM or SIGKILL: their exit codes explain nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weco_deploy.model.expected import Expected
from weco_deploy.model.service import Container, DefinedContainer, Task

_KILLED, _TERMINATED = 137, 143
STOPPED_BY_ECS = frozenset({_KILLED, _TERMINATED})
"""Exit codes of containers that ECS stopped, with SIGTERM or SIGKILL."""


def culprits(
    task: Task, expected: Iterable[Expected], defined: Mapping[str, DefinedContainer]
) -> tuple[Container, ...]:
    """The containers to name; at least one, unless ECS lists none.

    Args:
        task: a stopped task.
        expected: the release's images.
        defined: the containers in the task's definition, by name. They tell the image where the task names only a digest.

    """
    images = tuple(expected)
    ours = [container for container in task.containers if _runs_any(container, images, defined)]
    others = [container for container in task.containers if container not in ours and _went_wrong(container)]
    ended = [container for container in ours if _went_wrong(container)]
    ended += [container for container in ours if container.exit_code == 0 and container not in ended]
    if ended:
        return (*ended, *others)
    # Our containers have not ended by themselves. If another container ended the task, it is named first.
    ran = [container for container in ours if container.exit_code is not None][:1]
    if others and (not ran or task.stop_code == "EssentialContainerExited"):
        return (*others, *ran)
    return (*ran, *others) or tuple(ours[:1]) or task.containers[:1]


def _runs_any(
    container: Container, images: Iterable[Expected], defined: Mapping[str, DefinedContainer]
) -> bool:
    names = {container.image}
    if container.name in defined:
        names.add(defined[container.name].image)
    return any(image.concerns(name) for image in images for name in names)


def _went_wrong(container: Container) -> bool:
    """Whether ECS gives a reason, or the container exited with a code of its own that is not 0."""
    return bool(container.reason) or container.exit_code not in {None, 0, *STOPPED_BY_ECS}
