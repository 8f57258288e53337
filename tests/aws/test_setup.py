"""The settings that `doctor` checks, as the adapter reads them from AWS's answers."""

from __future__ import annotations

import json

import pytest

from tests.aws.scripted import ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.setup import AwsSetup
from weco_deploy.errors import AccessDenied, NotFound, Unreachable
from weco_deploy.model.setup import LifecycleRule, TableSettings

TABLE = {
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "DeletionProtectionEnabled": True,
    "GlobalSecondaryIndexes": [{"IndexName": "project_gsi"}],
}


@pytest.fixture
def setup() -> AwsSetup:
    return AwsSetup(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def test_settings_of_a_table_are_read(aws: ScriptedAws, setup: AwsSetup) -> None:
    aws.says("DescribeTable", json_answer(Table=TABLE), json_answer(Table={}))

    assert setup.table("t") == TableSettings(
        on_demand=True, deletion_protection=True, indexes=frozenset({"project_gsi"})
    )
    # AWS leaves out what was never set.
    assert setup.table("t") == TableSettings(on_demand=False, deletion_protection=False, indexes=frozenset())


def test_missing_table_is_no_error_of_its_settings(aws: ScriptedAws, setup: AwsSetup) -> None:
    aws.says("DescribeTable", refusal("ResourceNotFoundException"), refusal("AccessDeniedException"))
    aws.says("DescribeContinuousBackups", refusal("TableNotFoundException"), refusal("AccessDeniedException"))

    assert setup.table("t") is None
    with pytest.raises(NotFound):
        setup.recovers("t")
    with pytest.raises(AccessDenied):
        setup.table("t")
    with pytest.raises(AccessDenied):
        setup.recovers("t")


@pytest.mark.parametrize(("status", "expected"), [("ENABLED", True), ("DISABLED", False), (None, False)])
def test_point_in_time_recovery_is_read(
    aws: ScriptedAws, setup: AwsSetup, status: str | None, expected: bool
) -> None:
    description = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}} if status else {}
    aws.says("DescribeContinuousBackups", json_answer(ContinuousBackupsDescription=description))

    assert setup.recovers("t") is expected


def test_lifecycle_rules_are_read_in_the_order_of_their_priority(aws: ScriptedAws, setup: AwsSetup) -> None:
    rules = [
        {
            "rulePriority": 7,
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePulled",
                "countNumber": 9,
                "storageClass": "standard",
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["v"],
                "tagPatternList": ["*x"],
                "countType": "imageCountMoreThan",
                "countNumber": 3,
            },
            "action": {"type": "expire"},
        },
    ]
    aws.says("GetLifecyclePolicy", json_answer(lifecyclePolicyText=json.dumps({"rules": rules})))

    found = setup.lifecycle("acme/app")

    assert found is not None
    assert found.rules == (
        LifecycleRule(
            priority=2,
            tag_status="tagged",
            prefixes=("v",),
            patterns=("*x",),
            count_type="imageCountMoreThan",
            count=3,
        ),
        LifecycleRule(
            priority=7, tag_status="any", count_type="sinceImagePulled", count=9, action="transition"
        ),
    )
    assert json.loads(found.text) == {"rules": rules}


@pytest.mark.parametrize("code", ["LifecyclePolicyNotFoundException", "RepositoryNotFoundException"])
def test_repository_without_a_lifecycle_policy_has_none(aws: ScriptedAws, setup: AwsSetup, code: str) -> None:
    aws.says("GetLifecyclePolicy", refusal(code))

    assert setup.lifecycle("acme/app") is None


def test_lifecycle_policy_that_is_none_is_an_answer_that_cannot_be_read(
    aws: ScriptedAws, setup: AwsSetup
) -> None:
    aws.says("GetLifecyclePolicy", json_answer(lifecyclePolicyText="{}"), refusal("AccessDeniedException"))

    with pytest.raises(Unreachable):
        setup.lifecycle("acme/app")
    with pytest.raises(AccessDenied):
        setup.lifecycle("acme/app")
