"""Where the contract tests of the records run: both emulators, and what else keeps records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from tests.contracts.dynamodb_table import Table
from tests.contracts.records_samples import a_project, a_release, minutes
from tests.contracts.records_setting import DynamoSetting, StoreSetting
from tests.world.setting import WorldStoreSetting
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session")
def ministack_dynamodb(ministack: str) -> Iterator[DynamoDBClient]:
    with _client(ministack) as client:
        yield client


@pytest.fixture(scope="session")
def moto_dynamodb(moto: str) -> Iterator[DynamoDBClient]:
    with _client(moto) as client:
        yield client


@pytest.fixture
def ministack_records(ministack_dynamodb: DynamoDBClient) -> DynamoSetting:
    return DynamoSetting(ministack_dynamodb)


@pytest.fixture
def moto_records(moto_dynamodb: DynamoDBClient) -> DynamoSetting:
    return DynamoSetting(moto_dynamodb)


@pytest.fixture
def world_records() -> WorldStoreSetting:
    return WorldStoreSetting()


@pytest.fixture(params=["world_records", "ministack_records", "moto_records"])
def store_setting(request: pytest.FixtureRequest) -> StoreSetting:
    made: StoreSetting = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["ministack_records", "moto_records"])
def dynamo_setting(request: pytest.FixtureRequest) -> DynamoSetting:
    """For what is DynamoDB's own: the table, its items, lost answers."""
    made: DynamoSetting = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def store(store_setting: StoreSetting, project: Project) -> ReleaseStore:
    return store_setting.store(project)


@pytest.fixture
def release(store: ReleaseStore, project: Project) -> Release:
    """A release of two images that is recorded."""
    release = a_release(project, minutes(0), "api", "indexer")
    store.save(release)
    return release


@pytest.fixture
def table(dynamo_setting: DynamoSetting) -> Table:
    project = a_project()
    release = a_release(project)
    ours = dynamo_setting.store(project)
    ours.save(release)
    return Table(dynamo_setting, project, release, ours, dynamo_setting.store(project))


@contextmanager
def _client(url: str) -> Iterator[DynamoDBClient]:
    client = boto3.session.Session().client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="111122223333",
        aws_secret_access_key="made up",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )
    yield client
    client.close()
