"""Decides what is wrong with a service: it is missing, has too few tasks, or its tasks crashed within the last hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from weco_deploy.model.expected import Expected
from weco_deploy.model.service import ServiceKey, ServiceView, Task
from weco_deploy.model.status import Crash, Problem, ServiceStatus
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.near_misses import tags_of
from weco_deploy.rules.rollout.crash_loop import could_not_start, is_failure
from weco_deploy.rules.rollout.culprits import culprits
from weco_deploy.rules.rollout.steady_state import rollout_in_progress
from weco_deploy.rules.running import images_of

RECENT = timedelta(hours=1)
"""For how long a crash is shown. ECS keeps stopped tasks for about as long."""


def service_status(
    service_id: str,
    views: Sequence[ServiceView],
    expected: Sequence[Expected],
    now: datetime,
    current: frozenset[str] = frozenset(),
) -> ServiceStatus:
    """The state of a service that was found, with `expected` as the images that it should use.

    `current` are the digests that the record and the tags have for them.
    """
    keys = tuple(view.service.key for view in views)
    if len(views) > 1:
        return ServiceStatus(service_id=service_id, keys=keys, problems=(Problem.AMBIGUOUS,))
    (view,) = views
    service = view.service
    stopped = (task for task in view.stopped or () if not was_replaced(task, view, expected, current))
    crashes = recent_crashes(stopped, expected, now)
    used = images_of(view, ())
    failed = service.primary is not None and service.primary.rollout_state == "FAILED"
    found = {
        Problem.OTHER_IMAGES: bool(used)
        and not any(image.concerns(name) for image in expected for name in used),
        Problem.TOO_FEW_TASKS: service.running < service.desired,
        Problem.ROLLOUT_FAILED: failed,
        Problem.CRASHED_TASKS: bool(crashes),
    }
    return ServiceStatus(
        service_id=service_id,
        keys=keys,
        desired=service.desired,
        running=service.running,
        pending=service.pending,
        problems=tuple(problem for problem, is_so in found.items() if is_so),
        detail=service.primary.rollout_reason if failed and service.primary else "",
        crashes=crashes,
        rolling_out=service.primary is not None and rollout_in_progress(service) and not failed,
    )


def missing_status(
    service_id: str, environment_id: str, name: ServiceKey | None, *, may_be_missing: bool
) -> ServiceStatus:
    """The state of a service that was not found. `name` is the one in the project file, if it has one."""
    wanted = f"named {name}" if name else f"tagged {tags_of(service_id, environment_id)}"
    return ServiceStatus(
        service_id=service_id,
        problems=() if may_be_missing else (Problem.MISSING,),
        detail=f"no ECS service is {wanted}",
        may_be_missing=may_be_missing,
    )


def was_replaced(
    task: Task, view: ServiceView, expected: Sequence[Expected], current: frozenset[str]
) -> bool:
    """Whether a stopped task ran an image that has been replaced since, so that its crash is no trouble any more.

    Then its ECS deployment is not the PRIMARY one, and no task runs its digest, nor does the record or a tag have it. If the task
    reported no digest, it counts as replaced once all tasks run what the record and the tags have.
    """
    primary = view.service.primary
    if primary is None or task.deployment_id in (primary.started_by, None):
        return False
    running = {digest for image in expected for digest in tasks_by_digest(image, running_tasks(view))}
    ran = {digest for image in expected for digest in tasks_by_digest(image, (task,))}
    if ran:
        return not ran & (running | current)
    return bool(running) and running <= current


def recent_crashes(stopped: Iterable[Task], expected: Sequence[Expected], now: datetime) -> tuple[Crash, ...]:
    """How tasks failed within the last hour, the latest first. Tasks that stopped in the same way are one entry."""
    alike: dict[tuple[str | None, int | None, str], list[datetime]] = {}
    for task in stopped:
        failed = is_failure(task) or could_not_start(task)
        if task.stopped_at is None or task.stopped_at < now - RECENT or not failed:
            continue
        container = next(iter(culprits(task, expected, {})), None)
        exit_code = container.exit_code if container else None
        reason = (container.reason if container else "") or (
            "" if exit_code is not None else task.stopped_reason
        )
        alike.setdefault((container.name if container else None, exit_code, reason), []).append(
            task.stopped_at
        )
    crashes = [
        Crash(tasks=len(times), last=max(times), container=container, exit_code=exit_code, reason=reason)
        for (container, exit_code, reason), times in alike.items()
    ]
    return tuple(sorted(crashes, key=lambda crash: crash.last, reverse=True))


def tasks_by_digest(image: Expected, tasks: Iterable[Task]) -> Mapping[str, int]:
    """How many of these tasks run each digest of an image."""
    counted: dict[str, int] = {}
    for task in tasks:
        digests = {
            container.digest
            for container in task.containers
            if container.digest and image.concerns(container.image)
        }
        for digest in digests:
            counted[digest] = counted.get(digest, 0) + 1
    return counted
