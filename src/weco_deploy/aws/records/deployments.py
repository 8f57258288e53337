"""Converts a deployment to its item in the table, and back.

    release_id "deployment#<id>"   project_id "<project>#<environment>"   last_date_deployed (when it began)
    deployment_id   release   project   environment   status   reason   kind   requested_by   description
    date_finished   build_url   gate_override   rollback (an id)
    images {id: {from_digest, to_digest, tag_moved, from_ref, to_ref, from_name, to_name, direction, commits}}
    services [{…}] (`services.py`)   service_items {count, version} (only if services have items of their own: `service_items.py`)
    left_out [{kind, id, images, why, reason}] (only if something was left out)
    steps [{id, kind, status, started, finished, exit_code, detail, log_location, output, advisory}] (only if there are any)

The index `deployment_gsi` lists an environment's deployments by this `project_id`. The item has no `date_created`, so
the index `project_gsi`, which lists releases, leaves it out.
"""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.aws.records.attributes import (
    Fields,
    Item,
    cut,
    enum_field,
    size,
    stored_time,
    without_nones,
)
from weco_deploy.aws.records.releases import ITEM_LIMIT, LONGEST_TEXT
from weco_deploy.aws.records.services import (
    LONGEST_REASON,
    SERVICE_LIMIT,
    read_service,
    service_item,
    shortened,
)
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ImageChange
from weco_deploy.model.direction import Direction
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut, Part
from weco_deploy.model.steps import StepOutcome, StepStatus

SHORTER_REASONS = (200, 40)
"""The lengths, in bytes, to which reasons are cut if the services don't all fit."""


def deployment_key(deployment_id: str) -> str:
    return f"deployment#{deployment_id}"


def deployments_partition(project_id: str, environment_id: str) -> str:
    """The `project_id` in the items of an environment's deployments."""
    return f"{project_id}#{environment_id}"


def deployment_item(deployment: Deployment) -> Item:
    """The item, with long texts and long lists cut and marked.

    With up to about 900 services it stays below 300 KB. If the services' results don't all fit, it has less of each.
    """
    if fits_item(deployment):
        return _item(_shortened(deployment))
    room_for_reasons = {
        limit: ITEM_LIMIT - size(_item(_shortened(deployment, limit, 0, keep_tasks=False)))
        for limit in SHORTER_REASONS
    }
    reason_limit = next((limit for limit, room in room_for_reasons.items() if room >= 0), SHORTER_REASONS[-1])
    room = max(0, room_for_reasons[reason_limit]) // len(deployment.services)
    return _item(_shortened(deployment, reason_limit, room, keep_tasks=False))


def fits_item(deployment: Deployment) -> bool:
    """Whether the item has as much of each service's result as a record keeps."""
    return size(_item(_shortened(deployment))) <= ITEM_LIMIT


def _shortened(
    deployment: Deployment,
    reason_limit: int = LONGEST_REASON,
    failures_limit: int = SERVICE_LIMIT,
    *,
    keep_tasks: bool = True,
) -> Deployment:
    override = deployment.gate_override
    return replace(
        deployment,
        description=cut(deployment.description, LONGEST_TEXT),
        reason=cut(deployment.reason, LONGEST_TEXT),
        gate_override=None if override is None else cut(override, LONGEST_TEXT),
        services=tuple(
            shortened(service, reason_limit, failures_limit, keep_tasks=keep_tasks)
            for service in deployment.services
        ),
        left_out=tuple(replace(left, reason=cut(left.reason, reason_limit)) for left in deployment.left_out),
        steps=tuple(_shortened_step(step) for step in deployment.steps),
    )


def _shortened_step(step: StepOutcome) -> StepOutcome:
    return replace(
        step,
        detail=cut(step.detail, LONGEST_REASON),
        output=tuple(cut(line, LONGEST_REASON) for line in step.output),
    )


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
            "services": [service_item(service) for service in deployment.services],
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
            "output": list(step.output) or None,
            "advisory": step.advisory or None,
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
        services=tuple(read_service(row) for row in fields.rows("services")),
        left_out=tuple(_read_left_out(row) for row in fields.rows("left_out")),
        steps=tuple(_read_step(row) for row in fields.rows("steps")),
    )


def rollback_of(item: Item) -> str | None:
    """The id of the deployment that rolled this one back, after it failed."""
    return Fields(item, str(item.get("release_id"))).optional_text("rollback")


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
        output=row.texts("output"),
        advisory=row.flag("advisory"),
    )
