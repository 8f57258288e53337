"""Converts a deployment to its item in the table, and back.

    release_id "deployment#<id>"   project_id "<project>#<environment>"   last_date_deployed (when it began)
    deployment_id   release   project   environment   status   reason   kind   requested_by   description
    date_finished   build_url   gate_override   rollback (an id)
    images {id: {from_digest, to_digest, tag_moved, from_ref, to_ref, from_name, to_name, direction, commits}}
    services [{service_id, cluster, service_name, images, status, unverified, ecs_deployment_id, reason, failures [{…}],
              draining [{task, until, why}] (only if there are any), tasks {desired, new, old, old_digests {id: digest}}}]
    left_out [{kind, id, images, why, reason}] (only if something was left out)
    steps [{id, kind, status, started, finished, exit_code, detail, log_location}] (only if there are any)

A service that is unverified has the status `in_progress` and `unverified` true, because earlier versions don't know the status.
The index `deployment_gsi` lists an environment's deployments by this `project_id`. The item has no `date_created`, so
the index `project_gsi`, which lists releases, leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from weco_deploy.aws.records.attributes import Fields, Item, cut, size, stored_time, without_nones
from weco_deploy.aws.records.releases import ITEM_LIMIT, LONGEST_TEXT
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    Failure,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.direction import Direction
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut, Part
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome, StepStatus

SERVICE_LIMIT = 4_000
"""How many bytes of failures the record keeps for each service."""
MOST_DRAINING = 50
"""How many old tasks the record keeps for each service."""
LONGEST_REASON = 1_000
SHORTER_REASONS = (200, 40)
"""The lengths, in bytes, to which reasons are cut if the services don't all fit."""

Member = TypeVar("Member", bound=StrEnum)


def deployment_key(deployment_id: str) -> str:
    return f"deployment#{deployment_id}"


def deployments_partition(project_id: str, environment_id: str) -> str:
    """The `project_id` in the items of an environment's deployments."""
    return f"{project_id}#{environment_id}"


def deployment_item(deployment: Deployment) -> Item:
    """The item, with long texts and long lists of failures cut and marked.

    With up to about 900 services it stays below 300 KB.
    """
    shortened = replace(
        deployment,
        description=cut(deployment.description, LONGEST_TEXT),
        reason=cut(deployment.reason, LONGEST_TEXT),
        gate_override=cut(deployment.gate_override, LONGEST_TEXT)
        if deployment.gate_override is not None
        else None,
        services=_with_draining(deployment.services, MOST_DRAINING),
        steps=tuple(replace(step, detail=cut(step.detail, LONGEST_REASON)) for step in deployment.steps),
    )
    item = _item(_with_failures_within(shortened, LONGEST_REASON, SERVICE_LIMIT))
    if size(item) <= ITEM_LIMIT:
        return item
    shortened = replace(
        shortened,
        services=tuple(replace(service, draining=(), tasks=None) for service in shortened.services),
    )
    without_failures = {
        limit: size(_item(_with_failures_within(shortened, limit, 0))) for limit in SHORTER_REASONS
    }
    reason_limit = next(
        (limit for limit in SHORTER_REASONS if without_failures[limit] <= ITEM_LIMIT), SHORTER_REASONS[-1]
    )
    room = max(0, ITEM_LIMIT - without_failures[reason_limit]) // len(deployment.services)
    return _item(_with_failures_within(shortened, reason_limit, room))


def _with_draining(services: Iterable[ServiceOutcome], most: int) -> tuple[ServiceOutcome, ...]:
    return tuple(replace(service, draining=service.draining[:most]) for service in services)


