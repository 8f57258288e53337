"""The service runtime: ECS, with the tagging API for finding services."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from weco_deploy.aws.ecs_answers import (
    ENVIRONMENT_TAG,
    defined_seen,
    found_seen,
    key_from_arn,
    resolved_seen,
    service_seen,
    task_seen,
)
from weco_deploy.aws.error_translation import NotSent, code_behind, malformed, told
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError, NoCredentials, Throttled
from weco_deploy.model.service import (
    DefinedContainer,
    FoundService,
    ResolvedImage,
    Service,
    ServiceKey,
    Task,
    TaskPage,
)
from weco_deploy.ports import TASKS_A_CALL, Clock

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef, ListTasksRequestTypeDef

LISTED_A_CALL = 100
STOPPED_PAGES = 5
"""Of a service's stopped tasks no more pages are read: in no order that is promised, so one page is too few."""
PERMISSION_LASTS = 1.0
"""Seconds after which it is asked again whether a change that waits is still allowed."""
UPDATE_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before UpdateService is tried again, at most; the jitter takes up to half of each away."""
GOING_THE_TARGETS_WAY = frozenset({"PENDING", "IN_PROGRESS", "SUCCESSFUL"})
SAME_MOMENT = timedelta(seconds=10)
"""How far apart ECS may date a service's PRIMARY and the service deployment that stands for it."""


