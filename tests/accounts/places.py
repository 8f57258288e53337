"""The contents of accounts, read from the emulator with each account's own credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

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


def contents(endpoint: str, account: str) -> Contents:
    tables, repositories, clusters = set(), set(), set()
    for region in REGIONS:
        dynamodb, ecr, ecs = _clients(endpoint, account, region)
        tables |= {f"{region} {name}" for name in dynamodb.list_tables()["TableNames"]}
        found = ecr.describe_repositories()["repositories"]
        repositories |= {f"{region} {repository['repositoryName']}" for repository in found}
        clusters |= {f"{region} {arn.rpartition('/')[2]}" for arn in ecs.list_clusters()["clusterArns"]}
    return Contents(
        tables=frozenset(tables), repositories=frozenset(repositories), clusters=frozenset(clusters)
    )


def _clients(endpoint: str, account: str, region: str) -> tuple[DynamoDBClient, ECRClient, ECSClient]:
    session = boto3.Session(aws_access_key_id=account, aws_secret_access_key="any", region_name=region)
    return (
        session.client("dynamodb", endpoint_url=endpoint),
        session.client("ecr", endpoint_url=endpoint),
        session.client("ecs", endpoint_url=endpoint),
    )
