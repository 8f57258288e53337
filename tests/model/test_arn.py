"""ARNs: their parts, and what isn't one."""

from __future__ import annotations

import pytest

from weco_deploy.model.arn import Arn, account_of, resource_name

ROLE = "arn:aws:iam::123456789012:role/catalogue-ci"
CLUSTER = "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/acme"
TASK_DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/search:7"


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        (ROLE, Arn("aws", "iam", "", "123456789012", "role/catalogue-ci")),
        (CLUSTER, Arn("aws-cn", "ecs", "cn-north-1", "123456789012", "cluster/acme")),
        (TASK_DEFINITION, Arn("aws", "ecs", "eu-west-1", "123456789012", "task-definition/search:7")),
    ],
)
def test_arn_is_parsed_and_written_again(text: str, arn: Arn) -> None:
    assert Arn.parse(text) == arn
    assert str(arn) == text


@pytest.mark.parametrize(
    "text", ["", "acme", "arn:aws:ecs:eu-west-1:123456789012", "a:aws:ecs:eu:1:cluster/acme"]
)
def test_arn_of_other_text_is_none(text: str) -> None:
    assert Arn.parse(text) is None


@pytest.mark.parametrize(
    ("text", "account"),
    [(ROLE, "123456789012"), ("arn:aws:s3:::bucket", ""), ("acme", ""), (None, "")],
)
def test_account_of_an_arn_without_one_is_empty(text: str | None, account: str) -> None:
    assert account_of(text) == account


@pytest.mark.parametrize(
    ("arn", "name"), [(CLUSTER, "acme"), (f"{CLUSTER}/0123abcd", "0123abcd"), ("acme", "acme")]
)
def test_resource_name_is_the_last_part_of_an_arn_or_a_plain_name(arn: str, name: str) -> None:
    assert resource_name(arn) == name
