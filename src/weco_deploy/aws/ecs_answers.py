"""Converts ECS's answers to our types, without judging them.

A field that AWS leaves out gets the model's value for unknown: a service with an external controller has no
deployments, and a task that has not pulled its image has no digest. Statuses keep AWS's spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from weco_deploy.aws.lifecycle_answers import parse_lifecycle, parse_traffic_shift
from weco_deploy.aws.times import utc
from weco_deploy.model.arn import Arn
from weco_deploy.model.code_deploy import CODE_DEPLOY
from weco_deploy.model.draining import TaskProtection
from weco_deploy.model.launch import CapacityProvider, Launch
from weco_deploy.model.service import (
    ENVIRONMENT_TAG,
    SERVICE_TAG,
    Container,
    DefinedContainer,
    EcsDeployment,
    FoundService,
    ResolvedImage,
    Service,
    ServiceDeployment,
    ServiceEvent,
    ServiceKey,
    Task,
    TaskDefinition,
)
from weco_deploy.model.targets import Target, TargetGroup

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        ContainerImageTypeDef,
        ContainerTypeDef,
        DeploymentTypeDef,
        LoadBalancerTypeDef,
        ProtectedTaskTypeDef,
        ServiceDeploymentTypeDef,
        ServiceEventTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
        TaskSetTypeDef,
        TaskTypeDef,
    )
    from mypy_boto3_elbv2.type_defs import TargetHealthDescriptionTypeDef
    from mypy_boto3_resourcegroupstaggingapi.type_defs import ResourceTagMappingTypeDef

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SERVICE_GROUP = "service:"
_SERVICE_RESOURCE = "service/"
_DEPLOYMENT_ID = "ecs-svc/"


def parse_service(answer: ServiceTypeDef, as_of: datetime | None = None) -> Service:
    configuration = answer.get("deploymentConfiguration", {})
    breaker = configuration.get("deploymentCircuitBreaker", {"enable": False, "rollback": False})
    alarms = configuration.get("alarms")
    # The oldest stubs that we support do not have this key.
    early = cast("Mapping[str, object]", configuration.get("earlySuccessCriteria", {}))
    tags = {tag.get("key", ""): tag.get("value", "") for tag in answer.get("tags", ())}
    deployments = tuple(parse_deployment(deployment) for deployment in answer.get("deployments", ()))
    controller = answer.get("deploymentController", {}).get("type", "ECS")
    task_sets = answer.get("taskSets", ()) if controller == CODE_DEPLOY else ()
    deployments += tuple(parse_task_set(task_set) for task_set in task_sets)
    groups = tuple(_target_groups(answer.get("loadBalancers", ())))
    traffic_to = tuple(
        _target_groups(balancer for found in task_sets for balancer in found.get("loadBalancers", ()))
    )
    return Service(
        key=ServiceKey(answer["clusterArn"], answer["serviceName"]),
        arn=answer["serviceArn"],
        status=answer.get("status", ""),
        desired=answer.get("desiredCount", 0),
        running=answer.get("runningCount", 0),
        pending=answer.get("pendingCount", 0),
        task_definition=_primary_definition(deployments)
        if task_sets or "taskDefinition" not in answer
        else answer["taskDefinition"],
        controller=controller,
        strategy=configuration.get("strategy", "ROLLING"),
        scheduling=answer.get("schedulingStrategy", "REPLICA"),
        breaker=bool(breaker.get("enable")),
        maximum_percent=configuration.get("maximumPercent"),
        minimum_healthy_percent=configuration.get("minimumHealthyPercent"),
        deployments=deployments,
        events=tuple(_parse_event(event) for event in answer.get("events", ())),
        service_deployment_arn=answer.get("currentServiceDeployment", ""),
        alarms=tuple(alarms["alarmNames"]) if alarms and alarms.get("enable") else (),
        removes_old_tasks_later=bool(early.get("enable"))
        and early.get("sourceServiceRevisionCleanup") == "DEFERRED",
        traffic_shift=parse_traffic_shift(configuration),
        # CodeDeploy alternates between two target groups, and checks the health of their targets itself.
        target_groups=() if controller == CODE_DEPLOY else groups,
        traffic_to=next(iter((*traffic_to, *groups)), None) if controller == CODE_DEPLOY else None,
        health_check_grace=timedelta(seconds=answer.get("healthCheckGracePeriodSeconds", 0)),
        launch_type=answer.get("launchType", ""),
        capacity_providers=tuple(
            strategy["capacityProvider"] for strategy in answer.get("capacityProviderStrategy", ())
        ),
        launch=_launch(answer),
        as_of=as_of,
        service_id=tags.get(SERVICE_TAG),
        environment=tags.get(ENVIRONMENT_TAG),
    )


def _launch(answer: ServiceTypeDef) -> Launch:
    network = answer.get("networkConfiguration", {}).get("awsvpcConfiguration")
    return Launch(
        cluster=answer["clusterArn"],
        launch_type=answer.get("launchType", ""),
        capacity_providers=tuple(
            CapacityProvider(item["capacityProvider"], item.get("weight", 0), item.get("base", 0))
            for item in answer.get("capacityProviderStrategy", ())
        ),
        platform_version=answer.get("platformVersion", ""),
        subnets=tuple(network["subnets"]) if network else (),
        security_groups=tuple(network.get("securityGroups", ())) if network else (),
        assign_public_ip=network is not None and network.get("assignPublicIp") == "ENABLED",
    )


def _primary_definition(deployments: Iterable[EcsDeployment]) -> str:
    """The task definition of the PRIMARY deployment. DescribeServices names none for an Express service itself."""
    primary = (deployment for deployment in deployments if deployment.status == "PRIMARY")
    return next((deployment.task_definition for deployment in primary), "")


def parse_deployment(answer: DeploymentTypeDef) -> EcsDeployment:
    return EcsDeployment(
        id=answer["id"],
        status=answer.get("status", ""),
        rollout_state=answer.get("rolloutState"),
        rollout_reason=answer.get("rolloutStateReason", ""),
        desired=answer.get("desiredCount", 0),
        running=answer.get("runningCount", 0),
        pending=answer.get("pendingCount", 0),
        failed_tasks=answer.get("failedTasks", 0),
        created_at=utc(answer.get("createdAt")) or _LONG_AGO,
        task_definition=answer.get("taskDefinition", ""),
    )


def parse_task_set(answer: TaskSetTypeDef) -> EcsDeployment:
    """A task set that CodeDeploy made, as a deployment with CodeDeploy's id for it; the first one has none."""
    return EcsDeployment(
        id=answer.get("externalId") or answer["id"],
        status=answer.get("status", ""),
        rollout_state=None,
        desired=answer.get("computedDesiredCount", 0),
        running=answer.get("runningCount", 0),
        pending=answer.get("pendingCount", 0),
        created_at=utc(answer.get("createdAt")) or _LONG_AGO,
        task_definition=answer.get("taskDefinition", ""),
        task_set=answer["id"],
    )


