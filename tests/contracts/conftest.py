"""The contract tests run once for each setting: the emulators of AWS, and what else implements the ports."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.aws_setting import AwsSetting, StillClock
from tests.contracts.emulators import ministack, moto
from tests.contracts.records_fixtures import (
    dynamo_setting,
    ministack_dynamodb,
    ministack_records,
    moto_dynamodb,
    moto_records,
    project,
    release,
    store,
    store_setting,
    table,
    world_records,
)
from tests.contracts.setting import EXCLUSIONS, NEW_DEPLOYMENTS, TASKS, RegistrySetting, Setting
from tests.contracts.simulation_setting import SimulationSetting
from tests.world.setting import WorldSetting
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login

__all__ = [
    "dynamo_setting",
    "ministack",
    "ministack_dynamodb",
    "ministack_records",
    "moto",
    "moto_dynamodb",
    "moto_records",
    "project",
    "release",
    "store",
    "store_setting",
    "table",
    "world_records",
]

REGION = "eu-west-1"

MINISTACK_LACKS = {
    EXCLUSIONS: "MiniStack drops a repository's exclusion filters",
}
MOTO_LACKS = {
    TASKS: "moto's services get no tasks",
    NEW_DEPLOYMENTS: "moto puts a new id on the one deployment that it keeps",
}


@pytest.fixture
def ministack_setting(ministack: str, monkeypatch: pytest.MonkeyPatch) -> AwsSetting:
    """A 12-digit access key is an account of its own in MiniStack."""
    point_at(ministack, some_account(), monkeypatch)
    return AwsSetting(Login(StillClock(), Rates()).account(REGION), MINISTACK_LACKS)


@pytest.fixture
def moto_setting(moto: str, monkeypatch: pytest.MonkeyPatch) -> AwsSetting:
    """In moto the account is that of the role one assumes."""
    point_at(moto, "testing", monkeypatch)
    role = f"arn:aws:iam::{some_account()}:role/ci"
    return AwsSetting(
        Login(StillClock(), Rates(), purpose="contract tests").account(REGION, role), MOTO_LACKS
    )


@pytest.fixture
def world_setting() -> WorldSetting:
    """The tests' own in-memory AWS."""
    return WorldSetting()


@pytest.fixture
def simulation_setting() -> SimulationSetting:
    """The simulated ECS, in this process."""
    return SimulationSetting(some_account(), REGION)


@pytest.fixture(params=["simulation_setting", "ministack_setting", "moto_setting"])
def setting(request: pytest.FixtureRequest) -> Setting:
    """Where services run, one place after the other; only the one that is asked for is started."""
    made: Setting = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["world_setting", "ministack_setting", "moto_setting"])
def registry_setting(request: pytest.FixtureRequest) -> RegistrySetting:
    """Where images are, one place after the other."""
    made: RegistrySetting = request.getfixturevalue(request.param)
    return made


def some_account() -> str:
    """The id of an account that no other test uses."""
    return f"{uuid.uuid4().int % 10**12:012d}"


def point_at(url: str, access_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made up")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
