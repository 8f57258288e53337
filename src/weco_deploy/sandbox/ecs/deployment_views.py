"""Service deployments and service revisions in AWS's words."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.service_state import HookRun, Revision, Service, ServiceDeployment
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.ecs.views import revision_counts


def service_deployment_brief(service: Service, record: ServiceDeployment) -> Json:
    return _known(
        {
            "serviceDeploymentArn": record.arn,
            "serviceArn": service.arn,
            "clusterArn": service.cluster.arn,
            "createdAt": record.created_at,
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "targetServiceRevisionArn": record.deployment.revision.arn,
            "status": record.status,
            "statusReason": record.reason or None,
        }
    )


def service_deployment_view(service: Service, record: ServiceDeployment) -> Json:
    breaker = record.deployment.breaker
    alarms = record.configuration.get("alarms", {})
    view = _known(
        {
            "serviceDeploymentArn": record.arn,
            "serviceArn": service.arn,
            "clusterArn": service.cluster.arn,
            "createdAt": record.created_at,
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "stoppedAt": record.stopped_at,
            "updatedAt": max(record.updated_at, record.deployment.updated_at),
            "sourceServiceRevisions": [_summary(service, record, revision) for revision in record.sources],
            "targetServiceRevision": _summary(service, record, record.deployment.revision),
            "status": record.status,
            "statusReason": record.reason or None,
            "deploymentConfiguration": record.configuration,
            "rollback": record.rollback,
        }
    )
    view["deploymentCircuitBreaker"] = {
        "status": breaker.status,
        "failureCount": breaker.failures,
        "threshold": breaker.rules.threshold(service.desired),
    }
    if record.progress is not None:
        if record.progress.position >= 0:
            view["lifecycleStage"] = record.progress.step.stage
        view["lifecycleHookDetails"] = [_hook(run) for run in record.progress.runs]
    if alarms.get("enable"):
        view["alarms"] = {
            "status": _alarm_status(record),
            "alarmNames": list(alarms["alarmNames"]),
            "triggeredAlarmNames": list(record.triggered_alarms),
        }
    else:
        view["alarms"] = {"status": "DISABLED"}
    return view


def _alarm_status(record: ServiceDeployment) -> str:
    if record.triggered_alarms:
        return "TRIGGERED"
    if record.deployment.ignored_alarms:
        return "DISABLED"
    return "MONITORING" if record.status in {"PENDING", "IN_PROGRESS"} else "MONITORING_COMPLETE"


def _hook(run: HookRun) -> Json:
    view: Json = {
        "hookId": run.id,
        "targetType": run.kind,
        "status": run.status,
        "expiresAt": run.expires_at,
        "timeoutAction": run.at_timeout,
    }
    return view | ({"targetArn": run.target} if run.target else {})


def _summary(service: Service, record: ServiceDeployment, revision: Revision) -> Json:
    view: Json = {"arn": revision.arn, "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0}
    for deployment in service.deployments:
        if deployment.revision is revision:
            view = revision_counts(service, deployment)
    if record.progress is not None:
        test, production = record.progress.weights(revision, record.deployment.revision)
        view |= {"requestedTestTrafficWeight": test, "requestedProductionTrafficWeight": production}
    return view


def revision_view(service: Service, revision: Revision) -> Json:
    """A service revision. Its images have digests once its first task has resolved them."""
    view: Json = {
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "taskDefinition": revision.definition.arn,
        "createdAt": revision.created_at,
        "containerImages": [],
    } | revision.configuration
    pins = {} if service.trouble.hides_revisions else revision.pins or {}
    for container in revision.definition.containers:
        image: Json = {"containerName": container["name"], "image": container["image"]}
        if container["name"] in pins:
            image["imageDigest"] = pins[container["name"]]
        view["containerImages"].append(image)
    return view


def _known(view: Json) -> Json:
    return {name: value for name, value in view.items() if value is not None}
