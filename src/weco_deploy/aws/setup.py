"""`ports.SetupReader`: settings of an account and region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.lifecycle import parse_policy
from weco_deploy.aws.loopback import is_loopback
from weco_deploy.aws.needed_permissions import (
    Question,
    questions_of_project,
    questions_of_services,
    questions_of_tasks,
)
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import answered_at
from weco_deploy.errors import AwsError, NotFound, Unreachable
from weco_deploy.model.arn import Arn
from weco_deploy.model.project import Project
from weco_deploy.model.service import Service, TaskDefinition
from weco_deploy.model.setup import DeniedAction, Identity, LifecyclePolicy, TableSettings
from weco_deploy.ports import Clock

if TYPE_CHECKING:
    from weco_deploy.aws.iam_client import IamClient

MOST_RESULTS = 1000
"""SimulatePrincipalPolicy answers no more results at once, and no question has as many."""


class AwsSetup:
    """`ports.SetupReader` for an account and region.

    Args:
        account: the account, with the role that is used there.
        clock: the clock of this machine, which is compared with AWS's.
        project: the project.
        for_services: whether the account is that of an environment's services, or that of the project's images and records.

    """

    def __init__(self, account: Account, clock: Clock, project: Project, *, for_services: bool) -> None:
        self._account = account
        self._clock = clock
        self._project = project
        self._for_services = for_services

    def identity(self) -> Identity:
        with translate_errors(api.GET_CALLER_IDENTITY):
            answer = self._account.client("sts").get_caller_identity()
            now, at_aws = self._clock.utc(), answered_at(answer["ResponseMetadata"])
            return Identity(
                arn=answer["Arn"],
                account=answer["Account"],
                ahead=None if at_aws is None else now - at_aws,
            )

    def table(self, name: str) -> TableSettings | None:
        try:
            with translate_errors(api.DESCRIBE_TABLE):
                table = self._account.client("dynamodb").describe_table(TableName=name)["Table"]
                indexes = table.get("GlobalSecondaryIndexes", ())
                return TableSettings(
                    on_demand=table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST",
                    deletion_protection=table.get("DeletionProtectionEnabled", False),
                    indexes=frozenset(index["IndexName"] for index in indexes),
                )
        except AwsError as error:
            if code_behind(error) == "ResourceNotFoundException":
                return None
            raise

    def recovers(self, table: str) -> bool:
        try:
            with translate_errors(api.DESCRIBE_CONTINUOUS_BACKUPS):
                answer = self._account.client("dynamodb").describe_continuous_backups(TableName=table)
                recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
                return recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
        except AwsError as error:
            if code_behind(error) == "TableNotFoundException":
                raise NotFound(f"there is no table {table}") from error
            raise

    def lifecycle(self, repository: str) -> LifecyclePolicy | None:
        try:
            with translate_errors(api.GET_LIFECYCLE_POLICY):
                answer = self._account.client("ecr").get_lifecycle_policy(repositoryName=repository)
                return parse_policy(answer["lifecyclePolicyText"])
        except AwsError as error:
            if code_behind(error) in {"LifecyclePolicyNotFoundException", "RepositoryNotFoundException"}:
                return None
            raise

    def denied(
        self,
        services: Sequence[Service],
        log_groups: Sequence[str],
        definitions: Sequence[TaskDefinition] = (),
    ) -> Sequence[DeniedAction]:
        identity = self.identity()
        principal = simulated_principal(self._account.role_arn or identity.arn)
        if principal is None:  # the account's root user, whom no policy restricts
            return ()
        if self._for_services:
            questions = [*questions_of_services(services, log_groups), *questions_of_tasks(definitions)]
        else:
            questions = questions_of_project(self._project, identity.account)
        return [denied for question in questions for denied in self._ask(principal, question)]

    def _ask(self, principal: str, question: Question) -> list[DeniedAction]:
        iam = self._account.client("iam")
        try:
            return self._simulate(iam, principal, question)
        except Unreachable as error:
            endpoint = iam.meta.endpoint_url
            if is_loopback(urlsplit(endpoint).hostname or ""):
                raise NotFound(f"the sandbox, or other emulator, at {endpoint} has no IAM") from error
            raise

    def _simulate(self, iam: IamClient, principal: str, question: Question) -> list[DeniedAction]:
        with translate_errors(api.SIMULATE_PRINCIPAL_POLICY):
            answer = iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=question.actions,
                ResourceArns=question.resources,
                ContextEntries=[
                    {
                        "ContextKeyName": key,
                        "ContextKeyType": "string",
                        "ContextKeyValues": [value],
                    }
                    for key, value in question.context.items()
                ],
                MaxItems=MOST_RESULTS,
            )
            return [denied for result in answer["EvaluationResults"] for denied in _denied(result)]


def simulated_principal(arn: str) -> str | None:
    """The user or role whose policies are simulated, from its ARN or that of a session; None for the root user.

    The ARN of a session lacks the path of its role, so a role with a path is not found unless the project file names it.
    """
    parsed = Arn.parse(arn)
    if parsed is None or parsed.resource == "root":
        return None
    kind, *names = parsed.resource.split("/")
    if kind != "assumed-role" or not names:
        return arn
    return str(replace(parsed, service="iam", resource=f"role/{names[0]}"))


def _denied(result: Any) -> Iterator[DeniedAction]:
    """The resources on which an action is denied. The simulator decides about each resource by itself."""
    by_resource = [
        (specific["EvalResourceName"], specific["EvalResourceDecision"], specific.get("MissingContextValues"))
        for specific in result.get("ResourceSpecificResults", ())
    ]
    whole = (result.get("EvalResourceName", "*"), result["EvalDecision"], result.get("MissingContextValues"))
    for resource, decision, missing in by_resource or [whole]:
        if decision != "allowed":
            yield DeniedAction(
                action=result["EvalActionName"],
                resource=resource,
                explicit=decision == "explicitDeny",
                unsure=bool(missing),
            )
