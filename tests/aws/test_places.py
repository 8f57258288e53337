"""Where a deployment is said to go."""

from __future__ import annotations

import pytest

from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.places import places
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login

ROLE, OTHER_ROLE = "arn:aws:iam::111122223333:role/ci", "arn:aws:iam::444455556666:role/prod"


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


def said(
    role: str | None = ROLE,
    services_role: str | None = ROLE,
    region: str = "eu-west-1",
    services_region: str = "eu-west-1",
    account_id: str | None = None,
) -> str:
    login = Login(StillClock(), Rates())
    return places(login.account(region, role), login.account(services_region, services_role), account_id)


def test_one_account_and_region_is_said_once_without_aws_s_own_endpoints() -> None:
    assert said() == "in account 111122223333, eu-west-1"
    assert said(region="cn-north-1", services_region="cn-north-1") == "in account 111122223333, cn-north-1"


def test_without_a_role_the_account_is_the_one_that_the_project_names() -> None:
    assert said(None, None, account_id="777788889999") == "in account 777788889999, eu-west-1"
    assert said(None, None) == "in the account of your credentials, eu-west-1"


def test_services_elsewhere_are_said_apart() -> None:
    assert said(services_role=OTHER_ROLE, services_region="eu-west-2") == (
        "images and records in account 111122223333, eu-west-1; services in account 444455556666, eu-west-2"
    )
    assert said(None, OTHER_ROLE, account_id="777788889999") == (
        "images and records in account 777788889999, eu-west-1; services in account 444455556666, eu-west-1"
    )


def test_an_endpoint_that_is_not_aws_s_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ada:secret@127.0.0.1:4566")
    assert said() == "in account 111122223333, eu-west-1, endpoint http://…@127.0.0.1:4566"


def test_endpoints_of_single_services_are_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:4566")
    assert said() == (
        "images and records in account 111122223333, eu-west-1; "
        "services in account 111122223333, eu-west-1, endpoint http://127.0.0.1:4566"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:4567")
    assert "images and records in account 111122223333, eu-west-1, endpoint http://127.0.0.1:4567;" in said()