class EcsRuntime:
    """`ports.ServiceRuntime` for one account and region."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def tagged(self, environment_id: str) -> tuple[FoundService, ...]:
        """Services without a `deployment:service` tag are left out, and those with an ARN of the short form.

        A short ARN does not say the cluster: listing the clusters' services finds these.
        """
        client = self._account.client("resourcegroupstaggingapi")
        with told("tag", "GetResources"):
            pages = client.get_paginator("get_resources").paginate(
                ResourceTypeFilters=["ecs:service"],
                TagFilters=[{"Key": ENVIRONMENT_TAG, "Values": [environment_id]}],
                PaginationConfig={"PageSize": LISTED_A_CALL},
            )
            found = (found_seen(one) for page in pages for one in page["ResourceTagMappingList"])
            return tuple(one for one in found if one is not None)

    def clusters(self) -> tuple[str, ...]:
        with told("ecs", "ListClusters"):
            pages = self._client.get_paginator("list_clusters").paginate(
                PaginationConfig={"PageSize": LISTED_A_CALL}
            )
            return tuple(arn for page in pages for arn in page["clusterArns"])

    def services_in(self, cluster: str) -> tuple[ServiceKey, ...]:
        try:
            with told("ecs", "ListServices"):
                pages = self._client.get_paginator("list_services").paginate(
                    cluster=cluster, PaginationConfig={"PageSize": LISTED_A_CALL}
                )
                keys = (key_from_arn(arn, cluster) for page in pages for arn in page["serviceArns"])
                return tuple(key for key in keys if key is not None)
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def describe(self, cluster: str, names: Sequence[str]) -> tuple[Service, ...]:
        if not names:
            return ()
        try:
            with told("ecs", "DescribeServices"):
                answer = self._client.describe_services(
                    cluster=cluster, services=list(names), include=["TAGS"]
                )
                _only_absences("ecs:DescribeServices", answer.get("failures", ()))
                return tuple(service_seen(one) for one in answer["services"])
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def tasks_listed(self, cluster: str, service: str | None, *, stopped: bool = False) -> TaskPage:
        request: ListTasksRequestTypeDef = {
            "cluster": cluster,
            "desiredStatus": "STOPPED" if stopped else "RUNNING",
            "maxResults": TASKS_A_CALL,
        }
        if service is not None:
            request["serviceName"] = service
        last = 1 if service is None else STOPPED_PAGES if stopped else None
        arns: list[str] = []
        token: str | None = None
        try:
            for page in count(1):
                with told("ecs", "ListTasks"):
                    answer = self._client.list_tasks(**request)
                    arns += answer["taskArns"]
                    token = answer.get("nextToken")
                if not token or page == last:
                    break
                request["nextToken"] = token
            return TaskPage(tuple(arns), complete=not token)
        except AwsError as error:
            return TaskPage(
                _nothing_if(error, "ClusterNotFoundException", "ServiceNotFoundException"), complete=True
            )

    def tasks(self, cluster: str, arns: Sequence[str]) -> tuple[Task, ...]:
        if not arns:
            return ()
        try:
            with told("ecs", "DescribeTasks"):
                answer = self._client.describe_tasks(cluster=cluster, tasks=list(arns))
                _only_absences("ecs:DescribeTasks", answer.get("failures", ()))
                return tuple(task_seen(one) for one in answer["tasks"])
        except AwsError as error:
            return _nothing_if(error, "ClusterNotFoundException")

    def defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        with told("ecs", "DescribeTaskDefinition"):
            answer = self._client.describe_task_definition(taskDefinition=task_definition)
            return tuple(defined_seen(one) for one in answer["taskDefinition"]["containerDefinitions"])

    def resolved(self, service: Service) -> tuple[ResolvedImage, ...]:
        """Extra evidence only, so each failure but that of credentials answers nothing.

        Not every place has these calls, nor every role the permission; and what can't be asked now is
        asked again at the next poll.
        """
        try:
            revision = self._primary_revision(service)
            return self._images_of(revision) if revision else ()
        except NoCredentials:
            raise
        except AwsError:
            return ()

    def redeploy(self, key: ServiceKey, allowed: Callable[[], None] = lambda: None) -> str:
        for pause in UPDATE_PAUSES:
            allowed()
            try:
                return self._redeployed_once(key)
            except (Throttled, NotSent):
                # Refused or never sent: only then is it sure that ECS has not begun a deployment.
                self._pause(pause * random.uniform(0.5, 1.0), allowed)  # noqa: S311 - spreads retries, no secret
        allowed()
        return self._redeployed_once(key)

    def _pause(self, seconds: float, allowed: Callable[[], None]) -> None:
        """Wait, in slices: what ends the permission ends the wait."""
        end = self._clock.utc() + timedelta(seconds=seconds)
        while (left := (end - self._clock.utc()).total_seconds()) > 0:
            self._clock.wait(min(left, PERMISSION_LASTS))
            allowed()

    def _redeployed_once(self, key: ServiceKey) -> str:
        client = self._account.ecs_without_retries()
        with told("ecs", "UpdateService"):
            answer = client.update_service(cluster=key.cluster, service=key.name, forceNewDeployment=True)
            primary = service_seen(answer["service"]).primary
        if primary is None:
            raise malformed("ecs:UpdateService", f"it has no PRIMARY deployment of {key}")
        return primary.id

    def _primary_revision(self, service: Service) -> str | None:
        """The ARN of the revision that the PRIMARY deployment runs.

        ECS relates an `ecs-svc/…` id to a service deployment by nothing but the time; one that was
        stopped or rolled back runs another revision than its target.
        """
        primary = service.primary
        if primary is None:
            return None
        with told("ecs", "ListServiceDeployments"):
            begun = self._account.ecs_without_retries().list_service_deployments(
                cluster=service.key.cluster,
                service=service.key.name,
                createdAt={
                    "after": primary.created_at - SAME_MOMENT,
                    "before": primary.created_at + SAME_MOMENT,
                },
            )["serviceDeployments"]
            if len(begun) != 1 or begun[0]["status"] not in GOING_THE_TARGETS_WAY:
                return None
            return begun[0]["targetServiceRevisionArn"]

    def _images_of(self, revision: str) -> tuple[ResolvedImage, ...]:
        with told("ecs", "DescribeServiceRevisions"):
            answer = self._account.ecs_without_retries().describe_service_revisions(
                serviceRevisionArns=[revision]
            )
            return tuple(
                resolved_seen(image)
                for one in answer["serviceRevisions"]
                for image in one.get("containerImages", ())
            )

    @property
    def _client(self) -> ECSClient:
        return self._account.client("ecs")


def _nothing_if(error: AwsError, *codes: str) -> tuple[()]:
    """Nothing, if AWS's error says that what was asked about does not exist; else the error."""
    if code_behind(error) not in codes:
        raise error
    return ()


def _only_absences(operation: str, failures: Sequence[FailureTypeDef]) -> None:
    """A failure inside a good answer: what is missing is left out, anything else is an error."""
    for failure in failures:
        reason = failure.get("reason", "")
        if reason != "MISSING":
            raise AwsError(
                operation, f"{failure.get('arn', 'a resource')}: {reason} {failure.get('detail', '')}"
            )
