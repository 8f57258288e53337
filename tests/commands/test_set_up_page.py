"""What the set-up guide and the page on build systems show is accepted: files, `aws` commands, pipelines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from tests.commands import guide
from tests.commands.aws_command import parse
from tests.packaging.action_file import ROOT, Action
from weco_deploy import config
from weco_deploy.model.image import Repository
from weco_deploy.rules.planning import movable

ACTION = "<this repository>@<commit>"
WORKFLOW = ".github/workflows/deploy.yml"
PIPELINE = ".buildkite/pipeline.yml"
LINK = re.compile(r"\]\(([^)]+)\)")
README = (ROOT / "README.md").read_text()
AWS = [command for command in guide.commands() if command.startswith("aws ")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The guide's files, and those that its commands make from them."""
    for name, text in guide.files().items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if name.startswith("stage-"):
            file.with_name(name.replace("stage-", "prod-")).write_text(text)
    for name in ("stage-policy.json", "prod-policy.json"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def test_every_code_block_is_a_file_with_a_name() -> None:
    assert guide.code_blocks() == len(guide.files())


@pytest.mark.parametrize("command", AWS)
def test_aws_command_is_one_of_the_service_model(command: str, directory: Path) -> None:
    parse(command, directory)


@pytest.mark.parametrize(
    "wrong",
    [
        "aws ecrs create-repository --repository-name shop/web",
        "aws ecr make-repository --repository-name shop/web",
        "aws ecr create-repository --name shop/web",
        "aws ecr create-repository",
        "aws ecs create-service --cli-input-json file://lifecycle.json",
        "aws ecr put-image-tag-mutability --repository-name shop/web --image-tag-mutability IMMUTABEL",
    ],
)
def test_wrong_aws_command_is_noticed(wrong: str, directory: Path) -> None:
    with pytest.raises(ValueError, match=r"has no|Missing required|rules|IMMUTABEL"):
        parse(wrong, directory)


def test_every_file_for_aws_is_used_by_a_command() -> None:
    used = set(re.findall(r"file://([\w.-]+)", "\n".join(AWS)))
    named = {name for name in guide.files() if name.endswith(".json")}
    assert named - used == {"buildkite-trust.json"}  # in place of stage-trust.json


@pytest.mark.parametrize("name", [name for name in guide.files() if name.endswith("trust.json")])
def test_trust_policy_is_accepted_for_a_role(name: str) -> None:
    policy = json.loads(guide.files()[name])
    (statement,) = policy["Statement"]
    (principal,) = statement["Principal"].values()

    with mock_aws():
        iam = boto3.client(
            "iam", region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any"
        )
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))

    if "Federated" in statement["Principal"]:
        provider = principal.partition("oidc-provider/")[2]
        keys = {key for test in statement["Condition"].values() for key in test}
        assert keys == {f"{provider}:aud", f"{provider}:sub"}


def test_readme_starts_with_commands_of_the_guide() -> None:
    start = README.partition("## Start\n")[2].partition("```console\n")[2].partition("```")[0]
    first = [line.partition("#")[0].removeprefix("$ ").strip() for line in start.splitlines()]
    of_guide = {re.sub(r"--confirm |--region-name \S+ ", "", command) for command in guide.commands()}

    assert first
    assert [command for command in first if command not in of_guide] == []


def lifecycle_rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = json.loads(guide.files()["lifecycle.json"])["rules"]
    return sorted(rules, key=lambda rule: rule["rulePriority"])


def test_lifecycle_policy_is_accepted_by_ecr() -> None:
    with mock_aws():
        ecr = boto3.client(
            "ecr", region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any"
        )
        ecr.create_repository(repositoryName="shop/web")
        ecr.put_lifecycle_policy(
            repositoryName="shop/web", lifecyclePolicyText=guide.files()["lifecycle.json"]
        )


def test_lifecycle_policy_protects_environments_tags_before_it_expires_anything() -> None:
    (project,) = load_project_file(guide.files()[".wellcome_project"])
    first, *others = lifecycle_rules()

    (pattern,) = first["selection"]["tagPatternList"]
    tags = [image.tag_in(environment) for image in project.images for environment in project.environments]
    assert all(Path(tag).match(pattern) for tag in tags)
    assert first["selection"]["countNumber"] >= len(tags)
    assert all(rule["selection"]["tagStatus"] == "tagged" for rule in others)
    assert {rule["action"]["type"] for rule in (first, *others)} == {"expire"}


def test_repository_settings_leave_the_tags_movable_that_deployments_and_publish_move() -> None:
    settings = json.loads(guide.files()["mutability.json"])
    exclusions = tuple(item["filter"] for item in settings["imageTagMutabilityExclusionFilters"])
    repository = Repository(
        name="shop/web", uri="", mutability=settings["imageTagMutability"], exclusions=exclusions
    )

    tags = ("env.stage", "env.prod", "latest", f"ref.{'c0ffee' * 6}c0ff")
    assert [tag for tag in tags if movable(repository, tag)] == ["env.stage", "env.prod", "latest"]


@pytest.mark.parametrize(
    ("page", "link"),
    sorted({(page, link) for page, text in guide.PAGES.items() for link in LINK.findall(text)}),
)
def test_link_leads_to_a_file_and_a_title(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / "docs" / (path or page)).resolve()
    assert target.is_file()
    if anchor:
        titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def load_project_file(text: str) -> Any:
    Path(".wellcome_project").write_text(text)
    return config.load(Path(".wellcome_project")).projects.values()


def jobs() -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load(guide.files()[WORKFLOW])
    return content["jobs"]  # type: ignore[no-any-return]  # YAML has no types


def test_workflow_uses_inputs_and_outputs_that_the_action_has() -> None:
    action = Action()
    uses = [step for job in jobs().values() for step in job["steps"] if step.get("uses") == ACTION]

    assert [step["with"]["command"] for step in uses] == ["release-deploy", "deploy"]
    for step in uses:
        assert set(step["with"]) <= set(action.inputs)
    outputs = jobs()["stage"]["outputs"]
    assert outputs == {name: f"${{{{ steps.deploy.outputs.{name} }}}}" for name in outputs}
    assert set(outputs) <= set(action.content["outputs"])
    assert set(re.findall(r"needs\.stage\.outputs\.([\w-]+)", guide.files()[WORKFLOW])) == set(outputs)


def test_workflow_enters_each_environments_role_in_its_environment() -> None:
    workflow = yaml.safe_load(guide.files()[WORKFLOW])

    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    for job in workflow["jobs"].values():
        (role,) = [
            step["with"]["role-to-assume"]
            for step in job["steps"]
            if "role-to-assume" in step.get("with", ())
        ]
        assert role == f"arn:aws:iam::{guide.ACCOUNT}:role/shop-{job['environment']}"


def test_deploying_jobs_check_out_the_whole_history() -> None:
    for job in jobs().values():
        steps = job["steps"]
        if any(step.get("uses") == ACTION for step in steps):
            assert steps[0]["uses"].startswith("actions/checkout@")
            assert steps[0]["with"] == {"fetch-depth": 0}


def test_prod_waits_for_approval_and_stage_in_both_pipelines() -> None:
    pipeline = yaml.safe_load(guide.files()[PIPELINE])["steps"]
    steps = {step["key"]: step for step in pipeline}

    assert jobs()["prod"]["needs"] == "stage"
    assert steps["prod"]["depends_on"] == "approval"
    assert "block" in steps["approval"]
    assert steps["approval"]["depends_on"] == "stage"
    assert steps["stage"]["depends_on"] == "build"
