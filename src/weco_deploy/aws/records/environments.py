"""Converts an environment's record to its item in the table, and back.

    release_id "environment#<id>"   project_id "<project>#<environment>"   environment   fence
    lock {…}   next_lock {…}   current {release_id, deployment_id, status}   good {…}
    images {id: {release_id, digest, ref, stood, ran}} (the last two only if false: the image did not work, or never ran)
    services {id: {cluster, service_name, ecs_deployment_id, digests {image id: digest}, failed}}

A table belongs to one project, so the key needs only the environment's id.
"""

from __future__ import annotations

from weco_deploy.aws.records.attributes import Fields, Item, cut, enum_field, stored_time, without_nones
from weco_deploy.aws.records.deployments import deployments_partition
from weco_deploy.aws.records.releases import LONGEST_TEXT
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.environment import (
    AppliedImage,
    DeployedRelease,
    EnvironmentRecord,
    KnownService,
    Lock,
)
from weco_deploy.model.service import ServiceKey


def environment_key(environment_id: str) -> str:
    return f"environment#{environment_id}"


def environment_item(project_id: str, record: EnvironmentRecord) -> Item:
    return without_nones(
        {
            "release_id": environment_key(record.environment),
            "project_id": deployments_partition(project_id, record.environment),
            "environment": record.environment,
            "fence": record.fence,
            "lock": _lock_item(record.lock) if record.lock else None,
            "next_lock": _lock_item(record.next_lock) if record.next_lock else None,
            "images": {image_id: _applied_item(image) for image_id, image in record.images.items()},
            "services": {service_id: _known_item(known) for service_id, known in record.services.items()},
            "current": _deployed_item(record.current) if record.current else None,
            "good": _deployed_item(record.good) if record.good else None,
        }
    )


def _lock_item(lock: Lock) -> Item:
    return without_nones(
        {
            "owner": lock.owner,
            "holder": lock.holder,
            "reason": cut(lock.reason, LONGEST_TEXT),
            "since": stored_time(lock.since),
            "deployment_id": lock.deployment_id,
            "lease_ends": stored_time(lock.lease_ends) if lock.lease_ends else None,
            "lease_seconds": lock.lease_seconds,
            "build_url": lock.build_url,
        }
    )


def _deployed_item(deployed: DeployedRelease) -> Item:
    return {
        "release_id": deployed.release_id,
        "deployment_id": deployed.deployment_id,
        "status": deployed.status.value,
    }


def _applied_item(image: AppliedImage) -> Item:
    return without_nones(
        {
            "release_id": image.release_id,
            "digest": image.digest,
            "ref": image.ref,
            "name": image.name,
            "stood": None if image.worked else False,
            "ran": None if image.ran else False,
        }
    )


def _known_item(service: KnownService) -> Item:
    return without_nones(
        {
            "cluster": service.key.cluster,
            "service_name": service.key.name,
            "ecs_deployment_id": service.ecs_deployment_id,
            "digests": dict(service.digests),
            "failed": True if service.failed else None,
        }
    )


def read_environment(item: Item) -> EnvironmentRecord:
    fields = Fields(item, str(item.get("release_id")))
    return EnvironmentRecord(
        environment=fields.text("environment"),
        fence=fields.number("fence"),
        lock=_read_lock(fields, "lock"),
        next_lock=_read_lock(fields, "next_lock"),
        images={image_id: _read_applied(row) for image_id, row in fields.entries("images").items()},
        services={key: _read_known(key, row) for key, row in fields.entries("services").items()},
        current=_read_deployed(fields, "current"),
        good=_read_deployed(fields, "good"),
    )


def _read_lock(fields: Fields, name: str) -> Lock | None:
    if fields.item.get(name) is None:
        return None
    row = fields.map(name)
    return Lock(
        owner=row.text("owner"),
        holder=row.text("holder"),
        reason=row.text("reason"),
        since=row.time("since"),
        deployment_id=row.optional_text("deployment_id"),
        lease_ends=row.optional_time("lease_ends"),
        lease_seconds=row.number("lease_seconds"),
        build_url=row.optional_text("build_url"),
    )


def _read_deployed(fields: Fields, name: str) -> DeployedRelease | None:
    if fields.item.get(name) is None:
        return None
    row = fields.map(name)
    return DeployedRelease(
        release_id=row.text("release_id"),
        deployment_id=row.text("deployment_id"),
        status=enum_field(row, "status", DeploymentStatus),
    )


def _read_applied(row: Fields) -> AppliedImage:
    return AppliedImage(
        release_id=row.text("release_id"),
        digest=row.text("digest"),
        ref=row.optional_text("ref"),
        name=row.optional_text("name"),
        worked=row.flag("stood", otherwise=True),
        ran=row.flag("ran", otherwise=True),
    )


def _read_known(service_id: str, row: Fields) -> KnownService:
    digests = row.map("digests")
    return KnownService(
        service_id=service_id,
        key=ServiceKey(row.text("cluster"), row.text("service_name")),
        ecs_deployment_id=row.optional_text("ecs_deployment_id"),
        digests={image_id: digests.text(image_id) for image_id in digests.item},
        failed=row.flag("failed"),
    )
