"""The state in AWS's words: what DescribeServices, DescribeTasks and DescribeClusters answer."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.code_deploy import traffic_has_shifted
from weco_deploy.sandbox.ecs.images import by_digest
from weco_deploy.sandbox.ecs.service_state import Deployment, Service
from weco_deploy.sandbox.ecs.state import Cluster, Container, Json, Task

SHOWN_AS_GIVEN = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentController",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "schedulingStrategy",
    "serviceRegistries",
)
"""What DescribeServices answers as CreateService or UpdateService had it."""
LISTS = ("loadBalancers", "placementConstraints", "placementStrategy", "serviceRegistries")


def service_view(service: Service) -> Json:
    """A service without its tags, made anew only after it has changed."""
    if service.view is None:
        service.view = _service(service)
    return service.view


def _service(service: Service) -> Json:
    tasks = service.tasks.values()
    view: Json = {name: [] for name in LISTS}
    view |= {name: service.request[name] for name in SHOWN_AS_GIVEN if name in service.request}
    view |= {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster.arn,
        "status": service.status,
        "desiredCount": service.desired if service.status == "ACTIVE" else 0,
        "runningCount": sum(task.running for task in tasks),
        "pendingCount": sum(task.pending for task in tasks),
        "schedulingStrategy": service.scheduling,
        "deploymentController": {"type": service.controller},
        "deploymentConfiguration": _configuration(service),
        "createdAt": service.created_at,
        "createdBy": f"arn:aws:iam::{service.arn.split(':')[4]}:root",
        "enableECSManagedTags": bool(service.request.get("enableECSManagedTags", False)),
        "enableExecuteCommand": bool(service.request.get("enableExecuteCommand", False)),
        "propagateTags": service.request.get("propagateTags", "NONE"),
        "events": list(service.events),
        "deployments": [],
    }
    if service.express:
        view["resourceManagementType"] = "ECS"
    else:
        view |= {"taskDefinition": service.definition.arn, "resourceManagementType": "CUSTOMER"}
    if service.controller != "ECS":
        view["taskSets"] = [_task_set(service, deployment) for deployment in service.deployments]
        return view
    view["deployments"] = [_deployment(service, deployment) for deployment in service.deployments]
    if service.service_deployments:
        view["currentServiceDeployment"] = service.service_deployments[0].arn
        view["currentServiceRevisions"] = [
            revision_counts(service, deployment) for deployment in service.deployments
        ]
    return view


def _configuration(service: Service) -> Json:
    """What shifts the traffic of a service is not part of it where another controller than ECS does."""
    if service.controller == "ECS":
        return service.configuration
    return {key: service.configuration[key] for key in ("maximumPercent", "minimumHealthyPercent")}


def _serves_production(service: Service) -> Deployment:
    """The deployment whose task set is PRIMARY: the one that all production traffic goes to."""
    record = service.service_deployments[0] if service.service_deployments else None
    earlier = [deployment for deployment in service.deployments if deployment in service.completed]
    if record is None or record.deployment is not service.primary or not earlier:
        return service.primary
    return service.primary if traffic_has_shifted(record) else earlier[-1]


def _deployment(service: Service, deployment: Deployment) -> Json:
    tasks = service.tasks_of(deployment)
    primary = deployment is service.primary
    view: Json = {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.revision.definition.arn,
        "desiredCount": _requested(service, deployment),
        "runningCount": sum(task.running for task in tasks),
        "pendingCount": sum(task.pending for task in tasks),
        "failedTasks": deployment.breaker.failures if primary or not deployment.completed else 0,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "launchType": service.launch_type,
    }
    if not service.classic:
        view["rolloutState"] = deployment.state
        view["rolloutStateReason"] = deployment.reason
    return view


def _requested(service: Service, deployment: Deployment) -> int:
    """What is desired of a deployment: of the PRIMARY all, of the others what has not been told to stop."""
    if deployment is service.primary:
        return service.desired if service.status == "ACTIVE" else 0
    return sum(task.wanted for task in service.tasks_of(deployment))


def _task_set(service: Service, deployment: Deployment) -> Json:
    tasks = service.tasks_of(deployment)
    running = sum(task.running for task in tasks)
    return {
        "id": deployment.id,
        "taskSetArn": service.arn.replace(":service/", ":task-set/") + f"/{deployment.id}",
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "status": "PRIMARY" if deployment is _serves_production(service) else "ACTIVE",
        "externalId": deployment.external_id,
        "loadBalancers": service.request.get("loadBalancers", []),
        "taskDefinition": deployment.revision.definition.arn,
        "computedDesiredCount": service.desired,
        "pendingCount": sum(task.pending for task in tasks),
        "runningCount": running,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "launchType": service.launch_type,
        "scale": {"value": 100.0, "unit": "PERCENT"},
        "stabilityStatus": "STEADY_STATE" if running == service.desired else "STABILIZING",
    }


def revision_counts(service: Service, deployment: Deployment) -> Json:
    """The tasks of a deployment's revision."""
    tasks = service.tasks_of(deployment)
    return {
        "arn": deployment.revision.arn,
        "requestedTaskCount": _requested(service, deployment),
        "runningTaskCount": sum(task.running for task in tasks),
        "pendingTaskCount": sum(task.pending for task in tasks),
    }


