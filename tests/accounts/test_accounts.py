"""Deployments with images and records in one account, and the services of stage and prod in two others."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.accounts.conftest import role_in
from tests.accounts.places import Accounts, contents
from tests.commands.team import SOON, Team

NOTHING: frozenset[str] = frozenset()


def test_release_is_deployed_to_the_accounts_of_stage_and_prod(team: Team) -> None:
    before = team.aws.running("prod")
    pushed = team.push_all()

    staged = team.release_deploy()

    assert staged.code == 0, staged.err
    assert team.aws.running("stage") == {
        "search-api": {"search": {pushed["search"]}},
        "items-api": {"items": {pushed["items"]}},
    }
    assert team.aws.running("prod") == before

    promoted = team.json("promote", "--from", "stage", "--to", "prod", *SOON)

    assert promoted.code == 0, promoted.err
    assert team.aws.running("prod") == team.aws.running("stage")
    assert team.aws.digests("env.prod") == pushed


def test_json_names_the_account_of_each_service(team: Team, accounts: Accounts) -> None:
    team.push_all()
    team.release_deploy()

    services = team.json("promote", "--from", "stage", "--to", "prod", *SOON).json["deployment"]["services"]

    assert {service["cluster"] for service in services} == {
        f"arn:aws:ecs:eu-central-1:{accounts.prod}:cluster/shop-prod"
    }


def test_plan_names_the_accounts_of_images_and_services(team: Team, accounts: Accounts) -> None:
    team.push_all()

    dry_run = team.run("--dry-run", "release-deploy", "--environment-id", "prod")

    images = f"images and records in account {accounts.images}, eu-west-1, endpoint {team.sandbox.endpoint}"
    services = f"services in account {accounts.prod}, eu-central-1, endpoint {team.sandbox.state.simulation_endpoint}"
    assert f"{images}; {services}" in dry_run.out


def test_images_and_records_are_only_in_the_account_of_the_project(team: Team, accounts: Accounts) -> None:
    team.push_all()
    assert team.release_deploy().code == 0
    assert team.json("promote", "--from", "stage", "--to", "prod", *SOON).code == 0

    sandbox = team.sandbox
    of_project = contents(sandbox, accounts.images)
    assert of_project.tables == {"eu-west-1 wellcome-releases-shop"}
    assert of_project.repositories == {"eu-west-1 uk.ac.wellcome/search", "eu-west-1 uk.ac.wellcome/items"}
    assert of_project.clusters == NOTHING
    for account, cluster in (
        (accounts.stage, "eu-west-1 shop-stage"),
        (accounts.prod, "eu-central-1 shop-prod"),
    ):
        of_environment = contents(sandbox, account)
        assert (of_environment.tables, of_environment.repositories) == (NOTHING, NOTHING)
        assert of_environment.clusters == {cluster}
    of_caller = contents(sandbox, accounts.caller)
    assert (of_caller.tables, of_caller.repositories, of_caller.clusters) == (NOTHING, NOTHING, NOTHING)


def test_failure_in_another_account_is_explained_and_rolled_back(team: Team) -> None:
    good = team.push_all()
    assert team.release_deploy().code == 0
    team.push("search", "crash=3,lines=no index")

    run = team.release_deploy("--rollback-on-failure")

    assert run.code == 1
    assert run.json["deployment"]["status"] == "rolled_back"
    failures = [failure for service in run.json["deployment"]["services"] for failure in service["failures"]]
    assert {failure["exit_code"] for failure in failures if failure["kind"] == "task"} == {3}
    assert "no index" in run.out
    assert team.aws.digests("env.stage") == good


def test_role_option_replaces_the_project_s_role_but_not_an_environment_s(
    team: Team, accounts: Accounts
) -> None:
    team.push_all()

    in_wrong_account = team.json("--role-arn", role_in(accounts.stage), "plan", "--environment-id", "prod")
    in_own_account = team.json(
        "--role-arn", role_in(accounts.images), "release-deploy", "--environment-id", "prod", *SOON
    )

    assert (in_wrong_account.code, in_wrong_account.error["code"]) == (1, "wrong_account")
    assert in_own_account.code == 0, in_own_account.err
    assert {service["cluster"] for service in in_own_account.json["deployment"]["services"]} == {
        f"arn:aws:ecs:eu-central-1:{accounts.prod}:cluster/shop-prod"
    }


def test_pipeline_that_entered_the_role_of_the_project_needs_not_assume_it(
    team: Team, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.push_all()
    role = role_in(accounts.images)
    entered = boto3.Session(region_name="eu-west-1").client("sts")
    session = entered.assume_role(RoleArn=role, RoleSessionName="GitHubActions")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        boto3.Session(region_name="eu-west-1").client("sts").assume_role(
            RoleArn=role, RoleSessionName="again"
        )

    run = team.release_deploy()

    assert run.code == 0, run.err
    assert run.json["deployment"]["requested_by"].endswith("assumed-role/shop-ci/GitHubActions")
