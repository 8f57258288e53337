"""Finds the targets of a task in the target groups of its service's load balancers, and what their states say about the task.

| the target's state                           | its reason                               | the task                               |
|----------------------------------------------|------------------------------------------|----------------------------------------|
| healthy                                      |                                          | is healthy                             |
| unhealthy                                    | Elb.InternalError                        | is not healthy yet, and not to blame   |
| unhealthy                                    | any other                                | is unhealthy                           |
| unused                                       | Target.NotInUse                          | is not checked by anybody: it is left  |
| unavailable                                  | Target.HealthCheckDisabled               | to ECS, and the result says so         |
| draining, unhealthy.draining                 |                                          | was deregistered, or another one was   |
| initial, unused, unavailable                 | any other: not registered, the instance  | is not healthy yet                     |
|                                              | has stopped, the address is reserved     |                                        |
| no target is found                           |                                          | is not registered yet                  |

A task with an address of its own (awsvpc) is found by that. Another one is found by its host's EC2 instance and its port there:
many instances may have the same port. Where the host is not known, its health is left to ECS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from weco_deploy.model.deployment import reasons
from weco_deploy.model.service import ServiceView, Task
from weco_deploy.model.targets import Target, TargetGroup

LEAVING = frozenset({"draining", "unhealthy.draining"})
"""States of targets that were deregistered. A later task may have the same address."""
UNCHECKED = {
    "Target.NotInUse": "no load balancer uses it, or not in the Availability Zone of",
    "Target.HealthCheckDisabled": "its health checks are disabled, also for",
}
"""Reasons why nothing checks a target's health, and what they mean for its tasks."""
INTERNAL_ERROR = "Elb.InternalError"
NOT_REGISTERED = Target(id="", port=0, state="not registered")


def is_unhealthy(view: ServiceView, task: Task) -> bool:
    """Whether a load balancer finds the task unhealthy."""
    return any(target.state == "unhealthy" for target in _targets(view, task))


def is_blamed(view: ServiceView, task: Task) -> bool:
    """Whether a load balancer finds the task unhealthy by an answer, or for lack of one, and not by an error of its own."""
    return any(
        target.state == "unhealthy" and target.reason != INTERNAL_ERROR for target in _targets(view, task)
    )


def waits_for_targets(view: ServiceView, tasks: Iterable[Task]) -> str:
    """What these tasks wait for before their load balancers find all of them healthy, and why; empty if they do."""
    waited_for = [
        target
        for task in tasks
        for target in _targets(view, task)
        if target.state != "healthy" and target.reason not in UNCHECKED
    ]
    if not waited_for:
        return ""
    return f"waiting for its load balancer to find its tasks healthy{said_of(waited_for)}"


def why_unhealthy(view: ServiceView, tasks: Iterable[Task]) -> str:
    """Why load balancers find tasks unhealthy, to append to a state; empty if they don't say it."""
    return said_of(target for task in tasks for target in _targets(view, task) if target.state == "unhealthy")


def said_of(targets: Iterable[Target]) -> str:
    """The load balancer's first explanation of these targets, to append to a state. That one is new explains nothing."""
    said = (target.description or target.reason for target in targets if target.state != "initial")
    first = next(filter(None, said), "")
    return f": {first}" if first else ""


def unchecked_targets(view: ServiceView, tasks: Iterable[Task]) -> str:
    """The remark that nothing checks the health of tasks in a target group; empty if every target is checked."""
    running = tuple(tasks)
    counted = {
        (group, reason): sum(
            any(target.reason == reason for target in _targets_in(view, task, group)) for task in running
        )
        for group in _groups(view)
        for reason in UNCHECKED
    }
    return reasons(
        *(
            f"target group {group.name}: {UNCHECKED[reason]} {count} of its tasks, so nothing checks whether "
            f"{'it is' if count == 1 else 'they are'} healthy ({reason})"
            for (group, reason), count in counted.items()
            if count
        )
    )


def were_read(view: ServiceView) -> bool:
    """Whether this poll read the targets of all target groups of the service."""
    return all(group.arn in (view.targets or {}) for group in _groups(view))


def needs_host(view: ServiceView, task: Task) -> bool:
    """Whether the task's targets are found by its host."""
    return bool(task.container_instance) and any(
        container.name == group.container and container.host_ports and not container.addresses
        for container in task.containers
        for group in view.service.target_groups
    )


def _targets(view: ServiceView, task: Task) -> Iterator[Target]:
    for group in _groups(view):
        yield from _targets_in(view, task, group)


def _groups(view: ServiceView) -> tuple[TargetGroup, ...]:
    """The target groups that count: none if targets can't be read."""
    return view.service.target_groups if view.targets is not None else ()


def _targets_in(view: ServiceView, task: Task, group: TargetGroup) -> tuple[Target, ...]:
    """The task's targets in the group; one that is not registered if there are none, nothing if that can't be known."""
    container = next((found for found in task.containers if found.name == group.container), None)
    if container is None or not (container.addresses or container.host_ports):
        return ()
    if container.addresses:
        ids, ports = frozenset(container.addresses), frozenset({group.port})
    elif view.hosts is None or not task.container_instance:
        return ()
    else:
        ids, ports = frozenset({view.hosts.get(task.container_instance, "")}), frozenset(container.host_ports)
    found = tuple(
        target
        for target in (view.targets or {}).get(group.arn, ())
        if target.id in ids and target.port in ports and target.state not in LEAVING
    )
    return found or (NOT_REGISTERED,)
