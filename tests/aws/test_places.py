"""The accounts, regions and endpoints that the plan shows."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

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


def shown_places(
    role: str | None = ROLE,
    services_role: str | None = ROLE,
    region: str = "eu-west-1",
    services_region: str = "eu-west-1",
    account_id: str | None = None,
) -> str:
    login = Login(StillClock(), Rates())
    return places(login.account(region, role), login.account(services_region, services_role), account_id)


def test_single_account_and_region_is_shown_once() -> None:
    assert shown_places() == "in account 111122223333, eu-west-1"


@pytest.mark.parametrize(
    "region",
    ["eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"],
)
def test_endpoints_of_aws_are_not_shown_in_any_partition(region: str) -> None:
    assert shown_places(region=region, services_region=region) == f"in account 111122223333, {region}"


def test_account_without_a_role_is_the_projects() -> None:
    assert shown_places(None, None, account_id="777788889999") == "in account 777788889999, eu-west-1"
    assert shown_places(None, None) == "in the account of your credentials, eu-west-1"


def test_account_of_the_credentials_is_shown_once_aws_has_told_it() -> None:
    login = Login(StillClock(), Rates())
    account = login.account("eu-west-1")
    stubber = Stubber(account.client("sts"))
    stubber.add_response("get_caller_identity", {"Arn": "arn:aws:iam::222233334444:user/eve"})
    with stubber:
        login.requested_by("eu-west-1")

    assert places(account, account, None) == "in account 222233334444, eu-west-1"


def test_services_in_another_place_are_shown_separately() -> None:
    assert shown_places(services_role=OTHER_ROLE, services_region="eu-west-2") == (
        "images and records in account 111122223333, eu-west-1; services in account 444455556666, eu-west-2"
    )
    assert shown_places(None, OTHER_ROLE, account_id="777788889999") == (
        "images and records in account 777788889999, eu-west-1; services in account 444455556666, eu-west-1"
    )


def test_foreign_endpoint_is_shown_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ada:secret@127.0.0.1:4566")
    assert shown_places() == "in account 111122223333, eu-west-1, endpoint http://…@127.0.0.1:4566"


def test_endpoints_of_single_services_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:4566")
    assert shown_places() == (
        "images and records in account 111122223333, eu-west-1; "
        "services in account 111122223333, eu-west-1, endpoint http://127.0.0.1:4566"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:4567")
    assert (
        "images and records in account 111122223333, eu-west-1, endpoint http://127.0.0.1:4567;"
        in shown_places()
    )
