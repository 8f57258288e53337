"""ECS's calls about clusters and task definitions."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.errors import ApiError, invalid
from weco_deploy.sandbox.ecs.lookups import (
    DEFAULT_CLUSTER,
    at_most,
    cluster_of,
    definition_of,
    last_part,
    missing,
)
from weco_deploy.sandbox.ecs.pages import page, with_token
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Cluster, ContainerInstance, Json, TaskDefinition
from weco_deploy.sandbox.ecs.tags import as_dict, as_list
from weco_deploy.sandbox.ecs.views import cluster_view

CONTAINER_INSTANCES_A_CALL = 100


def create_cluster(region: Region, request: Json) -> Json:
    """Idempotent: a cluster that is there is answered."""
    name = request.get("clusterName") or DEFAULT_CLUSTER
    cluster = region.clusters.get(name)
    if cluster is None:
        arn = region.place.arn("cluster", name)
        cluster = region.clusters[name] = Cluster(arn=arn, name=name, tags=as_dict(request.get("tags", ())))
    return {"cluster": cluster_view(cluster)}


def describe_clusters(region: Region, request: Json) -> Json:
    answer: Json = {"clusters": [], "failures": []}
    for named in request.get("clusters") or [DEFAULT_CLUSTER]:
        cluster = region.clusters.get(last_part(named))
        if cluster is None:
            answer["failures"].append(missing(region.place.arn("cluster", last_part(named))))
            continue
        tags = {"tags": as_list(cluster.tags)} if "TAGS" in request.get("include", ()) else {}
        answer["clusters"].append(cluster_view(cluster) | tags)
    return answer


def describe_container_instances(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    known = {instance.arn: instance for instance in cluster.container_instances}
    answer: Json = {"containerInstances": [], "failures": []}
    for named in at_most(request["containerInstances"], CONTAINER_INSTANCES_A_CALL, "containerInstances"):
        arn = named if named.startswith("arn:") else f"{_prefix(cluster)}/{named}"
        if arn in known:
            answer["containerInstances"].append(_container_instance(known[arn]))
        else:
            answer["failures"].append(missing(arn))
    return answer


def list_clusters(region: Region, request: Json) -> Json:
    arns, token = page((cluster.arn for cluster in region.clusters.values()), request, usual=100, most=100)
    return with_token({"clusterArns": arns}, token)


def register_task_definition(region: Region, request: Json) -> Json:
    family = request["family"]
    if not request["containerDefinitions"]:
        raise ApiError("ClientException", "Container list cannot be empty.")
    revisions = region.definitions.setdefault(family, [])
    revision = len(revisions) + 1
    arn = f"{region.place.arn('task-definition', family)}:{revision}"
    containers = [_with_defaults(container) for container in request["containerDefinitions"]]
    registered: Json = {name: value for name, value in request.items() if name != "tags"}
    registered |= {
        "taskDefinitionArn": arn,
        "revision": revision,
        "status": "ACTIVE",
        "containerDefinitions": containers,
        "volumes": request.get("volumes", []),
        "placementConstraints": request.get("placementConstraints", []),
        "compatibilities": ["EC2", "FARGATE"],
        "registeredAt": region.now,
    }
    definition = TaskDefinition(
        arn=arn,
        family=family,
        revision=revision,
        registered=registered,
        tags=as_dict(request.get("tags", ())),
    )
    revisions.append(definition)
    return {"taskDefinition": registered, "tags": as_list(definition.tags)}


def describe_task_definition(region: Region, request: Json) -> Json:
    definition = definition_of(region, request["taskDefinition"])
    if definition is None:
        raise ApiError("ClientException", "Unable to describe task definition.")
    tags = {"tags": as_list(definition.tags)} if "TAGS" in request.get("include", ()) else {}
    return {"taskDefinition": definition.registered} | tags


def _prefix(cluster: Cluster) -> str:
    return cluster.arn.replace(":cluster/", ":container-instance/")


def _container_instance(instance: ContainerInstance) -> Json:
    return {
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.id,
        "status": "ACTIVE",
        "agentConnected": True,
    }


def _with_defaults(container: Json) -> Json:
    if "name" not in container or "image" not in container:
        raise invalid("Container.name and Container.image should not be null or empty.")
    filled: Json = {"cpu": 0, "portMappings": [], "essential": True, "environment": [], "mountPoints": []}
    return filled | {"volumesFrom": []} | container
