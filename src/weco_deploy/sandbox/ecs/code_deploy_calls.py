"""CodeDeploy's calls, as far as they concern ECS services."""

from __future__ import annotations

from weco_deploy.sandbox.ecs import deployment_calls, deployments
from weco_deploy.sandbox.ecs.causes import START_TIMEOUT
from weco_deploy.sandbox.ecs.code_deploy import (
    INSTALL_MINUTES,
    CodeDeployment,
    Group,
    current_event,
    is_over,
    routing,
    shifting,
    task_definition_in,
)
from weco_deploy.sandbox.ecs.code_deploy_views import deployment_view, group_view, target_view
from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.lookups import cluster_of, definition_of, service_of
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Json


def create_application(region: Region, request: Json) -> Json:
    name = request["applicationName"]
    if name in region.code_deploy.applications:
        raise ApiError("ApplicationAlreadyExistsException", f"Application already exists: {name}")
    region.code_deploy.applications.add(name)
    return {"applicationId": region.new_hex()}


def create_deployment_group(region: Region, request: Json) -> Json:
    application, name = request["applicationName"], request["deploymentGroupName"]
    if application not in region.code_deploy.applications:
        raise ApiError("ApplicationDoesNotExistException", f"No application found for name: {application}")
    (target,) = request["ecsServices"]
    service = service_of(cluster_of(region, {"cluster": target["clusterName"]}), target["serviceName"])
    if service.controller != "CODE_DEPLOY":
        raise ApiError(
            "InvalidECSServiceException",
            "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.",
        )
    group = Group(
        application=application,
        name=name,
        cluster=service.cluster.name,
        service=service.name,
        request=request,
    )
    routing(group.configuration_name)
    region.code_deploy.groups[application, name] = group
    return {"deploymentGroupId": region.new_hex()}


def get_deployment_group(region: Region, request: Json) -> Json:
    return {"deploymentGroupInfo": group_view(region.code_deploy.group(request))}


def get_deployment_config(_: Region, request: Json) -> Json:
    name = request["deploymentConfigName"]
    return {
        "deploymentConfigInfo": {
            "deploymentConfigName": name,
            "computePlatform": "ECS",
            "trafficRoutingConfig": routing(name),
        }
    }


def create_deployment(region: Region, request: Json) -> Json:
    """Deploy a revision, an AppSpec, by a deployment group, which deploys one at a time."""
    group = region.code_deploy.group(request)
    content = request.get("revision", {}).get("appSpecContent", {}).get("content", "")
    definition = definition_of(region, task_definition_in(content))
    if definition is None:
        raise ApiError("InvalidRevisionException", "The task definition of the AppSpec does not exist.")
    if active := region.code_deploy.active(group):
        raise ApiError(
            "DeploymentLimitExceededException",
            f"The Deployment Group '{group.name}' already has an active Deployment '{active.id}'",
        )
    service = service_of(cluster_of(region, {"cluster": group.cluster}), group.service)
    service.definition = definition
    service.request["deploymentConfiguration"] = service.configuration | shifting(group)
    opened = deployments.open_new(region, service)
    made = CodeDeployment(
        id=f"d-{region.new_hex()[:9].upper()}",
        rollback_id=f"d-{region.new_hex()[:9].upper()}",
        group=group,
        service=service,
        record=service.service_deployments[0],
        created_at=region.now,
        description=request.get("description", ""),
    )
    opened.external_id = made.id
    region.code_deploy.deployments[made.id] = made
    region.after(60.0 * INSTALL_MINUTES, lambda: _time_out(region, made))
    return {"deploymentId": made.id}


def get_deployment(region: Region, request: Json) -> Json:
    deployment, of_rollback = region.code_deploy.find(request["deploymentId"])
    return {"deploymentInfo": deployment_view(deployment, of_rollback=of_rollback)}


def batch_get_deployment_targets(region: Region, request: Json) -> Json:
    deployment, _ = region.code_deploy.find(request["deploymentId"])
    if deployment.record.status == "PENDING":
        raise ApiError("DeploymentNotStartedException", f"The deployment {deployment.id} has not started yet")
    known = f"{deployment.group.cluster}:{deployment.group.service}"
    if any(target != known for target in request.get("targetIds", ())):
        raise ApiError("DeploymentTargetDoesNotExistException", "The deployment target does not exist")
    return {"deploymentTargets": [target_view(deployment)]}


def list_deployments(region: Region, request: Json) -> Json:
    """The ids of a group's deployments, the newest first."""
    group = region.code_deploy.group(request)
    wanted = request.get("includeOnlyStatuses")
    found: list[str] = []
    for deployment in reversed(region.code_deploy.deployments.values()):
        if deployment.group is group:
            views = [deployment_view(deployment, of_rollback=False)]
            if deployment.record.rollback:
                views.insert(0, deployment_view(deployment, of_rollback=True))
            found += [view["deploymentId"] for view in views if not wanted or view["status"] in wanted]
    return {"deployments": found}


def stop_deployment(region: Region, request: Json) -> Json:
    """Stop a deployment, and with `autoRollbackEnabled` bring the old task set back."""
    deployment, of_rollback = region.code_deploy.find(request["deploymentId"])
    record = deployment.record
    if of_rollback or is_over(record) or record.status not in {"PENDING", "IN_PROGRESS"}:
        raise ApiError(
            "DeploymentAlreadyCompletedException", f"The deployment {deployment.id} has completed already"
        )
    stop_type = "ROLLBACK" if request.get("autoRollbackEnabled") else "ABORT"
    deployment_calls.stop_service_deployment(
        region, {"serviceDeploymentArn": record.arn, "stopType": stop_type}
    )
    deployment.stopped_by_request = True
    return {"status": "Pending", "statusMessage": ""}


def _time_out(region: Region, deployment: CodeDeployment) -> None:
    """CodeDeploy gives up on a replacement task set that does not become healthy."""
    record = deployment.record
    if record.status == "IN_PROGRESS" and current_event(record) in {"BeforeInstall", "Install"}:
        deployment.timed_out = True
        deployments.fail(region, deployment.service, record.deployment, START_TIMEOUT)
