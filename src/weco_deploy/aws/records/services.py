"""Converts the result of a deployment for one service to a row of a record, and back.

    service_id   cluster   service_name   images   status   unverified   ecs_deployment_id   reason
    ecs_rollback (only if ECS rolls a service deployment back for it: its ARN)
    failures [{kind, message, task, container, stop_code, exit_code, log_location}]
    draining [{task, until, why}] (only if there are any)   tasks {desired, new, old, old_digests {id: digest}}

A service that is unverified has the status `in_progress` and `unverified` true, because earlier versions don't know the status.
"""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.aws.records.attributes import Fields, Item, cut, enum_field, size, stored_time, without_nones
from weco_deploy.model.deployment import Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import ServiceKey

SERVICE_LIMIT = 4_000
"""How many bytes of failures the record keeps for each service."""
MOST_DRAINING = 50
"""How many old tasks the record keeps for each service."""
LONGEST_REASON = 1_000


def shortened(
    service: ServiceOutcome,
    reason_limit: int = LONGEST_REASON,
    failures_limit: int = SERVICE_LIMIT,
    *,
    keep_tasks: bool = True,
) -> ServiceOutcome:
    """The service's result as a record keeps it: a long reason and long lists are cut and marked.

    `keep_tasks` is whether it has its tasks, those that keep running, and their number.
    """
    return replace(
        service,
        reason=cut(service.reason, reason_limit),
        failures=_failures_within(service.failures, failures_limit),
        draining=service.draining[:MOST_DRAINING] if keep_tasks else (),
        tasks=service.tasks if keep_tasks else None,
    )


def _failures_within(failures: tuple[Failure, ...], limit: int) -> tuple[Failure, ...]:
    """As many of the first failures as fit into `limit` bytes, then a failure that says how many are missing."""
    shortened = [replace(failure, message=cut(failure.message, LONGEST_REASON)) for failure in failures]
    if sum(_failure_size(failure) for failure in shortened) <= limit:
        return tuple(shortened)
    room = limit - _failure_size(_missing(len(failures)))
    kept: list[Failure] = []
    for failure in shortened:
        room -= _failure_size(failure)
        if room < 0:
            break
        kept.append(failure)
    missing = _missing(len(failures) - len(kept))
    return (*kept, missing) if _failure_size(missing) <= limit else ()


def _missing(count: int) -> Failure:
    return Failure(kind="ecs", message=f"… {count} more, not kept in the record")


def _failure_size(failure: Failure) -> int:
    return 1 + size(_failure_item(failure))


def service_item(service: ServiceOutcome) -> Item:
    unverified = service.status is ServiceStatus.UNVERIFIED
    return without_nones(
        {
            "service_id": service.service_id,
            "cluster": service.key.cluster,
            "service_name": service.key.name,
            "images": list(service.images),
            "status": (ServiceStatus.IN_PROGRESS if unverified else service.status).value,
            "unverified": True if unverified else None,
            "ecs_deployment_id": service.ecs_deployment_id,
            "ecs_rollback": service.ecs_rollback,
            "reason": service.reason,
            "failures": [_failure_item(failure) for failure in service.failures],
            "draining": [_draining_item(task) for task in service.draining] or None,
            "tasks": _tasks_item(service.tasks) if service.tasks else None,
        }
    )


def _tasks_item(tasks: RunningTasks) -> Item:
    return {
        "desired": tasks.desired,
        "new": tasks.new,
        "old": tasks.old,
        "old_digests": dict(tasks.old_digests),
    }


def _draining_item(task: DrainingTask) -> Item:
    until = stored_time(task.until) if task.until else None
    return without_nones({"task": task.task, "until": until, "why": task.why.value})


def _failure_item(failure: Failure) -> Item:
    # No log lines: they may contain secrets, and CloudWatch has them.
    return without_nones(
        {
            "kind": failure.kind,
            "message": failure.message,
            "task": failure.task,
            "container": failure.container,
            "stop_code": failure.stop_code,
            "exit_code": failure.exit_code,
            "log_location": failure.log_location,
        }
    )


def read_service(row: Fields) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=row.text("service_id"),
        key=ServiceKey(row.text("cluster"), row.text("service_name")),
        images=row.texts("images"),
        status=ServiceStatus.UNVERIFIED
        if row.flag("unverified")
        else enum_field(row, "status", ServiceStatus),
        ecs_deployment_id=row.optional_text("ecs_deployment_id"),
        ecs_rollback=row.optional_text("ecs_rollback"),
        reason=row.text("reason"),
        failures=tuple(_read_failure(failure) for failure in row.rows("failures")),
        draining=tuple(_read_draining(task) for task in row.rows("draining")),
        tasks=_read_tasks(tasks) if (tasks := row.map("tasks")).item else None,
    )


def _read_tasks(row: Fields) -> RunningTasks:
    old = row.map("old_digests")
    return RunningTasks(
        desired=row.number("desired"),
        new=row.number("new"),
        old=row.number("old"),
        old_digests={image_id: old.text(image_id) for image_id in old.item},
    )


def _read_draining(row: Fields) -> DrainingTask:
    why = enum_field(row, "why", StaysBecause)
    return DrainingTask(task=row.text("task"), until=row.optional_time("until"), why=why)


def _read_failure(row: Fields) -> Failure:
    return Failure(
        kind=row.text("kind"),
        message=row.text("message"),
        task=row.optional_text("task"),
        container=row.optional_text("container"),
        stop_code=row.optional_text("stop_code"),
        exit_code=row.optional_number("exit_code"),
        log_location=row.optional_text("log_location"),
    )