def parse_service_deployment(answer: ServiceDeploymentTypeDef) -> ServiceDeployment:
    breaker, alarms = answer.get("deploymentCircuitBreaker", {}), answer.get("alarms", {})
    return ServiceDeployment(
        arn=answer["serviceDeploymentArn"],
        status=answer.get("status", ""),
        target_revision=answer.get("targetServiceRevision", {}).get("arn", ""),
        source_revisions=tuple(
            source["arn"] for source in answer.get("sourceServiceRevisions", ()) if "arn" in source
        ),
        reason=answer.get("statusReason", ""),
        breaker=breaker.get("status", ""),
        failures=breaker.get("failureCount", 0),
        threshold=breaker.get("threshold", 0),
        alarms=alarms.get("status", ""),
        triggered_alarms=tuple(alarms.get("triggeredAlarmNames", ())),
        lifecycle=parse_lifecycle(answer),
    )


def parse_task(answer: TaskTypeDef) -> Task:
    group, started_by = answer.get("group", ""), answer.get("startedBy", "")
    return Task(
        arn=answer["taskArn"],
        service_name=group.removeprefix(_SERVICE_GROUP) if group.startswith(_SERVICE_GROUP) else "",
        # A caller of RunTask may set any other text.
        deployment_id=started_by if started_by.startswith(_DEPLOYMENT_ID) else None,
        task_definition=answer.get("taskDefinitionArn", ""),
        status=answer.get("lastStatus", ""),
        created_at=utc(answer.get("createdAt")),
        started_at=utc(answer.get("startedAt")),
        stopped_at=utc(answer.get("stoppedAt")),
        health=answer.get("healthStatus", ""),
        stop_code=answer.get("stopCode", ""),
        stopped_reason=answer.get("stoppedReason", ""),
        container_instance=answer.get("containerInstanceArn", ""),
        containers=tuple(_parse_container(container) for container in answer.get("containers", ())),
    )


