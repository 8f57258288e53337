"""The contents of accounts, read from the emulator with each account's own credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.local_aws import LocalAws
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.running import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient

REGIONS = ("eu-west-1", "eu-central-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Account ids of the caller, of images and records, and of the environments' services."""

    caller: str
    images: str
    stage: str
    prod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The names of an account's resources in all regions, each as `<region> <name>`."""

    tables: frozenset[str]
    repositories: frozenset[str]
    clusters: frozenset[str]


def contents(sandbox: Sandbox, account: str) -> Contents:
    tables, repositories, clusters = set(), set(), set()
    for region in REGIONS:
        dynamodb, ecr, ecs = _clients(sandbox, account, region)
        tables |= {f"{region} {name}" for name in dynamodb.list_tables()["TableNames"]}
        found = ecr.describe_repositories()["repositories"]
        repositories |= {f"{region} {repository['repositoryName']}" for repository in found}
        clusters |= {f"{region} {arn.rpartition('/')[2]}" for arn in ecs.list_clusters()["clusterArns"]}
    return Contents(
        tables=frozenset(tables), repositories=frozenset(repositories), clusters=frozenset(clusters)
    )


def _clients(sandbox: Sandbox, account: str, region: str) -> tuple[DynamoDBClient, ECRClient, ECSClient]:
    aws, place = LocalAws.of(sandbox), Place(account, region)
    return aws.dynamodb(place), aws.ecr(place), aws.ecs(place)
