"""Tags: ECS's calls for them, and the tagging API, whose index lags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from weco_deploy.sandbox.ecs.errors import invalid
from weco_deploy.sandbox.ecs.lookups import definition_of
from weco_deploy.sandbox.ecs.pages import page
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Json


def as_dict(tags: Iterable[Json]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in tags}


def as_list(tags: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def index(region: Region, service: Service) -> None:
    """Let the tagging API know how a service is tagged now; it forgets those that are not active."""
    tags = dict(service.tags) if service.status == "ACTIVE" else None
    service.tag_history.append((region.now, tags))


def tag_resource(region: Region, request: Json) -> Json:
    _tags_of(region, request["resourceArn"]).update(as_dict(request["tags"]))
    _index_again(region, request["resourceArn"])
    return {}


def untag_resource(region: Region, request: Json) -> Json:
    tags = _tags_of(region, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    _index_again(region, request["resourceArn"])
    return {}


def list_tags_for_resource(region: Region, request: Json) -> Json:
    return {"tags": as_list(_tags_of(region, request["resourceArn"]))}


VALUES_OF_A_FILTER = 20


def get_resources(region: Region, request: Json) -> Json:
    """tagging:GetResources, for ECS services."""
    as_of = region.now - timedelta(seconds=region.settings.tagging_lag)
    types = request.get("ResourceTypeFilters") or ["ecs"]
    filters = request.get("TagFilters", ())
    if any(len(given.get("Values", ())) > VALUES_OF_A_FILTER for given in filters):
        raise invalid(f"A tag filter can have at most {VALUES_OF_A_FILTER} values.")
    services = (
        service
        for cluster in (region.clusters.values() if {"ecs", "ecs:service"} & set(types) else ())
        for service in cluster.services.values()
    )
    found = (
        (service.arn, tags)
        for service in services
        if (tags := _indexed(service, as_of, region)) and all(_matches(tags, given) for given in filters)
    )
    renamed = request | {"nextToken": request.get("PaginationToken")}
    listed, token = page(found, renamed, usual=50, most=100, limit_key="ResourcesPerPage")
    return {
        "ResourceTagMappingList": [_mapping(arn, tags) for arn, tags in listed],
        "PaginationToken": token or "",
    }


def _mapping(arn: str, tags: Mapping[str, str]) -> Json:
    return {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _indexed(service: Service, as_of: datetime, region: Region) -> dict[str, str] | None:
    if not region.settings.tagging_lag:
        return service.tag_history[-1][1] if service.tag_history else None
    known = [tags for at, tags in service.tag_history if at <= as_of]
    return known[-1] if known else None


def _matches(tags: Mapping[str, str], given: Json) -> bool:
    key, values = given["Key"], given.get("Values", ())
    return key in tags and (not values or tags[key] in values)


def _tags_of(region: Region, arn: str) -> dict[str, str]:
    """The tags of a cluster, service, task or task definition."""
    _, _, resource = arn.rpartition(":")
    kind, *path = resource.split("/")
    if ":task-definition/" in arn:
        definition = definition_of(region, arn)
        if definition is not None:
            return definition.tags
    elif path and path[0] in region.clusters:
        cluster = region.clusters[path[0]]
        if kind == "cluster":
            return cluster.tags
        if kind == "service" and path[-1] in cluster.services:
            return cluster.services[path[-1]].tags
        if kind == "task" and arn in cluster.tasks:
            return cluster.tasks[arn].tags
    raise invalid("The specified resource was not found.")


def _index_again(region: Region, arn: str) -> None:
    _, _, path = arn.partition(":service/")
    if path:
        cluster, _, name = path.partition("/")
        index(region, region.clusters[cluster].services[name])
