"""`doctor`, from arguments to text, documents and exit codes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import PERSON, PROJECT_FILE, Desk
from weco_deploy.errors import AccessDenied, NoCredentials
from weco_deploy.model.checks import Check, Result
from weco_deploy.report.checks_text import checks_text
from weco_deploy.report.screen import Screen

DOCS = Path(__file__).parents[2] / "docs" / "doctor.md"
BROKEN = """
shop:
  environments: [{id: stage}, {id: stage}]
  image_repositories: [{id: search}, {id: search}]
"""


def results(desk: Desk, check_id: str, *arguments: str) -> list[Any]:
    checks = desk.run("--output", "json", "doctor", *arguments).json["checks"]
    return [check for check in checks if check["id"] == check_id]


def result(desk: Desk, check_id: str) -> str:
    (check,) = results(desk, check_id)
    return str(check["result"])


def test_offline_checks_only_the_file_without_aws(desk: Desk) -> None:
    ran = desk.run("doctor", "--offline")

    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"OK    file: {Path('.wellcome_project').absolute()}: project shop (2 environments, 2 images, 2 services)",
        "",
        "1 OK",
    ]
    assert desk.connections == []


def test_each_problem_of_the_file_is_a_failure(desk: Desk) -> None:
    Path(".wellcome_project").write_text(BROKEN)

    for arguments in (("--offline",), ()):
        ran = desk.run("--output", "json", "doctor", *arguments)
        assert ran.code == 1
        assert ran.err == ""
        assert {(check["id"], check["result"]) for check in ran.json["checks"]} == {("file", "fail")}
        assert [check["found"].split(",")[0] for check in ran.json["checks"]] == ["line 3", "line 4"]
        assert all(check["remedy"] for check in ran.json["checks"])
    assert desk.connections == []


def test_missing_file_is_a_failure_that_says_where_it_was_searched(desk: Desk) -> None:
    Path(".wellcome_project").unlink()

    ran = desk.run("doctor", "--offline")

    assert ran.code == 1
    assert ran.out.startswith("FAIL  file: there is no .wellcome_project in ")


def test_key_that_has_no_effect_is_a_warning(desk: Desk) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}  regoin_name: eu-west-1\n")

    ran = desk.run("doctor", "--offline")

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith("WARN  file: ")
    assert "regoin_name" in ran.out


def test_offline_takes_no_environment(desk: Desk) -> None:
    ran = desk.run("doctor", "--offline", "--environment-id", "stage")

    assert ran.code == 2
    assert "--offline checks only the project file" in ran.err


def test_unknown_environment_is_an_error(desk: Desk) -> None:
    assert desk.run("--output", "json", "doctor", "--environment-id", "qa").error["code"] == "not_found"


def test_credentials_that_aws_refuses_are_a_failure_and_hide_nothing(desk: Desk) -> None:
    assert results(desk, "credentials")[0] == {
        "id": "credentials",
        "result": "ok",
        "found": PERSON,
        "remedy": None,
    }
    expired = NoCredentials("sts:GetCallerIdentity", "the token has expired", "sign in again")
    desk.world.fail("caller", expired)
    desk.world.fail("setup.identity", expired)

    ran = desk.run("--output", "json", "doctor")

    assert ran.code == 1
    found = {check["id"]: (check["result"], check["remedy"]) for check in ran.json["checks"]}
    assert found["credentials"] == ("fail", "sign in again")
    skipped = {check["found"] for check in ran.json["checks"] if check["result"] == "skip"}
    assert skipped == {"not checked: without access to the account"}
    assert found["git"][0] == found["file"][0] == "ok"


def test_role_that_cannot_be_assumed_is_a_failure(desk: Desk) -> None:
    role = "arn:aws:iam::444455556666:role/prod"
    assert result(desk, "role") == "ok"
    Path(".wellcome_project").write_text(
        PROJECT_FILE.replace("name: Production}", f"name: Production, role_arn: '{role}'}}")
    )
    assert [check["found"] for check in results(desk, "role")] == [f"{role} can be used"]
    denied = AccessDenied("sts:AssumeRole", "not allowed: the IAM permission sts:AssumeRole is missing")
    desk.world.fail("setup.identity", denied, about=role)

    (check,) = results(desk, "role")

    assert check["result"] == "fail"
    assert "sts:AssumeRole is missing" in check["found"]
    assert check["remedy"] == "weco-deploy iam-policy"
    assert results(desk, "role", "--environment-id", "stage")[0]["result"] == "ok"


@pytest.mark.parametrize(("account", "expected"), [("111122223333", "ok"), ("999988887777", "fail")])
def test_account_of_the_credentials_is_compared_with_the_file(
    desk: Desk, account: str, expected: str
) -> None:
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}  account_id: '{account}'\n")

    (check,) = results(desk, "account")

    assert check["result"] == expected
    assert "111122223333" in check["found"]


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(seconds=-20), "ok"),
        (timedelta(seconds=60), "warn"),
        (timedelta(seconds=-200), "fail"),
        (None, "skip"),
    ],
)
def test_clock_of_this_machine_is_compared_with_that_of_aws(
    desk: Desk, ahead: timedelta | None, expected: str
) -> None:
    desk.world.setup.ahead = ahead

    assert result(desk, "clock") == expected


def test_shallow_clone_and_missing_repository_are_warnings(desk: Desk) -> None:
    assert result(desk, "git") == "ok"
    desk.world.git.depth = 1
    (shallow,) = results(desk, "git")
    assert "need the whole history" in shallow["found"]
    assert shallow["remedy"] == "git fetch --unshallow"
    desk.world.git.exists = False
    assert result(desk, "git") == "warn"


def test_text_fits_a_narrow_terminal_except_for_commands_to_paste() -> None:
    words = "weco-deploy", "iam-policy", "--read-only"
    checks = [
        Check("lifecycle", Result.WARN, "word " * 40, "advice " * 20, words),
        Check("clock", Result.OK, "right"),
    ]
    text = checks_text(checks, Screen(width=80, terminal=True), ("--project-id", "shop"))
    plain = checks_text(checks, Screen(), ("--project-id", "shop"))

    lines = plain.splitlines()
    assert lines[0].startswith("WARN  lifecycle: word word")
    assert lines[2:] == [
        "      weco-deploy --project-id shop iam-policy --read-only",
        "OK    clock: right",
        "",
        "1 OK, 1 WARN",
    ]
    assert max(map(len, text.replace("\x1b[33m", "").replace("\x1b[0m", "").splitlines())) <= 80


def test_documentation_has_each_check_in_the_order_of_the_output(desk: Desk) -> None:
    before = "[{id: migrate, task_definition: migrate, container: app, command: [migrate], like: search-api}]"
    checks = "[{id: smoke, run: [./smoke-test]}]"
    text = PROJECT_FILE.replace("name: Staging", f"name: Staging, before: {before}, checks: {checks}")
    Path(".wellcome_project").write_text(
        f"{text}  notify: [{{url_from: env:SLACK}}]\n  github: {{labels: true}}\n"
    )
    found = desk.run("--output", "json", "doctor").json["checks"]

    documented = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", DOCS.read_text(), re.MULTILINE)
    named = [name for row in documented for name in re.findall(r"`([a-z_]+)`", row)]
    assert named == list(dict.fromkeys(check["id"] for check in found))
