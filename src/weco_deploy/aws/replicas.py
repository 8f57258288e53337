"""Replicas of the project's repositories in the region of an environment: ECR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.replica import Replica, Replication

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient


class EcrReplicas:
    """`ports.Replicas` for an environment.

    Args:
        home: has the repositories. It reads replicas in its own account.
        services: has the environment's services. It reads replicas in other accounts.

    """

    def __init__(self, home: Account, services: Account) -> None:
        self._home = home
        self._services = services

    def digest(self, replica: Replica) -> str | None:
        try:
            with translate_errors(api.DESCRIBE_IMAGES):
                answer = self._client(replica).describe_images(
                    registryId=replica.address.account,
                    repositoryName=replica.repository,
                    imageIds=[{"imageTag": replica.tag}],
                )
                return next((image["imageDigest"] for image in answer["imageDetails"]), None)
        except AwsError as error:
            # ECR creates the repository when it replicates its first image.
            if code_behind(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
                return None
            raise

    def replication(self, replica: Replica, digest: str) -> Replication | None:
        with translate_errors(api.DESCRIBE_IMAGE_REPLICATION_STATUS):
            answer = self._home.client("ecr").describe_image_replication_status(
                repositoryName=replica.repository, imageId={"imageDigest": digest}
            )
            for status in answer.get("replicationStatuses", ()):
                if (status.get("registryId"), status.get("region")) == (
                    replica.address.account,
                    replica.address.region,
                ):
                    return Replication(
                        status=status.get("status", ""), failure_code=status.get("failureCode", "")
                    )
        return None

    def _client(self, replica: Replica) -> ECRClient:
        same_account = replica.address.account == replica.source.account
        account = self._home if same_account else self._services
        return account.in_region(replica.address.region).client("ecr")
