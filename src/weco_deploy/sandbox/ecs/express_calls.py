"""Express services: ECS makes and manages what is around the service, and deploys it as a canary.

Sources: the service model (`CreateExpressGatewayService`, `Service.resourceManagementType`), the guides on Express Mode.
"""

from __future__ import annotations

from weco_deploy.sandbox.ecs import cluster_calls, service_calls
from weco_deploy.sandbox.ecs.errors import invalid
from weco_deploy.sandbox.ecs.lookups import DEFAULT_CLUSTER, cluster_of, definition_of, last_part
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Json

CONTAINER = "Main"
CANARY: Json = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 3,
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 3},
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
}
OF_A_DEFINITION = ("cpu", "cpuArchitecture", "executionRoleArn", "memory", "primaryContainer", "taskRoleArn")
"""What can't be given along with a task definition."""


def create_express_gateway_service(region: Region, request: Json) -> Json:
    """Create an Express service, of a task definition or of a container, for which ECS registers one."""
    name = request.get("serviceName") or f"express-{region.new_hex()[:12]}"
    created = service_calls.create_service(
        region,
        {
            "cluster": request.get("cluster", DEFAULT_CLUSTER),
            "serviceName": name,
            "taskDefinition": _definition(region, request, name),
            "desiredCount": request.get("scalingTarget", {}).get("minTaskCount", 1),
            "launchType": "FARGATE",
            "deploymentConfiguration": dict(CANARY),
            "tags": request.get("tags", []),
        },
        express=True,
    )["service"]
    return {
        "service": {
            "cluster": last_part(created["clusterArn"]),
            "serviceName": name,
            "serviceArn": created["serviceArn"],
            "infrastructureRoleArn": request["infrastructureRoleArn"],
            "status": {"statusCode": created["status"]},
            "currentDeployment": created["currentServiceDeployment"],
            "tags": created["tags"],
            "createdAt": created["createdAt"],
        }
    }


def _definition(region: Region, request: Json, name: str) -> str:
    given = request.get("taskDefinitionArn")
    if given is None:
        container = request.get("primaryContainer")
        if container is None:
            raise invalid("Either primaryContainer or taskDefinitionArn is needed.")
        containers = [{"name": CONTAINER, "image": container["image"]}]
        family = f"{cluster_of(region, request).name}-{name}"
        registered = cluster_calls.register_task_definition(
            region, {"family": family, "containerDefinitions": containers}
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])
    if both := [key for key in OF_A_DEFINITION if key in request]:
        raise invalid(f"taskDefinitionArn can't be given along with {', '.join(both)}.")
    definition = definition_of(region, given)
    if definition is None or all(container["name"] != CONTAINER for container in definition.containers):
        raise invalid(f"The task definition must have a container named {CONTAINER}.")
    return str(given)
