"""Pages in S3, on moto: MiniStack runs without S3 here."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.aws_setting import StillClock
from tests.contracts.conftest import REGION, point_at
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Account, Login
from weco_deploy.aws.sites import S3Site
from weco_deploy.errors import NotFound
from weco_deploy.model.bucket import Bucket

PAGE = "<p>✗ failed \udcff</p>"


@pytest.fixture
def account(moto: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    point_at(moto, "testing", monkeypatch)
    return Login(StillClock(), Rates()).account(REGION)


@pytest.fixture
def bucket(account: Account) -> Bucket:
    name = f"boards-{uuid.uuid4()}"
    account.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return Bucket(name, "shop/deploys")


def test_page_is_an_object_that_browsers_show_and_ask_for_again(account: Account, bucket: Bucket) -> None:
    S3Site(account, bucket).put("environments/prod.html", PAGE)

    found = account.client("s3").get_object(Bucket=bucket.name, Key="shop/deploys/environments/prod.html")
    assert found["Body"].read().decode() == "<p>✗ failed ?</p>"
    assert found["ContentType"] == "text/html; charset=utf-8"
    assert found["CacheControl"] == "no-cache"


def test_page_replaces_the_one_before(account: Account, bucket: Bucket) -> None:
    site = S3Site(account, bucket)
    site.put("index.html", "before")
    site.put("index.html", "after")

    found = account.client("s3").get_object(Bucket=bucket.name, Key="shop/deploys/index.html")
    assert found["Body"].read() == b"after"


def test_missing_bucket_is_named(account: Account) -> None:
    missing = Bucket(f"boards-{uuid.uuid4()}")

    with pytest.raises(NotFound, match=f"there is no bucket {missing.name}"):
        S3Site(account, missing).put("index.html", PAGE)
