"""Misspelt regions are refused, and regions that are newer than botocore's data are not."""

from __future__ import annotations

import pytest

from weco_deploy.aws.regions import check_regions
from weco_deploy.errors import UsageError


@pytest.mark.parametrize("name", ["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "eu-west-9"])
def test_region_that_exists_or_may_come_is_accepted(name: str) -> None:
    check_regions(["eu-west-1", name])


@pytest.mark.parametrize("name", ["eu-wst-1", "eu-west", "eu_west_1", "ue-west-1", "west-", "1"])
def test_region_that_cannot_exist_is_bad_usage(name: str) -> None:
    with pytest.raises(UsageError, match="there is no AWS region"):
        check_regions(["eu-west-1", name])


def test_likely_region_is_suggested() -> None:
    with pytest.raises(UsageError) as raised:
        check_regions(["eu-wst-1"])
    assert raised.value.hint.startswith("did you mean eu-west-1? correct --region-name")
