"""ECS's calls about services."""

from __future__ import annotations

from weco_deploy.sandbox.ecs import deployments, native, tags, tasks
from weco_deploy.sandbox.ecs.errors import ApiError, invalid, service_not_active
from weco_deploy.sandbox.ecs.lag import Reader
from weco_deploy.sandbox.ecs.lookups import (
    at_most,
    cluster_of,
    definition_of,
    find_service,
    last_part,
    missing,
    service_of,
)
from weco_deploy.sandbox.ecs.pages import page, with_token
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Cluster, Json, TaskDefinition
from weco_deploy.sandbox.ecs.views import service_view

SERVICES_A_CALL = 10
NOT_KEPT = ("cluster", "clientToken", "forceNewDeployment", "service", "tags", "taskDefinition")
"""What of a request is not a property of the service."""
NEW_DEPLOYMENT = (
    "capacityProviderStrategy",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
)
"""What starts a new deployment when UpdateService changes it, besides the task definition."""
MANAGED_BY_ECS = frozenset({"deploymentConfiguration", "loadBalancers"})
"""What UpdateService can't change of an Express service."""


def create_service(region: Region, request: Json, *, express: bool = False) -> Json:
    cluster = cluster_of(region, request)
    name = request["serviceName"]
    existing = cluster.services.get(name)
    if existing is not None and existing.status != "INACTIVE":
        token = request.get("clientToken")
        if token and existing.request.get("clientToken") == token:
            return {"service": _answered(existing)}
        raise invalid("Creation of service was not idempotent.")
    service = Service(
        arn=region.place.arn("service", cluster.name, name),
        name=name,
        cluster=cluster,
        created_at=region.now,
        request=_new_properties(request),
        definition=_definition(region, request.get("taskDefinition", "")),
        express=express,
        tags=tags.as_dict(request.get("tags", ())),
    )
    if existing is not None:
        # A read that lags goes on telling the service that was deleted.
        service.past = existing.past
    cluster.services[name] = service
    deployments.open_new(region, service)
    tags.index(region, service)
    return {"service": _answered(service)}


def update_service(region: Region, request: Json) -> Json:
    service = service_of(cluster_of(region, request), request["service"])
    if service.status != "ACTIVE":
        raise service_not_active()
    if service.express and (managed := MANAGED_BY_ECS & request.keys()):
        raise invalid(
            f"{', '.join(sorted(managed))} can't be updated for a service whose resources ECS manages."
        )
    forced = request.get("forceNewDeployment", False)
    if service.controller != "ECS":
        _refuse_other_controllers(service, request, forced=forced)
    definition = service.definition
    if "taskDefinition" in request:
        definition = _definition(region, request["taskDefinition"])
    properties = {key: value for key, value in request.items() if key not in NOT_KEPT}
    revised = definition is not service.definition or any(
        key in properties and properties[key] != service.request.get(key) for key in NEW_DEPLOYMENT
    )
    before = (service.definition, service.request)
    if "deploymentConfiguration" in properties:
        given = service.configuration | properties["deploymentConfiguration"]
        properties["deploymentConfiguration"] = _checked(given)
    service.definition, service.request = definition, service.request | properties
    try:
        if forced or revised:
            deployments.open_new(region, service)
    except ApiError:
        service.definition, service.request = before
        raise
    region.wake(service)
    return {"service": _answered(service)}


def delete_service(region: Region, request: Json) -> Json:
    service = service_of(cluster_of(region, request), request["service"])
    if service.status == "INACTIVE":
        raise service_not_active()
    if service.request.get("desiredCount", 0) and not request.get("force", False):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    service.status = "DRAINING"
    for task in list(service.tasks.values()):
        tasks.stop(region, task, "ServiceSchedulerInitiated", "Task stopped: the service was deleted.")
    tags.index(region, service)
    region.wake(service)
    return {"service": _answered(service)}


def describe_services(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    reader = Reader(region)
    answer: Json = {"services": [], "failures": []}
    for named in at_most(request["services"], SERVICES_A_CALL, "services"):
        service = find_service(cluster, named)
        view = reader.service(service) if service is not None else None
        if service is None or view is None:
            arn = region.place.arn("service", cluster.name, last_part(named))
            answer["failures"].append(missing(arn))
            continue
        if "TAGS" in request.get("include", ()):
            view = view | {"tags": tags.as_list(service.tags)}
        answer["services"].append(view)
    return answer


def list_services(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    scheduling, launch_type = request.get("schedulingStrategy"), request.get("launchType")
    arns = (
        service.arn
        for service in cluster.services.values()
        if service.status == "ACTIVE"
        and (scheduling is None or scheduling == service.scheduling)
        and (launch_type is None or launch_type == service.launch_type)
    )
    listed, token = page(arns, request, usual=10, most=100)
    return with_token({"serviceArns": listed}, token)


def recreate(region: Region, cluster: Cluster, name: str) -> None:
    """Make a service again under the name of one that was deleted, as it was."""
    gone = cluster.services[name]
    request = gone.request | {
        "cluster": cluster.name,
        "serviceName": name,
        "taskDefinition": gone.definition.arn,
        "tags": tags.as_list(gone.tags),
    }
    create_service(region, request)


def _new_properties(request: Json) -> Json:
    kept = {key: value for key, value in request.items() if key not in NOT_KEPT}
    if "clientToken" in request:
        kept["clientToken"] = request["clientToken"]
    daemon = kept.get("schedulingStrategy") == "DAEMON"
    if daemon and "desiredCount" in kept:
        raise invalid("The daemon scheduling strategy does not support a desired count for services.")
    usual = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 100 if daemon else 200,
        "minimumHealthyPercent": 0 if daemon else 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    kept["deploymentConfiguration"] = _checked(usual | kept.get("deploymentConfiguration", {}))
    return kept


def _checked(configuration: Json) -> Json:
    native.check_hooks(configuration)
    early = configuration.get("earlySuccessCriteria", {})
    if early.get("enable"):
        if "healthyPercent" not in early or "sourceServiceRevisionCleanup" not in early:
            raise invalid("earlySuccessCriteria needs healthyPercent and sourceServiceRevisionCleanup.")
        if early["healthyPercent"] < configuration["minimumHealthyPercent"]:
            raise invalid("healthyPercent must be greater than or equal to minimumHealthyPercent.")
    return configuration


def _refuse_other_controllers(service: Service, request: Json, *, forced: bool) -> None:
    if forced:
        raise invalid(
            "Cannot force a new deployment on services with a "
            f"{service.controller} deployment controller. Use the controller to start one."
        )
    if "taskDefinition" in request:
        raise invalid(
            f"Unable to update task definition on services with a {service.controller} deployment controller."
        )


def _definition(region: Region, named: str) -> TaskDefinition:
    definition = definition_of(region, named)
    if definition is None:
        raise ApiError("ClientException", "TaskDefinition not found.")
    return definition


def _answered(service: Service) -> Json:
    return service_view(service) | {"tags": tags.as_list(service.tags)}
