"""ECS's answers as our types, nothing judged.

Fields that AWS leaves out (a service with an external controller has no deployments, a task that has
not pulled no digest) become what the model says for unknown; statuses stay whatever AWS wrote.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from weco_deploy.aws.times import utc
from weco_deploy.model.arn import Arn
from weco_deploy.model.service import (
    Container,
    DefinedContainer,
    EcsDeployment,
    FoundService,
    ResolvedImage,
    Service,
    ServiceEvent,
    ServiceKey,
    Task,
)

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        ContainerImageTypeDef,
        ContainerTypeDef,
        DeploymentTypeDef,
        ServiceEventTypeDef,
        ServiceTypeDef,
        TaskTypeDef,
    )
    from mypy_boto3_resourcegroupstaggingapi.type_defs import ResourceTagMappingTypeDef

SERVICE_TAG = "deployment:service"
ENVIRONMENT_TAG = "deployment:env"

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OF_A_SERVICE = "service:"
_OF_SERVICES = "service/"
_BY_A_DEPLOYMENT = "ecs-svc/"


def service_seen(answered: ServiceTypeDef) -> Service:
    configuration = answered.get("deploymentConfiguration", {})
    breaker = configuration.get("deploymentCircuitBreaker", {"enable": False, "rollback": False})
    tags = {tag.get("key", ""): tag.get("value", "") for tag in answered.get("tags", ())}
    return Service(
        key=ServiceKey(answered["clusterArn"], answered["serviceName"]),
        arn=answered["serviceArn"],
        status=answered.get("status", ""),
        desired=answered.get("desiredCount", 0),
        running=answered.get("runningCount", 0),
        pending=answered.get("pendingCount", 0),
        task_definition=answered.get("taskDefinition", ""),
        controller=answered.get("deploymentController", {}).get("type", "ECS"),
        strategy=configuration.get("strategy", "ROLLING"),
        scheduling=answered.get("schedulingStrategy", "REPLICA"),
        breaker=bool(breaker.get("enable")),
        deployments=tuple(deployment_seen(one) for one in answered.get("deployments", ())),
        events=tuple(_event(one) for one in answered.get("events", ())),
        service_id=tags.get(SERVICE_TAG),
        environment=tags.get(ENVIRONMENT_TAG),
    )


def deployment_seen(answered: DeploymentTypeDef) -> EcsDeployment:
    return EcsDeployment(
        id=answered["id"],
        status=answered.get("status", ""),
        rollout_state=answered.get("rolloutState"),
        rollout_reason=answered.get("rolloutStateReason", ""),
        desired=answered.get("desiredCount", 0),
        running=answered.get("runningCount", 0),
        pending=answered.get("pendingCount", 0),
        failed_tasks=answered.get("failedTasks", 0),
        created_at=utc(answered.get("createdAt")) or _LONG_AGO,
        task_definition=answered.get("taskDefinition", ""),
    )


def task_seen(answered: TaskTypeDef) -> Task:
    group, started_by = answered.get("group", ""), answered.get("startedBy", "")
    return Task(
        arn=answered["taskArn"],
        service_name=group.removeprefix(_OF_A_SERVICE) if group.startswith(_OF_A_SERVICE) else "",
        # Anything else than a deployment may be named there by whoever ran the task.
        deployment_id=started_by if started_by.startswith(_BY_A_DEPLOYMENT) else None,
        task_definition=answered.get("taskDefinitionArn", ""),
        status=answered.get("lastStatus", ""),
        created_at=utc(answered.get("createdAt")),
        started_at=utc(answered.get("startedAt")),
        stopped_at=utc(answered.get("stoppedAt")),
        stop_code=answered.get("stopCode", ""),
        stopped_reason=answered.get("stoppedReason", ""),
        containers=tuple(_container(one) for one in answered.get("containers", ())),
    )


def defined_seen(answered: ContainerDefinitionOutputTypeDef) -> DefinedContainer:
    log = answered.get("logConfiguration")
    options = log.get("options", {}) if log else {}
    return DefinedContainer(
        name=answered.get("name", ""),
        image=answered.get("image", ""),
        log_driver=log.get("logDriver") if log else None,
        log_group=options.get("awslogs-group"),
        log_region=options.get("awslogs-region"),
        log_stream_prefix=options.get("awslogs-stream-prefix"),
    )


def resolved_seen(answered: ContainerImageTypeDef) -> ResolvedImage:
    return ResolvedImage(
        container=answered.get("containerName", ""),
        image=answered.get("image", ""),
        digest=answered.get("imageDigest") or None,
    )


def key_from_arn(service_arn: str, cluster: str = "") -> ServiceKey | None:
    """The key of a service by its ARN, whose long form names the cluster.

    Args:
        service_arn: `…:service/<cluster>/<name>`, or the short form of before 2021 `…:service/<name>`.
        cluster: the name or ARN of the cluster it was listed in, for the short form.

    Returns:
        None for a short ARN with no cluster given, and for what is not the ARN of a service.

    """
    arn = Arn.parse(service_arn)
    if arn is None or not arn.resource.startswith(_OF_SERVICES):
        return None
    named, _, name = arn.resource.removeprefix(_OF_SERVICES).rpartition("/")
    where = cluster or named
    if not where:
        return None
    return ServiceKey(where if Arn.parse(where) else str(replace(arn, resource=f"cluster/{where}")), name)


def found_seen(answered: ResourceTagMappingTypeDef) -> FoundService | None:
    """A service as the tagging API tells of it; None without a service id or a cluster."""
    tags = {tag["Key"]: tag["Value"] for tag in answered.get("Tags", ())}
    key = key_from_arn(answered["ResourceARN"])
    if key is None or SERVICE_TAG not in tags:
        return None
    return FoundService(key, tags[SERVICE_TAG])


def _event(answered: ServiceEventTypeDef) -> ServiceEvent:
    return ServiceEvent(
        id=answered.get("id", ""),
        at=utc(answered.get("createdAt")) or _LONG_AGO,
        message=answered.get("message", ""),
    )


def _container(answered: ContainerTypeDef) -> Container:
    return Container(
        name=answered.get("name", ""),
        image=answered.get("image", ""),
        digest=answered.get("imageDigest") or None,
        status=answered.get("lastStatus", ""),
        exit_code=answered.get("exitCode"),
        reason=answered.get("reason", ""),
    )
