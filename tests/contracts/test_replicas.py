"""Replicas are read in their own region: in the project's account by its role, in another account by the services' role."""

from __future__ import annotations

import pytest

from tests.contracts.aws_setting import AwsSetting, StillClock
from tests.contracts.conftest import REGION, point_at, some_account
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.replicas import EcrReplicas
from weco_deploy.aws.session import Login
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.replica import Replica

APP, TAG, THERE = "acme/app", "env.stage", "us-east-1"


@pytest.fixture(params=["ministack", "moto"])
def emulator(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.mark.parametrize("same_account", [True, False])
def test_replicas_tag_is_read_in_the_region_and_account_of_the_replica(
    emulator: str, same_account: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(emulator, "testing", monkeypatch)
    project, services = some_account(), some_account()
    owner = project if same_account else services
    login = Login(StillClock(), Rates())
    home = login.account(REGION, f"arn:aws:iam::{project}:role/deployer")
    replicas = EcrReplicas(home, login.account(THERE, f"arn:aws:iam::{services}:role/services"))
    replica = Replica(
        image_id="app",
        repository=APP,
        tag=TAG,
        source=EcrAddress(project, REGION),
        address=EcrAddress(owner, THERE),
    )
    assert replicas.digest(replica) is None
    at_home = AwsSetting(home, {})
    at_home.repository(APP)
    at_home.push(APP, TAG)
    assert replicas.digest(replica) is None

    there = AwsSetting(login.account(THERE, f"arn:aws:iam::{owner}:role/replication"), {})
    there.repository(APP)
    assert replicas.digest(replica) is None
    digest = there.push(APP, TAG)

    assert replicas.digest(replica) == digest