def task_view(task: Task) -> Json:
    """A task without its tags, made anew only after it has changed."""
    if task.view is None:
        task.view = _task(task)
    return task.view


def _task(task: Task) -> Json:
    view: Json = {
        "taskArn": task.arn,
        "clusterArn": task.cluster.arn,
        "taskDefinitionArn": task.definition.arn,
        "group": task.group,
        "lastStatus": task.status,
        "desiredStatus": task.desired_status,
        "launchType": task.launch_type,
        "healthStatus": task.health,
        "createdAt": task.created_at,
        "containers": [_container(task, container) for container in task.containers],
        "attachments": [],
        "overrides": {
            "containerOverrides": [
                {"name": container.name, "command": container.command}
                for container in task.containers
                if container.command is not None
            ]
        },
        "version": 1,
        "connectivity": "CONNECTED",
    }
    view |= {
        key: value
        for key, value in {
            "containerInstanceArn": task.instance.arn if task.instance else "",
            "startedBy": task.started_by,
            "pullStartedAt": task.pull_started_at,
            "pullStoppedAt": task.pull_stopped_at,
            "startedAt": task.started_at,
            "stoppingAt": task.stopping_at,
            "stoppedAt": task.stopped_at,
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason,
        }.items()
        if value
    }
    return view


def _container(task: Task, container: Container) -> Json:
    image = container.image
    if container.digest and task.service is not None and task.service.trouble.image_by_digest:
        image = by_digest(image, container.digest)
    view: Json = {
        "containerArn": f"{task.arn.replace(':task/', ':container/')}/{container.name}",
        "taskArn": task.arn,
        "name": container.name,
        "image": image,
        "lastStatus": container.status,
        "healthStatus": container.health,
        "networkBindings": container.bindings,
        "networkInterfaces": []
        if task.instance
        else [{"attachmentId": task.id, "privateIpv4Address": task.address}],
    }
    if container.digest:
        view["imageDigest"] = container.digest
    if container.exit_code is not None:
        view["exitCode"] = container.exit_code
    if container.reason:
        view["reason"] = container.reason
    return view


def cluster_view(cluster: Cluster) -> Json:
    active = [service for service in cluster.services.values() if service.status != "INACTIVE"]
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": cluster.instances,
        "runningTasksCount": sum(task.running for task in cluster.tasks.values()),
        "pendingTasksCount": sum(task.pending for task in cluster.tasks.values()),
        "activeServicesCount": len(active),
        "statistics": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }
