"""The service runtime: ECS, with the tagging API for finding services and load balancers for the health of their tasks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from weco_deploy.aws import api
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.ecs_answers import (
    key_from_arn,
    parse_container_definition,
    parse_found_service,
    parse_protection,
    parse_resolved_image,
    parse_service,
    parse_service_deployment,
    parse_target,
    parse_task,
)
from weco_deploy.aws.error_translation import NotSent, code_behind, translate_errors, unreadable_answer
from weco_deploy.aws.rates import PERMISSION_CHECK_INTERVAL
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import answered_at
from weco_deploy.errors import AwsError, NoCredentials, Throttled
from weco_deploy.model.draining import TaskProtection
from weco_deploy.model.plan import EcsRollback
from weco_deploy.model.service import (
    ENVIRONMENT_TAG,
    SERVICE_TAG,
    DefinedContainer,
    EcsDeployment,
    FoundService,
    ResolvedImage,
    Service,
    ServiceDeployment,
    ServiceKey,
    Task,
    TaskPage,
)
from weco_deploy.model.targets import Target
from weco_deploy.ports import TASKS_A_CALL, THROTTLING_PATIENCE, Clock

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef, ListTasksRequestTypeDef
    from mypy_boto3_resourcegroupstaggingapi.type_defs import TagFilterTypeDef

T = TypeVar("T")

LISTED_PER_CALL = 100
STOPPED_PAGES = 5
"""How many pages of a service's stopped tasks are read. ECS guarantees no order, so the first page is not enough."""
UPDATE_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""The longest pauses, in seconds, before an UpdateService that was not sent is tried again. Jitter shortens each by up to half."""
THROTTLED_PAUSE = 2.0
"""The same for an UpdateService that ECS throttled. The rate limit, which then slows down, has pauses of its own."""
RUNS_ITS_TARGET = frozenset({"PENDING", "IN_PROGRESS", "SUCCESSFUL"})
"""Statuses of service deployments whose tasks run the target revision."""
NOT_IN_PROGRESS = frozenset(
    {
        "ClientException",
        "ConflictException",
        "InvalidParameterException",
        "ServiceDeploymentNotFoundException",
        "UnsupportedFeatureException",
    }
)
"""What ECS answers if a service deployment can't be stopped (any more), or is not paused at that hook."""
SAME_MOMENT = timedelta(seconds=10)
"""The largest difference between the times of a service's PRIMARY deployment and of its service deployment."""


class EcsRuntime:
    """`ports.ServiceRuntime` for one account and region."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def tagged(self, environment_id: str, service_ids: Sequence[str] = ()) -> tuple[FoundService, ...]:
        """The environment's services (with these ids, if any are given), except those with a short ARN or without a
        `deployment:service` tag.

        A short ARN doesn't name the cluster. Listing the services of each cluster finds those services.
        """
        client = self._account.client("resourcegroupstaggingapi")
        filters: list[TagFilterTypeDef] = [{"Key": ENVIRONMENT_TAG, "Values": [environment_id]}]
        if service_ids:
            filters.append({"Key": SERVICE_TAG, "Values": list(service_ids)})
        with translate_errors(api.GET_RESOURCES):
            pages = client.get_paginator("get_resources").paginate(
                ResourceTypeFilters=["ecs:service"],
                TagFilters=filters,
                PaginationConfig={"PageSize": LISTED_PER_CALL},
            )
            found = (
                parse_found_service(resource) for page in pages for resource in page["ResourceTagMappingList"]
            )
            return tuple(service for service in found if service is not None)

    def clusters(self) -> tuple[str, ...]:
        with translate_errors(api.LIST_CLUSTERS):
            pages = self._client.get_paginator("list_clusters").paginate(
                PaginationConfig={"PageSize": LISTED_PER_CALL}
            )
            return tuple(arn for page in pages for arn in page["clusterArns"])

    def services_in(self, cluster: str) -> tuple[ServiceKey, ...]:
        try:
            with translate_errors(api.LIST_SERVICES):
                pages = self._client.get_paginator("list_services").paginate(
                    cluster=cluster, PaginationConfig={"PageSize": LISTED_PER_CALL}
                )
                keys = (key_from_arn(arn, cluster) for page in pages for arn in page["serviceArns"])
                return tuple(key for key in keys if key is not None)
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def describe(self, cluster: str, names: Sequence[str]) -> tuple[Service, ...]:
        if not names:
            return ()
        try:
            with translate_errors(api.DESCRIBE_SERVICES):
                answer = self._client.describe_services(
                    cluster=cluster, services=list(names), include=["TAGS"]
                )
                _raise_unless_missing(api.DESCRIBE_SERVICES, answer.get("failures", ()))
                as_of = answered_at(answer["ResponseMetadata"])
                return tuple(parse_service(service, as_of) for service in answer["services"])
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def tasks_listed(
        self, cluster: str, service: str | None, *, stopped: bool = False, token: str | None = None
    ) -> TaskPage:
        request: ListTasksRequestTypeDef = {
            "cluster": cluster,
            "desiredStatus": "STOPPED" if stopped else "RUNNING",
            "maxResults": TASKS_A_CALL,
        }
        if service is not None:
            request["serviceName"] = service
        last_page = 1 if service is None else STOPPED_PAGES if stopped else None
        arns: list[str] = []
        try:
            for page in count(1):
                if token:
                    request["nextToken"] = token
                with translate_errors(api.LIST_TASKS):
                    answer = self._client.list_tasks(**request)
                    arns += answer["taskArns"]
                    token = answer.get("nextToken")
                if not token or page == last_page:
                    break
            return TaskPage(tuple(arns), token or None)
        except AwsError as error:
            return TaskPage(_nothing_if(error, "ClusterNotFoundException", "ServiceNotFoundException"))

    def tasks(self, cluster: str, arns: Sequence[str]) -> tuple[Task, ...]:
        if not arns:
            return ()
        try:
            with translate_errors(api.DESCRIBE_TASKS):
                answer = self._client.describe_tasks(cluster=cluster, tasks=list(arns))
                _raise_unless_missing(api.DESCRIBE_TASKS, answer.get("failures", ()))
                return tuple(parse_task(task) for task in answer["tasks"])
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        with translate_errors(api.DESCRIBE_TASK_DEFINITION):
            answer = self._client.describe_task_definition(taskDefinition=task_definition)
            return tuple(
                parse_container_definition(definition)
                for definition in answer["taskDefinition"]["containerDefinitions"]
            )

    def protections(self, cluster: str, arns: Sequence[str]) -> tuple[TaskProtection, ...]:
        if not arns:
            return ()
        with translate_errors(api.GET_TASK_PROTECTION):
            answer = self._client.get_task_protection(cluster=cluster, tasks=list(arns))
            _raise_unless_missing(api.GET_TASK_PROTECTION, answer.get("failures", ()))
            found = (parse_protection(task) for task in answer["protectedTasks"])
            return tuple(protection for protection in found if protection is not None)

    def hosts(self, cluster: str, container_instances: Sequence[str]) -> Mapping[str, str]:
        if not container_instances:
            return {}
        with translate_errors(api.DESCRIBE_CONTAINER_INSTANCES):
            answer = self._client.describe_container_instances(
                cluster=cluster, containerInstances=list(container_instances)
            )
            _raise_unless_missing(api.DESCRIBE_CONTAINER_INSTANCES, answer.get("failures", ()))
            return {
                instance["containerInstanceArn"]: instance.get("ec2InstanceId", "")
                for instance in answer["containerInstances"]
            }

    def targets(self, target_group: str) -> tuple[Target, ...]:
        try:
            with translate_errors(api.DESCRIBE_TARGET_HEALTH):
                answer = self._account.client("elbv2").describe_target_health(TargetGroupArn=target_group)
                return tuple(parse_target(target) for target in answer["TargetHealthDescriptions"])
        except AwsError as error:
            return _nothing_if(error, "TargetGroupNotFound")

    def service_deployments(self, arns: Sequence[str]) -> tuple[ServiceDeployment, ...]:
        with translate_errors(api.DESCRIBE_SERVICE_DEPLOYMENTS):
            answer = self._account.ecs_without_retries().describe_service_deployments(
                serviceDeploymentArns=list(arns)
            )
            return tuple(parse_service_deployment(deployment) for deployment in answer["serviceDeployments"])

    def resolved(self, service: Service) -> tuple[ResolvedImage, ...]:
        """The images that the PRIMARY deployment resolved its tags to; empty if the calls fail.

        This is additional evidence: not every region and emulator has these calls, not every role is allowed to make
        them, and the next poll asks again. Only missing credentials raise an error.
        """
        try:
            revision = self._primary_revision(service)
            return self._images_of(revision) if revision else ()
        except NoCredentials:
            raise
        except AwsError:
            return ()

    def revisions(self, arns: Sequence[str]) -> Mapping[str, tuple[ResolvedImage, ...]]:
        with translate_errors(api.DESCRIBE_SERVICE_REVISIONS):
            answer = self._account.ecs_without_retries().describe_service_revisions(
                serviceRevisionArns=list(arns)
            )
            return {
                revision["serviceRevisionArn"]: tuple(
                    parse_resolved_image(image) for image in revision.get("containerImages", ())
                )
                for revision in answer["serviceRevisions"]
            }

    def redeploy(self, key: ServiceKey, allowed: Callable[[], None] = lambda: None) -> EcsDeployment:
        return self._changed(api.UPDATE_SERVICE, partial(self._redeploy_once, key), allowed)

    def roll_back(self, rollback: EcsRollback, allowed: Callable[[], None] = lambda: None) -> bool:
        try:
            if rollback.hook_id:
                self._changed(
                    api.CONTINUE_SERVICE_DEPLOYMENT, partial(self._roll_back_paused, rollback), allowed
                )
            else:
                self._changed(api.STOP_SERVICE_DEPLOYMENT, partial(self._stop, rollback), allowed)
        except AwsError as error:
            if code_behind(error) in NOT_IN_PROGRESS:
                return False
            raise
        return True

    def _changed(self, call: ApiCall, change: Callable[[], T], allowed: Callable[[], None]) -> T:
        """Make a change that is not idempotent: again only if AWS has certainly not acted."""
        # ECS refused a throttled request, and never got one that was not sent. So it has not begun anything.
        pauses, patient_until = iter(UPDATE_PAUSES), self._clock.utc() + THROTTLING_PATIENCE
        while True:
            allowed()
            self._account.wait_for_rate(call, allowed)
            try:
                return change()
            except Throttled:
                if self._clock.utc() >= patient_until:
                    raise
                pause = THROTTLED_PAUSE
            except NotSent:
                next_pause = next(pauses, None)
                if next_pause is None:
                    raise
                pause = next_pause
            self._pause(pause * random.uniform(0.5, 1.0), allowed)  # noqa: S311 - spreads retries, no secret

    def _pause(self, seconds: float, allowed: Callable[[], None]) -> None:
        """Wait, and call `allowed` every second: it raises once the change is no longer allowed."""
        end = self._clock.utc() + timedelta(seconds=seconds)
        while (left := (end - self._clock.utc()).total_seconds()) > 0:
            self._clock.wait(min(left, PERMISSION_CHECK_INTERVAL))
            allowed()

    def _redeploy_once(self, key: ServiceKey) -> EcsDeployment:
        client = self._account.ecs_without_retries()
        with translate_errors(api.UPDATE_SERVICE):
            answer = client.update_service(cluster=key.cluster, service=key.name, forceNewDeployment=True)
            primary = parse_service(answer["service"]).primary
        if primary is None:
            raise unreadable_answer(api.UPDATE_SERVICE, f"it has no PRIMARY deployment of {key}")
        return primary

    def _stop(self, rollback: EcsRollback) -> None:
        with translate_errors(api.STOP_SERVICE_DEPLOYMENT):
            self._account.ecs_without_retries().stop_service_deployment(
                serviceDeploymentArn=rollback.service_deployment_arn, stopType="ROLLBACK"
            )

    def _roll_back_paused(self, rollback: EcsRollback) -> None:
        with translate_errors(api.CONTINUE_SERVICE_DEPLOYMENT):
            # Without an action ECS continues the deployment.
            self._account.ecs_without_retries().continue_service_deployment(
                serviceDeploymentArn=rollback.service_deployment_arn,
                hookId=rollback.hook_id,
                action="ROLLBACK",
            )

    def _primary_revision(self, service: Service) -> str | None:
        """The ARN of the revision that the PRIMARY deployment runs; None if it is unknown.

        The number in an `ecs-svc/…` id is also in the ARN of the deployment's revision. If no revision has it, the only
        service deployment of that time is the one. A service deployment that was stopped or rolled back does not run its
        target revision.
        """
        primary = service.primary
        if primary is None or primary.task_set:
            return None
        with translate_errors(api.LIST_SERVICE_DEPLOYMENTS):
            deployments = self._account.ecs_without_retries().list_service_deployments(
                cluster=service.key.cluster,
                service=service.key.name,
                createdAt={
                    "after": primary.created_at - SAME_MOMENT,
                    "before": primary.created_at + SAME_MOMENT,
                },
            )["serviceDeployments"]
            number = primary.id.rpartition("/")[2]
            named = [
                found for found in deployments if found["targetServiceRevisionArn"].endswith(f"/{number}")
            ]
            candidates = named or deployments
            if len(candidates) != 1 or candidates[0]["status"] not in RUNS_ITS_TARGET:
                return None
            return candidates[0]["targetServiceRevisionArn"]

    def _images_of(self, revision_arn: str) -> tuple[ResolvedImage, ...]:
        return tuple(image for images in self.revisions([revision_arn]).values() for image in images)

    @property
    def _client(self) -> ECSClient:
        return self._account.client("ecs")


def _nothing_if(error: AwsError, *codes: str) -> tuple[()]:
    """Return an empty tuple if AWS's error has one of these codes; otherwise raise the error."""
    if code_behind(error) not in codes:
        raise error
    return ()


def _raise_unless_missing(call: ApiCall, failures: Sequence[FailureTypeDef]) -> None:
    """Raise AwsError for the first failure in a successful answer that is not a missing resource."""
    for failure in failures:
        reason = failure.get("reason", "")
        if reason != "MISSING":
            raise AwsError(
                call.name, f"{failure.get('arn', 'a resource')}: {reason} {failure.get('detail', '')}"
            )