def parse_container_definition(answer: ContainerDefinitionOutputTypeDef) -> DefinedContainer:
    log = answer.get("logConfiguration")
    options = log.get("options", {}) if log else {}
    return DefinedContainer(
        name=answer.get("name", ""),
        image=answer.get("image", ""),
        log_driver=log.get("logDriver") if log else None,
        log_group=options.get("awslogs-group"),
        log_region=options.get("awslogs-region"),
        log_stream_prefix=options.get("awslogs-stream-prefix"),
        pinned=answer.get("versionConsistency") != "disabled",
        health_checked="healthCheck" in answer and answer.get("essential", True),
        essential=answer.get("essential", True),
    )


def parse_task_definition(answer: TaskDefinitionTypeDef) -> TaskDefinition:
    return TaskDefinition(
        arn=answer["taskDefinitionArn"],
        family=answer.get("family", ""),
        containers=tuple(map(parse_container_definition, answer.get("containerDefinitions", ()))),
        own_network=answer.get("networkMode") == "awsvpc",
        roles=tuple(filter(None, (answer.get("taskRoleArn"), answer.get("executionRoleArn")))),
    )


def parse_protection(answer: ProtectedTaskTypeDef) -> TaskProtection | None:
    """The protection of a task; None if it is not protected."""
    if not answer.get("protectionEnabled"):
        return None
    return TaskProtection(answer.get("taskArn", ""), utc(answer.get("expirationDate")))


def parse_target(answer: TargetHealthDescriptionTypeDef) -> Target:
    target, health = answer.get("Target", {"Id": ""}), answer.get("TargetHealth", {})
    return Target(
        id=target["Id"],
        port=int(target.get("Port", 0)),
        state=health.get("State", ""),
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )


def parse_resolved_image(answer: ContainerImageTypeDef) -> ResolvedImage:
    return ResolvedImage(
        container=answer.get("containerName", ""),
        image=answer.get("image", ""),
        digest=answer.get("imageDigest") or None,
    )


def key_from_arn(service_arn: str, cluster: str = "") -> ServiceKey | None:
    """The key of the service with this ARN. The long form of ARNs names the cluster.

    Args:
        service_arn: `…:service/<cluster>/<name>`, or the short form from before 2021, `…:service/<name>`.
        cluster: the name or ARN of the service's cluster, which the short form lacks.

    Returns:
        None for a short ARN without a cluster, and for a text that isn't the ARN of a service.

    """
    arn = Arn.parse(service_arn)
    if arn is None or not arn.resource.startswith(_SERVICE_RESOURCE):
        return None
    cluster_in_arn, _, name = arn.resource.removeprefix(_SERVICE_RESOURCE).rpartition("/")
    cluster = cluster or cluster_in_arn
    if not cluster:
        return None
    return ServiceKey(
        cluster if Arn.parse(cluster) else str(replace(arn, resource=f"cluster/{cluster}")), name
    )


def parse_found_service(answer: ResourceTagMappingTypeDef) -> FoundService | None:
    """A service in an answer of the tagging API; None if it has no service id, or if its ARN names no cluster."""
    tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
    key = key_from_arn(answer["ResourceARN"])
    if key is None or SERVICE_TAG not in tags:
        return None
    return FoundService(key, tags[SERVICE_TAG])


def _target_groups(balancers: Iterable[LoadBalancerTypeDef]) -> Iterator[TargetGroup]:
    """The target groups in which all tasks of the service are; a Classic Load Balancer has none.

    Of two target groups that deployments alternate between, each has the tasks of one revision only. ECS checks their health before it
    shifts any traffic.
    """
    for balancer in balancers:
        advanced = cast("Mapping[str, object]", balancer).get(
            "advancedConfiguration"
        )  # not in the oldest stubs
        if not advanced and (arn := balancer.get("targetGroupArn")):
            yield TargetGroup(arn, balancer.get("containerName", ""), balancer.get("containerPort", 0))


def _parse_event(answer: ServiceEventTypeDef) -> ServiceEvent:
    return ServiceEvent(
        id=answer.get("id", ""),
        at=utc(answer.get("createdAt")) or _LONG_AGO,
        message=answer.get("message", ""),
    )


def _parse_container(answer: ContainerTypeDef) -> Container:
    return Container(
        name=answer.get("name", ""),
        image=answer.get("image", ""),
        digest=answer.get("imageDigest") or None,
        status=answer.get("lastStatus", ""),
        exit_code=answer.get("exitCode"),
        reason=answer.get("reason", ""),
        health=answer.get("healthStatus", ""),
        addresses=tuple(
            address
            for interface in answer.get("networkInterfaces", ())
            for address in (interface.get("privateIpv4Address"), interface.get("ipv6Address"))
            if address
        ),
        host_ports=tuple(
            port for binding in answer.get("networkBindings", ()) if (port := binding.get("hostPort"))
        ),
    )
