"""What 5.x recorded of deployments: entries in their release's item, with no id and no verdict.

    deployments [{environment, date_created, requested_by, description,
                  details {image id: {tag_result {…}, ecs_deployments [{cluster_arn, service_arn, deployment_id}]}}}]

They get an id that is always the same one, and the status `unverified`. No digests were kept, so their
`images` stay empty; nor were service ids, so a service is called by its name in ECS.
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
    """The id of a 5.x deployment; the same one whenever and wherever it is asked for."""
    return str(uuid5(_NAMESPACE, f"{release_id} {environment_id} {stored_time(date_created)}"))


def is_derived(deployment_id: str) -> bool:
    """Whether an id may be one of `derived_id`: ours are random UUIDs, which have another version."""
    try:
        return UUID(deployment_id).version == 5
    except ValueError:
        return False


def without_5x(record: EnvironmentRecord) -> EnvironmentRecord:
    """The record as the environment's own item has it: `History.environment` adds what 5.x deployed last."""
    if record.current is None or not is_derived(record.current.deployment_id):
        return record
    return replace(record, current=None, good=None)


def deployments_in(item: Item) -> tuple[Deployment, ...]:
    """The deployments that 5.x recorded in a release's item; ours have items of their own."""
    release = Fields(item, str(item.get("release_id")))
    rows = (row for row in release.rows("deployments") if row.optional_text("deployment_id") is None)
    return tuple(_deployment(release, row) for row in rows)


def newest(
    items: Iterable[Item], environment_ids: Set[str], limit: int, others: Iterable[Deployment] = ()
) -> tuple[Deployment, ...]:
    """The newest deployments to these environments: 5.x's in release items, and `others`; newest first.

    `items` come by `last_date_deployed`, newest first. A release may have older deployments too, so
    reading ends once a release was last deployed before the oldest deployment that is wanted.
    """
    found = _newest_of(others, limit)
    for item in items:
        deployed = Fields(item, str(item.get("release_id"))).optional_time("last_date_deployed")
        if deployed is not None and len(found) == limit and deployed < found[-1].date_created:
            break
        here = (one for one in deployments_in(item) if one.environment in environment_ids)
        found = _newest_of([*found, *here], limit)
    return tuple(found)


def _newest_of(deployments: Iterable[Deployment], limit: int) -> list[Deployment]:
    return sorted(deployments, key=lambda one: one.date_created, reverse=True)[:limit]


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
    """What was done for each image; what the oldest versions wrote instead is passed over."""
    details = row.item.get("details")
    if not isinstance(details, Mapping):
        return {}
    return {key: Fields(one, row.record) for key, one in details.items() if isinstance(one, Mapping)}


def _services(details: Mapping[str, Fields]) -> tuple[ServiceOutcome, ...]:
    """A service that runs several images was told once for each: the last order counts.

    Before 5.1 no cluster was noted: the service's ARN names it. One that does not can't be looked up, and is left out.
    """
    images: dict[ServiceKey, tuple[str, ...]] = {}
    told: dict[ServiceKey, str | None] = {}
    for image_id, detail in details.items():
        for row in detail.rows("ecs_deployments"):
            key = key_from_arn(row.optional_text("service_arn") or "", row.optional_text("cluster_arn") or "")
            if key is None or not key.name:
                continue
            images[key] = (*images.get(key, ()), image_id)
            told[key] = row.optional_text("deployment_id")
    return tuple(
        ServiceOutcome(
            service_id=key.name,
            key=key,
            images=images[key],
            status=ServiceStatus.IN_PROGRESS,
            ecs_deployment_id=told[key],
            reason=NO_VERDICT,
        )
        for key in images
    )
