"""CodeDeploy's answers about deployments of ECS services."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.code_deploy import (
    EVENTS,
    CodeDeployment,
    Group,
    current_event,
    is_over,
)
from weco_deploy.sandbox.ecs.service_state import Deployment, ServiceDeployment
from weco_deploy.sandbox.ecs.state import Json

_STATUS = {"PENDING": "Created", "SUCCESSFUL": "Succeeded", "STOPPED": "Failed"}
_OF_ROLLBACK = {"ROLLBACK_SUCCESSFUL": "Succeeded", "ROLLBACK_FAILED": "Failed"}


def group_view(group: Group) -> Json:
    return {
        "applicationName": group.application,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.configuration_name,
        "computePlatform": "ECS",
        "blueGreenDeploymentConfiguration": group.waits,
        "ecsServices": [{"clusterName": group.cluster, "serviceName": group.service}],
    }


def deployment_view(deployment: CodeDeployment, *, of_rollback: bool) -> Json:
    """A deployment, or its rollback, which is a deployment by CodeDeploy itself."""
    record, group = deployment.record, deployment.group
    view: Json = {
        "applicationName": group.application,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.configuration_name,
        "computePlatform": "ECS",
        "createTime": deployment.created_at,
        "blueGreenDeploymentConfiguration": group.waits,
    }
    if of_rollback:
        return view | {
            "deploymentId": deployment.rollback_id,
            "status": _OF_ROLLBACK.get(record.status, "InProgress"),
            "creator": "codeDeployRollback",
            "rollbackInfo": {"rollbackTriggeringDeploymentId": deployment.id},
        }
    view |= {
        "deploymentId": deployment.id,
        "status": status_of(deployment),
        "description": deployment.description,
        "creator": "user",
        "instanceTerminationWaitTimeStarted": _bakes(record),
    }
    if error := _error(deployment):
        view["errorInformation"] = error
    if record.rollback:
        view["rollbackInfo"] = {"rollbackDeploymentId": deployment.rollback_id, "rollbackMessage": ""}
    return view


def status_of(deployment: CodeDeployment) -> str:
    record = deployment.record
    if record.rollback or record.status == "ROLLBACK_FAILED":
        return "Stopped" if deployment.stopped_by_request or record.triggered_alarms else "Failed"
    if record.status == "STOPPED" and deployment.stopped_by_request:
        return "Stopped"
    return _STATUS.get(record.status, "InProgress")


def target_view(deployment: CodeDeployment) -> Json:
    """The target of a deployment: an ECS service, with the lifecycle events so far and the two task sets."""
    service, record = deployment.service, deployment.record
    progress = record.progress
    share = progress.production if progress is not None else 0.0
    blue = service.completed[-1] if service.completed else None
    sets = [_task_set(deployment, record.deployment, "GREEN", share)]
    if blue is not None and blue is not record.deployment:
        sets.append(_task_set(deployment, blue, "BLUE", 100.0 - share))
    return {
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": deployment.id,
            "targetId": f"{deployment.group.cluster}:{deployment.group.service}",
            "targetArn": service.arn,
            "status": "Succeeded" if record.status == "SUCCESSFUL" else "InProgress",
            "lifecycleEvents": _events(record),
            "taskSetsInfo": sets,
        },
    }


def _events(record: ServiceDeployment) -> list[Json]:
    current = current_event(record)
    progress = record.progress
    begun = progress is not None and progress.position >= 0
    position = EVENTS.index(current) if current else len(EVENTS) if begun else 0
    ended = is_over(record) or record.rollback is not None
    return [
        {"lifecycleEventName": event, "status": _event_status(place, position, ended=ended)}
        for place, event in enumerate(EVENTS)
    ]


def _event_status(place: int, position: int, *, ended: bool) -> str:
    if place < position:
        return "Succeeded"
    if ended:
        return "Failed" if place == position else "Skipped"
    return "InProgress" if place == position else "Pending"


def _task_set(deployment: CodeDeployment, of: Deployment, label: str, share: float) -> Json:
    tasks = deployment.service.tasks_of(of)
    return {
        "identifer": of.id,  # AWS's spelling
        "desiredCount": deployment.service.desired,
        "runningCount": sum(task.running for task in tasks),
        "pendingCount": sum(task.pending for task in tasks),
        "status": of.status,
        "trafficWeight": share,
        "taskSetLabel": {"BLUE": "Blue", "GREEN": "Green"}[label],
    }


def _bakes(record: ServiceDeployment) -> bool:
    """Whether all lifecycle events are over, and the old task set is about to be terminated."""
    progress = record.progress
    return progress is not None and progress.position >= 0 and not current_event(record)


def _error(deployment: CodeDeployment) -> Json | None:
    record = deployment.record
    if record.triggered_alarms:
        named = ", ".join(record.triggered_alarms)
        return {"code": "ALARM_ACTIVE", "message": f"One or more alarms have been activated: {named}"}
    if deployment.stopped_by_request:
        return {"code": "MANUAL_STOP", "message": "The deployment was stopped by a user."}
    if deployment.timed_out:
        return {
            "code": "TIMEOUT",
            "message": "ECS deployment timed out while waiting for replacement task set to become healthy.",
        }
    return None
