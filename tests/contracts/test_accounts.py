"""Where calls land: in the account that the credentials, or the role, belong to."""

from __future__ import annotations

import pytest

from tests.contracts.aws_setting import AwsSetting, StillClock
from tests.contracts.conftest import REGION, point_at, some_account
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import WrongAccount

APP = "acme/app"


@pytest.fixture(params=["ministack", "moto"])
def emulator(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_calls_in_a_role_land_in_the_roles_account(emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(emulator, "testing", monkeypatch)
    account_id = some_account()
    login = Login(StillClock(), Rates())
    entered = login.account(REGION, f"arn:aws:iam::{account_id}:role/deployer")

    entered.check(account_id)
    AwsSetting(entered, {}).repository(APP)

    assert EcrRegistry(entered).repositories([APP])[APP].uri.startswith(f"{account_id}.dkr.ecr.{REGION}.")
    assert EcrRegistry(login.account(REGION)).repositories([APP]) == {}


def test_the_account_of_the_callers_own_credentials_is_where_calls_land(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(emulator, some_account(), monkeypatch)
    account = Login(StillClock(), Rates()).account(REGION)
    name = f"acme/app-{some_account()}"
    AwsSetting(account, {}).repository(name)

    uri = EcrRegistry(account).repositories([name])[name].uri

    assert uri.startswith(f"{account.account_id()}.dkr.ecr.")
    account.check(account.account_id())
    with pytest.raises(WrongAccount, match=account.account_id()):
        account.check("000011110000")


def test_the_same_role_in_another_region_sees_that_regions_registry(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(emulator, "testing", monkeypatch)
    here = Login(StillClock(), Rates()).account(REGION, f"arn:aws:iam::{some_account()}:role/deployer")
    AwsSetting(here, {}).repository(APP)

    there = here.in_region("eu-central-1")

    assert there.account_id() == here.account_id()
    assert EcrRegistry(there).repositories([APP]) == {}
