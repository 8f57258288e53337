"""What is written to GitHub about deployments, and the command `github`, on the in-memory world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import PROJECT_FILE, Desk, Ran
from tests.local.github_server import github_server
from tests.operations.runs import LEASE_AND_GRACE, killed
from tests.world.behaviour import crash
from weco_deploy.local.event_sinks import EventDispatcher
from weco_deploy.local.github import github_repository
from weco_deploy.ports import GitHubError, Ports

ALL = "{deployments: true, labels: true, comments: true}"
JSON = ("--confirm", "--output", "json")
LABEL = "deployed:stage"


def use_github(settings: str = ALL) -> None:
    text = PROJECT_FILE.replace("name: Staging", "name: Staging, url: 'https://stage.example.org'")
    Path(".wellcome_project").write_text(f"{text}  github: {settings}\n")


def merged(desk: Desk, number: int, image_id: str = "search", *behaviour: Any) -> str:
    """Push an image of a new commit, which a pull request merged."""
    desk.world.push(image_id, *behaviour)
    commit = desk.world.git.commits[-1].commit
    desk.world.github.merged[commit] = [number]
    return commit


def deploy(desk: Desk, *more: str) -> Ran:
    return desk.run(*JSON, "release-deploy", "--environment-id", "stage", *more)


@pytest.fixture
def desk_with_github(desk: Desk) -> Desk:
    """After a first deployment, so that the next has commits."""
    desk.world.push("search")
    desk.world.push("items")
    assert deploy(desk).code == 0
    use_github()
    return desk


def test_deployment_is_in_progress_and_then_a_success_with_its_addresses(desk_with_github: Desk) -> None:
    commit = merged(desk_with_github, 7)

    ran = deploy(desk_with_github)

    (stored,) = desk_with_github.world.github.deployments
    assert (ran.code, "warning" in ran.err) == (0, False)
    assert (stored.commit, stored.environment) == (commit, "stage")
    assert stored.deployment_id == ran.json["deployment"]["deployment_id"]
    assert stored.states == ["in_progress", "success"]
    assert {report.environment_url for report in stored.reports} == {"https://stage.example.org"}


def test_pull_requests_that_run_get_a_label_and_a_comment(desk_with_github: Desk) -> None:
    merged(desk_with_github, 7)
    merged(desk_with_github, 8, "items")

    release = deploy(desk_with_github).json["deployment"]["release_id"][:8]

    github = desk_with_github.world.github
    assert github.labels == {7: {LABEL}, 8: {LABEL}}
    (text,) = github.comments[7]
    assert text.startswith("Runs in **stage** since ")
    assert f"with release {release}" in text
    assert text.endswith("<!-- weco-deploy stage -->")


def test_comment_of_an_environment_is_updated_and_not_repeated(desk_with_github: Desk) -> None:
    merged(desk_with_github, 7)
    deploy(desk_with_github)
    first = desk_with_github.world.github.comments[7][0]
    merged(desk_with_github, 7)
    deploy(desk_with_github)

    (text,) = desk_with_github.world.github.comments[7]
    assert text != first


def test_each_environment_has_a_comment_of_its_own(desk_with_github: Desk) -> None:
    desk_with_github.run(*JSON, "promote", "--from", "stage", "--to", "prod")
    merged(desk_with_github, 7)
    deploy(desk_with_github)
    desk_with_github.run(*JSON, "promote", "--from", "stage", "--to", "prod")

    github = desk_with_github.world.github
    assert len(github.comments[7]) == 2
    assert github.labels[7] == {LABEL, "deployed:prod"}


def test_failed_deployment_marks_no_pull_request_of_an_image_that_does_not_run(
    desk_with_github: Desk,
) -> None:
    merged(desk_with_github, 7, "search", crash(code=3))
    merged(desk_with_github, 8, "items")

    assert deploy(desk_with_github).code == 1

    github = desk_with_github.world.github
    assert github.deployments[0].states == ["in_progress", "failure"]
    assert github.labels == {8: {LABEL}}


def test_deployment_that_is_rolled_back_marks_nothing(desk_with_github: Desk) -> None:
    merged(desk_with_github, 7, "search", crash(code=3))

    assert deploy(desk_with_github, "--rollback-on-failure").code == 1

    github = desk_with_github.world.github
    assert [stored.states for stored in github.deployments] == [["in_progress", "failure"]]
    assert (github.labels, github.comments) == ({}, {})


def test_rollback_takes_the_label_away_and_says_so(desk_with_github: Desk) -> None:
    merged(desk_with_github, 7)
    deploy(desk_with_github)

    assert desk_with_github.run(*JSON, "rollback", "--environment-id", "stage").code == 0

    github = desk_with_github.world.github
    assert github.labels == {7: set()}
    (text,) = github.comments[7]
    assert text.startswith("No longer runs in **stage** since ")


@pytest.mark.parametrize(
    ("settings", "requests"),
    [
        ("{deployments: true}", {"create_deployment", "report"}),
        ("{labels: true}", {"pull_requests", "add_label"}),
        ("{comments: true}", {"pull_requests", "comment", "write_comment"}),
    ],
)
def test_only_what_is_wanted_is_requested(desk_with_github: Desk, settings: str, requests: set[str]) -> None:
    use_github(settings)
    merged(desk_with_github, 7)

    deploy(desk_with_github)

    assert set(desk_with_github.world.github.requests) == requests


def test_plan_requests_nothing(desk_with_github: Desk) -> None:
    desk_with_github.run("--dry-run", *JSON, "release-deploy", "--environment-id", "stage")

    assert desk_with_github.world.github.requests == []


def test_refused_request_is_one_warning_and_leaves_the_others_alone(desk_with_github: Desk) -> None:
    github = desk_with_github.world.github
    github.refuses["add_label"] = GitHubError("GitHub answered 422 to POST …", lasting=False)
    merged(desk_with_github, 7)
    merged(desk_with_github, 8, "items")

    ran = deploy(desk_with_github)

    assert (ran.code, ran.err.count("warning")) == (0, 1)
    assert "warning: GitHub did not get 1 event of this run: GitHub answered 422 to POST …" in ran.err
    assert set(github.comments) == {7, 8}


def test_after_a_rate_limit_nothing_more_is_requested(desk_with_github: Desk) -> None:
    github = desk_with_github.world.github
    github.refuses["add_label"] = GitHubError("GitHub answered 403 to POST …", lasting=True)
    merged(desk_with_github, 7)
    merged(desk_with_github, 8, "items")

    assert deploy(desk_with_github).code == 0

    assert github.requests.count("add_label") == 1
    assert "write_comment" not in github.requests


def test_comment_that_could_not_be_looked_up_is_not_repeated(desk_with_github: Desk) -> None:
    github = desk_with_github.world.github
    github.comments[7] = ["there already <!-- weco-deploy stage -->"]
    github.refuses["comment"] = GitHubError("GitHub answered 422 to GET …", lasting=False)
    merged(desk_with_github, 7)

    ran = deploy(desk_with_github)

    assert len(github.comments[7]) == 1
    assert "warning: GitHub did not get 1 event of this run: GitHub answered 422 to GET …" in ran.err


def test_missing_token_is_a_warning(desk_with_github: Desk) -> None:
    desk_with_github.world.github.missing = "there is no token: set GITHUB_TOKEN"

    ran = deploy(desk_with_github)

    assert ran.code == 0
    assert ran.err.count("warning") == 1
    assert "there is no token: set GITHUB_TOKEN" in ran.err


@pytest.mark.parametrize("trouble", ["500", "hangs"])
def test_github_in_trouble_changes_neither_verdict_nor_calls(
    desk_with_github: Desk, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def calls() -> list[str]:
        merged(desk_with_github, 7)
        before = len(world.calls)
        ran = deploy(desk_with_github)
        assert (ran.code, ran.json["deployment"]["status"]) == (0, "succeeded")
        names = [call.name for call in world.calls[before:]]
        return sorted(name for name in names if not name.startswith("history."))

    world = desk_with_github.world
    calls()
    usual = calls()
    monkeypatch.setattr(EventDispatcher.close, "__defaults__", (0.05 if trouble == "hangs" else 60.0,))
    with github_server() as server:
        server.hangs = trouble == "hangs"
        server.refuses = {"/repos/": 500}
        ports = world.ports

        def with_githubkit(*arguments: Any, **named: Any) -> Ports:
            made = ports(*arguments, **named)
            return replace(made, github=lambda: github_repository(server.environ, None))

        monkeypatch.setattr(world, "ports", with_githubkit)

        assert calls() == usual


def test_deployment_that_was_cut_off_is_closed_at_github_by_confirm_deploy(desk_with_github: Desk) -> None:
    merged(desk_with_github, 7)
    left = killed(desk_with_github.world, "runtime.redeploy")
    desk_with_github.world.pass_time(LEASE_AND_GRACE)

    assert desk_with_github.run(*JSON, "confirm-deploy", "--environment-id", "stage").code == 0

    github = desk_with_github.world.github
    assert [(it.deployment_id, it.states) for it in github.deployments] == [(left.deployment_id, ["success"])]
    assert github.labels == {7: {LABEL}}


def test_command_brings_github_up_to_date_with_the_last_deployment(desk_with_github: Desk) -> None:
    github = desk_with_github.world.github
    github.missing = "there is no token: set GITHUB_TOKEN"
    merged(desk_with_github, 7)
    deployed = deploy(desk_with_github).json["deployment"]
    github.missing = ""

    for _ in range(2):
        ran = desk_with_github.run(*JSON, "github", "--environment-id", "stage")

        assert ran.code == 0
        assert ran.json == {
            "github": {
                "environment": "stage",
                "deployment_id": deployed["deployment_id"],
                "written": True,
                "problem": None,
            }
        }
    assert len(github.deployments) == 1
    assert github.deployments[0].states == ["success", "success"]
    assert github.labels == {7: {LABEL}}
    assert len(github.comments[7]) == 1


def test_command_says_what_failed(desk_with_github: Desk) -> None:
    deploy(desk_with_github)
    desk_with_github.world.github.missing = "there is no token: set GITHUB_TOKEN"

    ran = desk_with_github.run("--confirm", "github", "--environment-id", "stage")

    assert ran.code == 1
    assert "GitHub is not up to date: there is no token: set GITHUB_TOKEN" in ran.out


def test_dry_run_of_the_command_requests_nothing(desk_with_github: Desk) -> None:
    ran = desk_with_github.run("--dry-run", "--confirm", "github", "--environment-id", "stage")

    assert ran.code == 0
    assert desk_with_github.world.github.requests == []


def test_command_without_settings_or_deployment_is_refused(desk: Desk) -> None:
    assert desk.run(*JSON, "github", "--environment-id", "stage").code == 2
    use_github()
    assert desk.run(*JSON, "github", "--environment-id", "stage").error["code"] == "not_found"


def test_doctor_checks_token_and_repository_without_a_request(desk: Desk) -> None:
    use_github()
    github = desk.world.github

    def check() -> Any:
        found = desk.run("--output", "json", "doctor").json["checks"]
        return next(it for it in found if it["id"] == "github")

    assert check()["result"] == "ok"
    github.missing = "there is no token: set GITHUB_TOKEN"
    assert (check()["result"], check()["found"]) == ("warn", github.missing)
    assert github.requests == []


def test_failed_lookup_leaves_the_status_of_an_earlier_deployment_alone(desk_with_github: Desk) -> None:
    github = desk_with_github.world.github
    merged(desk_with_github, 7)
    deploy(desk_with_github)
    github.refuses["pull_requests"] = GitHubError("GitHub answered 422 to GET …", lasting=False)

    ran = desk_with_github.run(*JSON, "github", "--environment-id", "stage")

    assert ran.json["github"]["problem"] == "GitHub answered 422 to GET …"
    assert github.deployments[0].states == ["in_progress", "success", "success"]