def _with_failures_within(deployment: Deployment, reason_limit: int, failures_limit: int) -> Deployment:
    return replace(
        deployment,
        services=tuple(
            replace(
                service,
                reason=cut(service.reason, reason_limit),
                failures=_failures_within(service.failures, failures_limit),
            )
            for service in deployment.services
        ),
        left_out=tuple(replace(left, reason=cut(left.reason, reason_limit)) for left in deployment.left_out),
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


def _item(deployment: Deployment) -> Item:
    return without_nones(
        {
            "release_id": deployment_key(deployment.deployment_id),
            "project_id": deployments_partition(deployment.project_id, deployment.environment),
            "last_date_deployed": stored_time(deployment.date_created),
            "deployment_id": deployment.deployment_id,
            "release": deployment.release_id,
            "project": deployment.project_id,
            "environment": deployment.environment,
            "status": deployment.status.value,
            "reason": deployment.reason,
            "kind": deployment.kind.value,
            "requested_by": deployment.requested_by,
            "description": deployment.description,
            "date_finished": stored_time(deployment.date_finished) if deployment.date_finished else None,
            "build_url": deployment.build_url,
            "gate_override": deployment.gate_override,
            "rollback": deployment.rollback.deployment_id if deployment.rollback else None,
            "images": {image_id: _image_item(change) for image_id, change in deployment.images.items()},
            "services": [_service_item(service) for service in deployment.services],
            "left_out": [_left_out_item(left) for left in deployment.left_out] or None,
            "steps": [_step_item(step) for step in deployment.steps] or None,
        }
    )


def _image_item(change: ImageChange) -> Item:
    return without_nones(
        {
            "from_digest": change.from_digest,
            "to_digest": change.to_digest,
            "tag_moved": change.tag_moved,
            "from_ref": change.from_ref,
            "to_ref": change.to_ref,
            "from_name": change.from_name,
            "to_name": change.to_name,
            "direction": change.direction.value if change.direction else None,
            "commits": change.commits,
        }
    )


def _service_item(service: ServiceOutcome) -> Item:
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


def _left_out_item(left: LeftOut) -> Item:
    return {
        "kind": left.kind.value,
        "id": left.id,
        "images": list(left.images),
        "why": left.why.value,
        "reason": left.reason,
    }


def _step_item(step: StepOutcome) -> Item:
    # No log lines: see _failure_item.
    return without_nones(
        {
            "id": step.id,
            "kind": step.kind,
            "status": step.status.value,
            "started": stored_time(step.started) if step.started else None,
            "finished": stored_time(step.finished) if step.finished else None,
            "exit_code": step.exit_code,
            "detail": step.detail,
            "log_location": step.log_location,
        }
    )


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


def read_deployment(item: Item) -> Deployment:
    """The deployment in an item, without its rollback: the item has only the rollback's id (`rollback_of`)."""
    fields = Fields(item, str(item.get("release_id")))
    return Deployment(
        deployment_id=fields.text("deployment_id"),
        release_id=fields.text("release"),
        project_id=fields.text("project"),
        environment=fields.text("environment"),
        status=enum_field(fields, "status", DeploymentStatus),
        reason=fields.text("reason"),
        kind=enum_field(fields, "kind", Kind),
        date_created=fields.time("last_date_deployed"),
        date_finished=fields.optional_time("date_finished"),
        requested_by=fields.text("requested_by"),
        description=fields.text("description"),
        build_url=fields.optional_text("build_url"),
        gate_override=fields.optional_text("gate_override"),
        images={image_id: _read_image(image_id, row) for image_id, row in fields.entries("images").items()},
        services=tuple(_read_service(row) for row in fields.rows("services")),
        left_out=tuple(_read_left_out(row) for row in fields.rows("left_out")),
        steps=tuple(_read_step(row) for row in fields.rows("steps")),
    )


def rollback_of(item: Item) -> str | None:
    """The id of the deployment that rolled this one back, after it failed."""
    return Fields(item, str(item.get("release_id"))).optional_text("rollback")


def enum_field(fields: Fields, name: str, enum: type[Member]) -> Member:
    """A field whose value is one of the enumeration's."""
    text = fields.text(name)
    try:
        return enum(text)
    except ValueError as error:
        raise fields.unreadable(name) from error


def _read_image(image_id: str, row: Fields) -> ImageChange:
    return ImageChange(
        image_id=image_id,
        from_digest=row.optional_text("from_digest"),
        to_digest=row.text("to_digest"),
        tag_moved=row.flag("tag_moved"),
        from_ref=row.optional_text("from_ref"),
        to_ref=row.optional_text("to_ref"),
        from_name=row.optional_text("from_name"),
        to_name=row.optional_text("to_name"),
        direction=enum_field(row, "direction", Direction) if row.optional_text("direction") else None,
        commits=row.optional_number("commits"),
    )


def _read_service(row: Fields) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=row.text("service_id"),
        key=ServiceKey(row.text("cluster"), row.text("service_name")),
        images=row.texts("images"),
        status=ServiceStatus.UNVERIFIED
        if row.flag("unverified")
        else enum_field(row, "status", ServiceStatus),
        ecs_deployment_id=row.optional_text("ecs_deployment_id"),
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


def _read_left_out(row: Fields) -> LeftOut:
    return LeftOut(
        kind=enum_field(row, "kind", Part),
        id=row.text("id"),
        images=row.texts("images"),
        why=enum_field(row, "why", Allowance),
        reason=row.text("reason"),
    )


def _read_step(row: Fields) -> StepOutcome:
    return StepOutcome(
        id=row.text("id"),
        kind=row.text("kind"),
        status=enum_field(row, "status", StepStatus),
        started=row.optional_time("started"),
        finished=row.optional_time("finished"),
        exit_code=row.optional_number("exit_code"),
        detail=row.text("detail"),
        log_location=row.optional_text("log_location"),
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
