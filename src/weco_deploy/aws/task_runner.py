"""Runs tasks outside of services: `ports.TaskRunner`.

RunTask has a client token, which makes it idempotent for 24 hours, so it is repeated after a lost answer. The token is also the
task's `startedBy`, by which the task is found again (developer guide, "Ensuring idempotency").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from weco_deploy.aws import api
from weco_deploy.aws.ecs_answers import parse_task, parse_task_definition
from weco_deploy.aws.error_translation import code_behind, translate_errors, unreadable_answer
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.launch import NewTask
from weco_deploy.model.service import Task, TaskDefinition
from weco_deploy.ports import TASKS_A_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import RunTaskRequestTypeDef, TaskTypeDef

STATUSES: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")


class EcsTaskRunner:
    """`ports.TaskRunner` for one account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def definition(self, name: str) -> TaskDefinition | None:
        try:
            with translate_errors(api.DESCRIBE_TASK_DEFINITION):
                answer = self._client.describe_task_definition(taskDefinition=name)
                return parse_task_definition(answer["taskDefinition"])
        except AwsError as error:
            # ECS has no other code for a family or revision that does not exist.
            if code_behind(error) == "ClientException":
                return None
            raise

    def run(self, task: NewTask) -> Task:
        try:
            with translate_errors(api.RUN_TASK):
                answer = self._client.run_task(**_request(task))
                begun = [parse_task(known) for known in answer["tasks"]]
                failures = answer.get("failures", [])
        except AwsError as error:
            # The task runs already, and the request was another one: the task definition has changed since, for example.
            if code_behind(error) == "ConflictException" and (arn := _task_behind(error)):
                known = self.task(task.launch.cluster, arn)
                if known is not None:
                    return known
            raise
        if begun:
            return begun[0]
        if failures:
            texts = dict.fromkeys(
                ": ".join(text for text in (failure.get("reason"), failure.get("detail")) if text)
                for failure in failures
            )
            raise AwsError(api.RUN_TASK.name, f"ECS can't run the task: {'; '.join(texts)}")
        raise unreadable_answer(api.RUN_TASK, "it has neither a task nor a failure")

    def task(self, cluster: str, arn: str) -> Task | None:
        try:
            return next((parse_task(known) for known in self._described(cluster, [arn])), None)
        except AwsError as error:
            if code_behind(error) == "ClusterNotFoundException":
                return None
            raise

    def begun(self, cluster: str, family: str, token: str) -> Task | None:
        # `startedBy` can't be combined with the status, and without it ECS lists no stopped tasks.
        for arns in self._pages(cluster, family):
            for known in self._described(cluster, arns):
                if known.get("startedBy") == token:
                    return parse_task(known)
        return None

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        with translate_errors(api.STOP_TASK):
            self._client.stop_task(cluster=cluster, task=arn, reason=reason)

    def _pages(self, cluster: str, family: str) -> Iterator[list[str]]:
        for status in STATUSES:
            with translate_errors(api.LIST_TASKS):
                pages = self._client.get_paginator("list_tasks").paginate(
                    cluster=cluster,
                    family=family,
                    desiredStatus=status,
                    PaginationConfig={"PageSize": TASKS_A_CALL},
                )
                listed = [page["taskArns"] for page in pages]
            yield from filter(None, listed)

    def _described(self, cluster: str, arns: list[str]) -> list[TaskTypeDef]:
        with translate_errors(api.DESCRIBE_TASKS):
            return self._client.describe_tasks(cluster=cluster, tasks=arns)["tasks"]

    @property
    def _client(self) -> ECSClient:
        return self._account.client("ecs")


def _request(task: NewTask) -> RunTaskRequestTypeDef:
    launch = task.launch
    request: RunTaskRequestTypeDef = {
        "cluster": launch.cluster,
        "taskDefinition": task.definition,
        "count": 1,
        "startedBy": task.token,
        "clientToken": task.token,
    }
    if task.command is not None:
        request["overrides"] = {
            "containerOverrides": [{"name": task.container, "command": list(task.command)}]
        }
    if launch.capacity_providers:
        request["capacityProviderStrategy"] = [
            {"capacityProvider": provider.name, "weight": provider.weight, "base": provider.base}
            for provider in launch.capacity_providers
        ]
    elif launch.launch_type:
        request["launchType"] = launch.launch_type  # type: ignore[typeddict-item]  # one of ECS's, or ECS refuses it
    if launch.platform_version:
        request["platformVersion"] = launch.platform_version
    if launch.subnets:
        request["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "subnets": list(launch.subnets),
                "securityGroups": list(launch.security_groups),
                "assignPublicIp": "ENABLED" if launch.assign_public_ip else "DISABLED",
            }
        }
    return request


def _task_behind(error: AwsError) -> str | None:
    """The ARN of the task that a conflicting request has begun."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return None
    # The stubs know no modeled fields of errors.
    response = cast("Mapping[str, Sequence[str]]", cause.response)
    return next(iter(response.get("resourceIds", ())), None)
