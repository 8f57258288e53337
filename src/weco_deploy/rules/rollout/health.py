"""Decides whether running tasks are healthy, by the checks that their service has.

| the service has                       | a task is healthy if                        |
|---------------------------------------|---------------------------------------------|
| health checks of essential containers | ECS reports all these containers as HEALTHY |
| target groups of load balancers       | its target in each of them is healthy       |
|                                       | (`target_health.py`)                        |
| neither                               | it runs                                     |

ECS completes a rollout when its tasks are healthy, but a task that replaces another afterwards still has to become healthy.
What can't be read at all is left to ECS.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout import target_health
from weco_deploy.rules.rollout.aws_clock import aws_now

FIRST_RESULT_WITHIN = timedelta(minutes=10)
"""By then, most health checks of containers have a result. A start period lasts five minutes at most."""


def may_have_pending_checks(view: ServiceView) -> bool:
    """Whether a running task is so young that its health may be UNKNOWN because a health check has no result yet."""
    now = aws_now(view)
    return now is not None and any(
        task.health == "UNKNOWN"
        and task.started_at is not None
        and task.started_at > now - FIRST_RESULT_WITHIN
        for task in running_tasks(view)
    )


def definitions_to_read(tasks: Iterable[Task]) -> frozenset[str]:
    """The task definitions that tell whether ECS checks the health of these tasks, where their health does not tell it."""
    return frozenset(task.task_definition for task in tasks if task.health == "UNKNOWN")


def waits_for_health(view: ServiceView, tasks: Iterable[Task]) -> str:
    """What these running tasks wait for before all of them are healthy; empty if they are."""
    found = tuple(tasks)
    unhealthy = [task for task in found if is_unhealthy(view, task)]
    if unhealthy:
        these = f"{len(unhealthy)} of its tasks {'is' if len(unhealthy) == 1 else 'are'} unhealthy"
        return f"{these}{target_health.why_unhealthy(view, unhealthy)}"
    if not all(_passes_checks(view, task) for task in found):
        return "waiting for the health checks of its containers"
    return target_health.waits_for_targets(view, found)


def is_unhealthy(view: ServiceView, task: Task) -> bool:
    """Whether a check of the task failed, as far as it was read."""
    return task.health == "UNHEALTHY" or target_health.is_unhealthy(view, task)


def is_blamed_for_health(view: ServiceView, task: Task) -> bool:
    """Whether the task is unhealthy in a way that ECS counts: not while its service's grace period lasts.

    Load balancers find a slow task unhealthy until it is up, which is what the period is for.
    """
    now, grace = aws_now(view), view.service.health_check_grace
    spared = now is not None and task.started_at is not None and now < task.started_at + grace
    return (task.health == "UNHEALTHY" or target_health.is_blamed(view, task)) and not spared


def _passes_checks(view: ServiceView, task: Task) -> bool:
    if task.health != "UNKNOWN" or view.health_checked is None:
        return task.health != "UNHEALTHY"
    checked = view.health_checked.get(task.task_definition)
    return checked is not None and all(
        container.health == "HEALTHY" for container in task.containers if container.name in checked
    )
