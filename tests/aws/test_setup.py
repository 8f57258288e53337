"""The settings that `doctor` checks, as the adapter reads them from AWS's answers."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from tests.world.projects import project
from weco_deploy.aws.api import CALLS, Purpose
from weco_deploy.aws.needed_permissions import questions_of_services, questions_of_tasks
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.setup import AwsSetup, simulated_principal
from weco_deploy.errors import AccessDenied, NotFound, Unreachable
from weco_deploy.model.service import Service, ServiceKey, TaskDefinition
from weco_deploy.model.setup import DeniedAction, LifecycleRule, TableSettings
from weco_deploy.rules.doctor import permissions

TABLE = {
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "DeletionProtectionEnabled": True,
    "GlobalSecondaryIndexes": [{"IndexName": "project_gsi"}],
}
PROJECT = project(images={"search": ["search-api"]})


@pytest.fixture
def setup() -> AwsSetup:
    account = Login(StillClock(), Rates()).account("eu-west-1")
    return AwsSetup(account, StillClock(), PROJECT, for_services=False)


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


# Permissions

ROLE = "arn:aws:iam::111122223333:role/teams/shop"
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"


def service(arn: str, service_id: str | None = None, environment: str | None = None) -> Service:
    return Service(
        key=ServiceKey(CLUSTER, arn.rpartition("/")[2]),
        arn=arn,
        status="ACTIVE",
        desired=1,
        running=1,
        service_id=service_id,
        environment=environment,
    )


def identity(arn: str) -> Answer:
    return Answer(
        body=f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>X</UserId>
        <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
    )


def evaluated(*results: str) -> Answer:
    members = "".join(f"<member>{result}</member>" for result in results)
    return Answer(
        body=f"""<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>
        <IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""
    )


def result(action: str, decision: str, *specific: str) -> str:
    return (
        f"<EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>{decision}</EvalDecision>"
        f"<ResourceSpecificResults>{''.join(specific)}</ResourceSpecificResults>"
    )


def on(resource: str, decision: str, missing: str = "") -> str:
    keys = f"<MissingContextValues><member>{missing}</member></MissingContextValues>" if missing else ""
    return (
        f"<member><EvalResourceName>{resource}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision>{keys}</member>"
    )


def asked(aws: ScriptedAws) -> list[dict[str, list[str]]]:
    """The questions to the simulator."""
    bodies = [parse_qs(body) for body in aws.bodies if "SimulatePrincipalPolicy" in body]
    return [
        {
            name: [value[0] for key, value in body.items() if key.startswith(name)]
            for name in ("PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries")
        }
        for body in bodies
    ]


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws:iam::111122223333:user/ada", "arn:aws:iam::111122223333:user/ada"),
        ("arn:aws:sts::111122223333:assumed-role/shop/ci", "arn:aws:iam::111122223333:role/shop"),
        (ROLE, ROLE),
        ("arn:aws:iam::111122223333:root", None),
    ],
)
def test_policies_of_the_user_or_role_behind_the_credentials_are_simulated(
    arn: str, principal: str | None
) -> None:
    assert simulated_principal(arn) == principal


def test_denied_actions_come_with_the_resource_and_the_reason(aws: ScriptedAws, setup: AwsSetup) -> None:
    aws.says("GetCallerIdentity", identity("arn:aws:sts::111122223333:assumed-role/shop/ci"))
    aws.says(
        "SimulatePrincipalPolicy",
        evaluated(
            result("ecr:PutImage", "implicitDeny", on("r1", "allowed"), on("r2", "explicitDeny")),
            result("ecr:DescribeImages", "allowed"),
            result("ecr:BatchGetImage", "implicitDeny", on("r1", "implicitDeny", "aws:SourceIp")),
            result("ecr:GetDownloadUrlForLayer", "implicitDeny"),
        ),
        evaluated(),
    )

    assert setup.denied((), ()) == [
        DeniedAction(action="ecr:PutImage", resource="r2", explicit=True),
        DeniedAction(action="ecr:BatchGetImage", resource="r1", unsure=True),
        DeniedAction(action="ecr:GetDownloadUrlForLayer", resource="*"),
    ]
    questions = asked(aws)
    assert {question["PolicySourceArn"][0] for question in questions} == {
        "arn:aws:iam::111122223333:role/shop"
    }
    by_resources = {tuple(question["ResourceArns"]): set(question["ActionNames"]) for question in questions}
    repository = "arn:aws:ecr:eu-west-1:111122223333:repository/uk.ac.wellcome/search"
    assert {"ecr:PutImage", "ecr:BatchGetImage"} <= by_resources[(repository,)]
    table = f"arn:aws:dynamodb:eu-west-1:111122223333:table/{PROJECT.release_table}"
    assert {"dynamodb:PutItem", "dynamodb:GetItem"} <= by_resources[(table,)]
    assert {action for actions in by_resources.values() for action in actions}.isdisjoint(
        {"ecr:InitiateLayerUpload", "dynamodb:CreateTable", "ecs:UpdateService"}
    )


