"""Reads deployments that 5.x recorded: entries in their release's item, without an id and a verdict.

    deployments [{environment, date_created, requested_by, description,
                  details {image id: {tag_result {…}, ecs_deployments [{cluster_arn, service_arn, deployment_id}]}}}]

Each gets an id derived from the entry, and the status `unverified`. 5.x recorded no digests, so `images` is empty. It
recorded no service ids either, so a service's id is its name in ECS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from weco_deploy.aws.ecs_answers import key_from_arn
from weco_deploy.aws.records.attributes import Fields, Item, stored_time
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.service import ServiceKey

NO_VERDICT = "ECS was told to redeploy; whether that worked was not recorded"
_NAMESPACE = UUID("5b0d7a3e-6f0b-4c52-9d3e-2a1f6c8e4b70")


def derived_id(release_id: str, environment_id: str, date_created: datetime) -> str:
    """The id of a 5.x deployment, always the same for the same deployment."""
    return str(uuid5(_NAMESPACE, f"{release_id} {environment_id} {stored_time(date_created)}"))


def is_derived(deployment_id: str) -> bool:
    """Whether `derived_id` may have made the id. Other deployments have random UUIDs, of another version."""
    try:
        return UUID(deployment_id).version == 5
    except ValueError:
        return False


def without_5x(record: EnvironmentRecord) -> EnvironmentRecord:
    """The record as it is stored, without the 5.x deployment that `History.environment` adds."""
    if record.current is None or not is_derived(record.current.deployment_id):
        return record
    return replace(record, current=None, good=None)


def deployments_in(item: Item) -> tuple[Deployment, ...]:
    """The deployments that 5.x recorded in a release's item. Our own deployments have their own items."""
    release = Fields(item, str(item.get("release_id")))
    rows = (row for row in release.rows("deployments") if row.optional_text("deployment_id") is None)
    return tuple(_deployment(release, row) for row in rows)


def newest(
    items: Iterable[Item], environment_ids: Set[str], limit: int, others: Iterable[Deployment] = ()
) -> tuple[Deployment, ...]:
    """The newest deployments to these environments, newest first, among those of 5.x in release items and `others`.

    `items` are sorted by `last_date_deployed`, newest first. A release may have older deployments too. So reading ends
    at the first release whose last deployment is older than the `limit` deployments found so far.
    """
    found = _newest_of(others, limit)
    for item in items:
        deployed = Fields(item, str(item.get("release_id"))).optional_time("last_date_deployed")
        if deployed is not None and len(found) == limit and deployed < found[-1].date_created:
            break
        in_item = (
            deployment for deployment in deployments_in(item) if deployment.environment in environment_ids
        )
        found = _newest_of([*found, *in_item], limit)
    return tuple(found)


def _newest_of(deployments: Iterable[Deployment], limit: int) -> list[Deployment]:
    return sorted(deployments, key=lambda deployment: deployment.date_created, reverse=True)[:limit]


def _deployment(release: Fields, row: Fields) -> Deployment:
    release_id, environment_id = release.text("release_id"), row.name("environment")
    date_created = row.time("date_created")
    return Deployment(
        deployment_id=derived_id(release_id, environment_id, date_created),
        release_id=release_id,
        project_id=release.text("project_id"),
        environment=environment_id,
        status=DeploymentStatus.UNVERIFIED,
        date_created=date_created,
        requested_by=row.name("requested_by"),
        description=row.name("description"),
        services=_services(_details(row)),
    )


def _details(row: Fields) -> Mapping[str, Fields]:
    """The details of each image. The oldest versions wrote something else, which is skipped."""
    details = row.item.get("details")
    if not isinstance(details, Mapping):
        return {}
    return {
        image_id: Fields(detail, row.record)
        for image_id, detail in details.items()
        if isinstance(detail, Mapping)
    }


def _services(details: Mapping[str, Fields]) -> tuple[ServiceOutcome, ...]:
    """The services of a deployment. 5.x redeployed a service once for each of its images; the last time counts.

    Before 5.1 no cluster was recorded: the service's ARN may name it. Services without a known cluster are left out.
    """
    images: dict[ServiceKey, tuple[str, ...]] = {}
    ecs_deployment_ids: dict[ServiceKey, str | None] = {}
    for image_id, detail in details.items():
        for row in detail.rows("ecs_deployments"):
            key = key_from_arn(row.optional_text("service_arn") or "", row.optional_text("cluster_arn") or "")
            if key is None or not key.name:
                continue
            images[key] = (*images.get(key, ()), image_id)
            ecs_deployment_ids[key] = row.optional_text("deployment_id")
    return tuple(
        ServiceOutcome(
            service_id=key.name,
            key=key,
            images=images[key],
            status=ServiceStatus.IN_PROGRESS,
            ecs_deployment_id=ecs_deployment_ids[key],
            reason=NO_VERDICT,
        )
        for key in images
    )
