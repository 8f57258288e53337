"""Finding what a request names: clusters, services, tasks and task definitions, by name or ARN."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.errors import ApiError, cluster_not_found, invalid, service_not_found
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service, ServiceDeployment
from weco_deploy.sandbox.ecs.state import Cluster, Json, Task, TaskDefinition

DEFAULT_CLUSTER = "default"


def last_part(name_or_arn: str) -> str:
    return name_or_arn.rsplit("/", 1)[-1]


def cluster_of(region: Region, request: Json) -> Cluster:
    """The cluster that the request names, by name or ARN; without a name the one called `default`."""
    named = request.get("cluster") or DEFAULT_CLUSTER
    cluster = region.clusters.get(last_part(named))
    if cluster is None or (named.startswith("arn:") and named != cluster.arn):
        raise cluster_not_found()
    return cluster


def service_of(cluster: Cluster, named: str) -> Service:
    service = find_service(cluster, named)
    if service is None:
        raise service_not_found()
    return service


def find_service(cluster: Cluster, named: str) -> Service | None:
    """The service by its name or its ARN, the short form of before 2021 included."""
    return cluster.services.get(last_part(named))


def task_of(cluster: Cluster, named: str) -> Task | None:
    """The task by its id or its ARN."""
    if named.startswith("arn:"):
        return cluster.tasks.get(named)
    prefix = cluster.arn.replace(":cluster/", ":task/")
    return cluster.tasks.get(f"{prefix}/{named}")


def definition_of(region: Region, named: str) -> TaskDefinition | None:
    """A task definition by `family`, `family:revision` or ARN; the latest revision of a family."""
    family, _, revision = last_part(named).partition(":")
    revisions = region.definitions.get(family, [])
    if not revision:
        return revisions[-1] if revisions else None
    number = int(revision) if revision.isdecimal() else 0
    return revisions[number - 1] if 0 < number <= len(revisions) else None


def service_behind(region: Region, arn: str) -> Service | None:
    """The service whose service deployment or revision the ARN names: `…/CLUSTER/SERVICE/ID`."""
    parts = arn.split(":", 5)[-1].split("/")
    if len(parts) != 4 or parts[1] not in region.clusters:
        return None
    return region.clusters[parts[1]].services.get(parts[2])


def service_deployment_of(region: Region, arn: str) -> tuple[Service, ServiceDeployment]:
    service = service_behind(region, arn)
    for record in service.service_deployments if service is not None else ():
        if record.arn == arn and service is not None:
            return service, record
    raise ApiError("ServiceDeploymentNotFoundException", "Service deployment not found.")


def missing(arn: str) -> Json:
    """A failure inside a good answer."""
    return {"arn": arn, "reason": "MISSING"}


def at_most(values: list[str], most: int, name: str) -> list[str]:
    """The values, if there are some and not too many."""
    if not values:
        raise invalid(f"{name} cannot be empty.")
    if len(values) > most:
        raise invalid(f"{name} can have at most {most} items.")
    return values
