"""Images and records in one account, the services of stage and of prod in two others."""

from __future__ import annotations

from tests.accounts.conftest import role_in
from tests.accounts.places import Accounts, contents
from tests.commands.team import SOON, Team

NOTHING: frozenset[str] = frozenset()


def test_a_release_goes_to_the_accounts_of_stage_and_of_prod(team: Team) -> None:
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


def test_what_it_says_names_the_account_that_each_service_is_in(team: Team, accounts: Accounts) -> None:
    team.push_all()
    team.release_deploy()

    services = team.json("promote", "--from", "stage", "--to", "prod", *SOON).json["deployment"]["services"]

    assert {each["cluster"] for each in services} == {
        f"arn:aws:ecs:eu-central-1:{accounts.prod}:cluster/shop-prod"
    }


def test_the_plan_names_both_accounts_before_anything_changes(team: Team, accounts: Accounts) -> None:
    team.push_all()

    shown = team.run("--dry-run", "release-deploy", "--environment-id", "prod")

    images = f"images and records in account {accounts.images}, eu-west-1, endpoint {team.sandbox.endpoint}"
    services = f"services in account {accounts.prod}, eu-central-1, endpoint {team.sandbox.endpoint}"
    assert f"{images}; {services}" in shown.out


def test_images_and_records_are_in_the_account_of_the_project_and_nowhere_else(
    team: Team, accounts: Accounts
) -> None:
    team.push_all()
    assert team.release_deploy().code == 0
    assert team.json("promote", "--from", "stage", "--to", "prod", *SOON).code == 0

    endpoint = team.sandbox.endpoint
    ours = contents(endpoint, accounts.images)
    assert ours.tables == {"eu-west-1 wellcome-releases-shop"}
    assert ours.repositories == {"eu-west-1 uk.ac.wellcome/search", "eu-west-1 uk.ac.wellcome/items"}
    assert ours.clusters == NOTHING
    for account, cluster in (
        (accounts.stage, "eu-west-1 shop-stage"),
        (accounts.prod, "eu-central-1 shop-prod"),
    ):
        theirs = contents(endpoint, account)
        assert (theirs.tables, theirs.repositories) == (NOTHING, NOTHING)
        assert theirs.clusters == {cluster}
    nothing = contents(endpoint, accounts.caller)
    assert (nothing.tables, nothing.repositories, nothing.clusters) == (NOTHING, NOTHING, NOTHING)


def test_a_failure_in_another_account_is_explained_and_rolled_back(team: Team) -> None:
    good = team.push_all()
    assert team.release_deploy().code == 0
    team.push("search", "crash=3,lines=no index")

    ran = team.release_deploy("--rollback-on-failure")

    assert ran.code == 1
    assert ran.json["deployment"]["status"] == "rolled_back"
    failures = [each for service in ran.json["deployment"]["services"] for each in service["failures"]]
    assert {each["exit_code"] for each in failures if each["kind"] == "task"} == {3}
    assert "no index" in ran.out
    assert team.aws.digests("env.stage") == good


def test_a_role_on_the_command_line_replaces_the_projects_and_not_an_environments(
    team: Team, accounts: Accounts
) -> None:
    team.push_all()

    elsewhere = team.json("--role-arn", role_in(accounts.stage), "plan", "--environment-id", "prod")
    here = team.json(
        "--role-arn", role_in(accounts.images), "release-deploy", "--environment-id", "prod", *SOON
    )

    assert (elsewhere.code, elsewhere.error["code"]) == (1, "wrong_account")
    assert here.code == 0, here.err
    assert {each["cluster"] for each in here.json["deployment"]["services"]} == {
        f"arn:aws:ecs:eu-central-1:{accounts.prod}:cluster/shop-prod"
    }
