"""The IAM policy: the actions of the whole table, the project's own ARNs, and nothing that changes anything if read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.world.projects import project
from weco_deploy.aws import policy as policy_module
from weco_deploy.aws.api import CALLS, Purpose, Resource
from weco_deploy.aws.policy import TO_CHANGE, policy
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.bucket import Bucket
from weco_deploy.model.code_deploy import DeploymentGroup
from weco_deploy.model.notification import Destination
from weco_deploy.model.project import Address, Environment, Project

ACCOUNT = "111122223333"
SHOP = replace(
    project(images={"search": ["search-api"], "items": ["items-api"]}, project_id="shop"),
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/shop",
    code_deploy={"items-api": DeploymentGroup("shop-{environment}", "{service}")},
    notify=(
        Destination(url_from="ssm:/shop/slack", environments=("stage",)),
        Destination(url_from="env:SLACK", environments=("stage",)),
    ),
)
PROD = Environment(
    id="prod", name="Production", role_arn="arn:aws:iam::444455556666:role/prod", region_name="eu-west-2"
)

BOARD = Bucket("boards", "shop/deploys")
MIGRATE = BeforeTask(id="migrate", task_definition="shop-migrate-{environment}:7", like="search-api")
MIGRATING = Environment(id="test", name="Test", before=(MIGRATE,))

ABROAD = (*SHOP.environments, PROD, MIGRATING)
"""With an environment in another account and region, and one whose deployments run a task."""


def statements(
    of: Project = SHOP,
    environments: Sequence[Environment] | None = None,
    *,
    read_only: bool = False,
    board: Bucket | None = BOARD,
) -> dict[str, Any]:
    document: Any = policy(
        of,
        of.environments if environments is None else environments,
        ACCOUNT,
        read_only=read_only,
        board=board,
    ).json
    assert document["Version"] == "2012-10-17"
    return {statement["Sid"]: statement for statement in document["Statement"]}


def actions(found: dict[str, Any]) -> set[str]:
    return {action for statement in found.values() for action in statement["Action"]}


def test_policy_allows_exactly_the_actions_of_the_table() -> None:
    of_table = {action for call in CALLS for action in call.actions}
    assert actions(statements(environments=ABROAD)) == {*of_table, "iam:PassRole"}


@pytest.mark.parametrize("purpose", Purpose)
def test_purpose_has_calls_which_all_name_resources_or_none(purpose: Purpose) -> None:
    calls = [call for call in CALLS if call.purpose is purpose]

    assert len({Resource.ANY in call.resources for call in calls}) == 1


@pytest.mark.parametrize("resource", Resource)
def test_every_resource_has_arns(resource: Resource) -> None:
    arns = list(policy_module._Arns(SHOP, ABROAD, ACCOUNT, BOARD).of(resource))

    assert arns
    assert all(arn == "*" or arn.startswith("arn:aws:") for arn in arns)


def test_read_only_policy_allows_all_reads_and_no_change() -> None:
    allowed = actions(statements(environments=ABROAD, read_only=True))

    assert allowed.isdisjoint(action for call in CALLS if call.changes for action in call.actions)
    assert allowed == {action for call in CALLS if call.purpose not in TO_CHANGE for action in call.actions}
    assert {purpose for purpose in TO_CHANGE if purpose.value in statements(read_only=True)} == set()


def test_board_in_a_bucket_may_be_written_below_its_prefix_only() -> None:
    assert statements()["WriteBoard"] == {
        "Sid": "WriteBoard",
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::boards/shop/deploys/*"],
    }
    assert statements(board=Bucket("boards"))["WriteBoard"]["Resource"] == ["arn:aws:s3:::boards/*"]
    assert "WriteBoard" not in statements(board=None)


def test_parameters_with_urls_of_destinations_are_named_exactly() -> None:
    assert statements()["ReadParameters"]["Resource"] == [
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/shop/slack"
    ]
    assert "ReadParameters" not in statements(replace(SHOP, notify=()))


def test_deployment_groups_of_code_deploy_are_named_exactly() -> None:
    found = statements(environments=[PROD])
    place = "arn:aws:codedeploy:eu-west-2:444455556666"

    assert found["WatchCodeDeploy"]["Resource"] == [
        f"{place}:deploymentgroup:shop-prod/items-api",
        f"{place}:deploymentconfig:*",
    ]
    assert found["DeployWithCodeDeploy"] == {
        "Sid": "DeployWithCodeDeploy",
        "Effect": "Allow",
        "Action": ["codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"],
        "Resource": [f"{place}:deploymentgroup:shop-prod/items-api", f"{place}:application:shop-prod"],
    }


def test_project_whose_services_ecs_deploys_needs_no_permission_for_code_deploy() -> None:
    of_ecs = actions(statements(replace(SHOP, code_deploy={}), environments=ABROAD))

    assert not [action for action in of_ecs if action.startswith("codedeploy:")]


def test_images_and_records_are_named_exactly() -> None:
    found = statements()
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/{SHOP.release_table}"

    assert found["MoveTags"]["Resource"] == [
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{image.repository}" for image in SHOP.images
    ]
    assert found["WriteRecords"]["Resource"] == [table]
    assert found["ReadRecords"]["Resource"] == [
        table,
        f"{table}/index/project_gsi",
        f"{table}/index/deployment_gsi",
    ]
    assert found["AssumeRoles"]["Resource"] == [SHOP.role_arn]


def test_replicas_are_read_only_where_an_environment_is_in_another_region() -> None:
    at_home = [f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{image.repository}" for image in SHOP.images]
    replicas = [
        f"arn:aws:ecr:eu-west-2:{account}:repository/{image.repository}"
        for account in (ACCOUNT, "444455556666")
        for image in SHOP.images
    ]
    found = statements(environments=ABROAD)

    assert found["ReadImages"]["Resource"] == [*at_home, *replicas]
    assert found["ExplainReplication"]["Action"] == ["ecr:DescribeImageReplicationStatus"]
    assert found["ExplainReplication"]["Resource"] == at_home
    assert statements()["ReadImages"]["Resource"] == at_home
    assert "ExplainReplication" not in statements()
    other_account = [replace(PROD, region_name=None)]
    assert statements(environments=other_account)["ReadImages"]["Resource"] == at_home


def test_only_services_with_the_tags_of_the_project_may_be_redeployed() -> None:
    environments = [environment for environment in SHOP.environments if environment.id == "stage"]
    statement = statements(environments=environments)["RedeployServices"]

    assert statement["Action"] == ["ecs:UpdateService"]
    assert statement["Resource"] == [f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/*"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:ResourceTag/deployment:env": ["stage"],
            "aws:ResourceTag/deployment:service": ["search-api", "items-api"],
        }
    }


def test_deployments_in_progress_may_be_rolled_back_in_the_accounts_of_the_environments() -> None:
    found = statements(environments=[SHOP.environment("stage"), PROD])

    assert found["RollBackDeployments"] == {
        "Sid": "RollBackDeployments",
        "Effect": "Allow",
        "Action": ["ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment"],
        "Resource": [
            f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service-deployment/*",
            "arn:aws:ecs:eu-west-2:444455556666:service-deployment/*",
        ],
    }


def test_named_services_may_be_redeployed_without_tags() -> None:
    address = Address(cluster="shop-{environment}", name="{environment}-{service}")
    mixed = replace(SHOP, addresses={"search-api": address})
    found = statements(mixed, environments=[SHOP.environment("stage"), PROD])

    assert found["RedeployNamedServices"]["Action"] == ["ecs:UpdateService"]
    assert found["RedeployNamedServices"]["Resource"] == [
        f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop-stage/stage-search-api",
        "arn:aws:ecs:eu-west-2:444455556666:service/shop-prod/prod-search-api",
    ]
    assert "Condition" not in found["RedeployNamedServices"]
    tags = found["RedeployServices"]["Condition"]["StringEquals"]
    assert tags["aws:ResourceTag/deployment:service"] == ["items-api"]
    assert "RedeployNamedServices" not in statements(mixed, read_only=True)
    assert "RedeployNamedServices" not in statements()
    all_named = replace(SHOP, addresses=dict.fromkeys(SHOP.services, address))
    assert "RedeployServices" not in statements(all_named)


def test_services_are_in_the_account_and_region_of_their_environment() -> None:
    found = statements(environments=[PROD])

    assert found["RedeployServices"]["Resource"] == ["arn:aws:ecs:eu-west-2:444455556666:service/*"]
    assert found["ReadLogs"]["Resource"] == ["arn:aws:logs:eu-west-2:444455556666:log-group:*:log-stream:*"]
    assert found["MoveTags"]["Resource"][0].startswith(f"arn:aws:ecr:eu-west-1:{ACCOUNT}:")
    assert found["AssumeRoles"]["Resource"] == [SHOP.role_arn, PROD.role_arn]


def test_tasks_may_be_run_and_given_their_roles_only_where_deployments_run_any() -> None:
    prod = replace(
        PROD, before=(replace(MIGRATE, task_definition=f"arn:aws:ecs:eu-west-2:{ACCOUNT}:task-definition/m"),)
    )
    found = statements(environments=[MIGRATING, prod])

    assert found["RunTasks"]["Action"] == ["ecs:RunTask", "ecs:StopTask"]
    assert found["RunTasks"]["Resource"] == [
        f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/shop-migrate-test:*",
        "arn:aws:ecs:eu-west-2:444455556666:task-definition/m:*",
        f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/*",
        "arn:aws:ecs:eu-west-2:444455556666:task/*",
    ]
    assert found["PassRolesToTasks"] == {
        "Sid": "PassRolesToTasks",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::444455556666:role/*"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]}},
    }
    assert statements().keys().isdisjoint({"RunTasks", "PassRolesToTasks"})
    assert (
        statements(environments=[MIGRATING], read_only=True)
        .keys()
        .isdisjoint({"RunTasks", "PassRolesToTasks"})
    )


def test_project_without_roles_or_services_has_no_statements_for_them() -> None:
    found = statements(replace(SHOP, role_arn=None, images=(replace(SHOP.images[0], services=()),)))

    assert found.keys().isdisjoint({"AssumeRoles", "RedeployServices", "RollBackDeployments"})
    assert "iam:SimulatePrincipalPolicy" in statements()["CheckSetUp"]["Action"]
    assert "iam:SimulatePrincipalPolicy" not in found["CheckSetUp"]["Action"]


def test_partition_is_that_of_the_region() -> None:
    found = statements(replace(SHOP, region_name="cn-north-1"))

    assert found["WriteRecords"]["Resource"][0].startswith("arn:aws-cn:dynamodb:cn-north-1:")
