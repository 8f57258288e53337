"""`ports.SetupReader`: settings of an account and region."""

from __future__ import annotations

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.lifecycle import parse_policy
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import answered_at
from weco_deploy.errors import AwsError, NotFound
from weco_deploy.model.setup import Identity, LifecyclePolicy, TableSettings
from weco_deploy.ports import Clock


class AwsSetup:
    """`ports.SetupReader` for an account and region.

    Args:
        account: the account, with the role that is used there.
        clock: the clock of this machine, which is compared with AWS's.

    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock

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