def test_questions_about_services_name_them_and_their_tags() -> None:
    arns = [f"arn:aws:ecs:eu-west-1:111122223333:service/shop/{name}" for name in ("search", "items")]
    tagged = [
        service(arn, environment="stage", service_id=service_id)
        for arn, service_id in zip(arns, ("search-api", "items-api"), strict=True)
    ]
    named = service(f"{arns[0]}-2")

    questions = questions_of_services([*tagged, named], ["/ecs/shop"])

    by_action = {action: question for question in questions for action in question.actions}
    redeploying = [question for question in questions if "ecs:UpdateService" in question.actions]
    assert [(question.resources, dict(question.context)) for question in redeploying] == [
        (
            tuple(arns),
            {
                "aws:ResourceTag/deployment:service": "search-api",
                "aws:ResourceTag/deployment:env": "stage",
            },
        ),
        ((f"{arns[0]}-2",), {}),
    ]
    assert by_action["ecs:DescribeServices"].resources == (*arns, f"{arns[0]}-2")
    assert (
        by_action["ecs:DescribeTasks"]
        .resources[0]
        .startswith("arn:aws:ecs:eu-west-1:111122223333:task/shop/")
    )
    assert by_action["tag:GetResources"].resources == ("*",)
    assert (
        by_action["logs:GetLogEvents"]
        .resources[0]
        .startswith("arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/shop:log-stream:")
    )


def test_questions_about_tasks_name_their_definitions_and_the_roles_that_they_get() -> None:
    arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/migrate:7"
    roles = ("arn:aws:iam::111122223333:role/task", "arn:aws:iam::111122223333:role/execution")
    definition = TaskDefinition(arn=arn, family="migrate", containers=(), roles=roles)

    running, passing = questions_of_tasks([definition, definition])

    assert (running.actions, running.resources, dict(running.context)) == (("ecs:RunTask",), (arn,), {})
    assert (passing.actions, passing.resources) == (("iam:PassRole",), roles)
    assert passing.context == {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    assert questions_of_tasks([]) == []
    assert len(questions_of_tasks([replace(definition, roles=())])) == 1


@pytest.mark.parametrize("answer", [Answer(501, "<html>"), json_answer(error="Unsupported service: iam")])
def test_emulator_without_iam_is_named(aws: ScriptedAws, setup: AwsSetup, answer: Answer) -> None:
    aws.says("GetCallerIdentity", identity("arn:aws:sts::111122223333:assumed-role/shop/ci"))
    aws.says("SimulatePrincipalPolicy", answer)

    with pytest.raises(NotFound, match=r"other emulator, at http://127.0.0.1:\d+ has no IAM"):
        setup.denied((), ())


def test_root_user_is_asked_no_questions(aws: ScriptedAws, setup: AwsSetup) -> None:
    aws.says("GetCallerIdentity", identity("arn:aws:iam::111122223333:root"))

    assert setup.denied((), ()) == ()
    assert aws.calls == ["GetCallerIdentity"]


def test_changes_that_cannot_be_tried_are_those_of_the_policy() -> None:
    deploying = {Purpose.MOVE_TAGS, Purpose.REDEPLOY_SERVICES, Purpose.WRITE_RECORDS}

    assert set(permissions.CHANGES) == {
        action for call in CALLS if call.purpose in deploying for action in call.actions
    }
    assert {action for call in CALLS for action in call.actions} >= permissions.OPTIONAL
