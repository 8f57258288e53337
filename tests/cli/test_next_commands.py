"""Suggested commands: pasted into a shell, they do the same again for the same project."""

import ast
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import weco_deploy
from tests.cli.desk import PROJECT_FILE, Desk, Ran
from tests.world.behaviour import crash, slow
from weco_deploy.cli import prompts
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.main import WecoDeploy
from weco_deploy.cli.project_context import ProjectContext
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations import deploy as operations

TWO_PROJECTS = PROJECT_FILE + PROJECT_FILE.replace("shop:", "bakery:").replace(
    "id: search", "id: oven"
).replace("id: items", "id: bread")
UNUSUAL = (
    *("--description", "Sam's; rm -rf ~"),
    *("--confirmation-wait-for", "900"),
    *("--confirmation-interval", "2.5"),
    *("--wait-for-lock", "60"),
    *("--lock-lease", "300"),
    *("--override-gate", "the site is down, $USER"),
    "--allow-missing",
    "--force-redeploy",
)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[DeployRequest]:
    """The requests with which the operation was called."""
    requests: list[DeployRequest] = []
    real: Callable[..., Deployment] = operations.deploy

    def noted(request: DeployRequest, *rest: Any) -> Deployment:
        requests.append(request)
        return real(request, *rest)

    monkeypatch.setattr(operations, "deploy", noted)
    return requests


def suggested(ran_json: Any, word: str) -> list[str]:
    """The arguments of the suggested command that contains `word`."""
    (line,) = [
        step["command"] for step in ran_json["deployment"]["next"] if word in shlex.split(step["command"])
    ]
    program, *words = shlex.split(line)
    assert program == "weco-deploy"
    return words


def retry(desk: Desk, arguments: tuple[str, ...], word: str) -> None:
    ran = desk.run("--confirm", "--output", "json", *arguments)
    assert ran.code == 1
    desk.world.pass_time(60)
    desk.run("--confirm", "--output", "json", *suggested(ran.json, word))


def without_release(request: DeployRequest) -> DeployRequest:
    """The request without the fields that differ if the command makes a new release."""
    return replace(request, release=replace(request.release, deployments=()), new_release=False)


@pytest.mark.parametrize("extra", [(), ("--rollback-on-failure",)], ids=["left", "rolled back"])
def test_suggested_retry_makes_the_same_request(
    desk: Desk, requests: list[DeployRequest], extra: tuple[str, ...]
) -> None:
    desk.run("--confirm", "release-deploy")
    desk.world.pass_time(60)
    desk.world.push("search", crash())

    retry(desk, ("release-deploy", *UNUSUAL, *extra), "deploy")

    _, first, second = requests
    assert without_release(first) == without_release(second)
    assert first.rollback_on_failure is (True if extra else None)


def test_suggested_retry_of_a_rollback_makes_the_same_request(
    desk: Desk, requests: list[DeployRequest]
) -> None:
    desk.world.push("search", crash())
    bad = desk.run("--output", "json", "prepare").json["release"]["release_id"]
    desk.world.push("search")
    desk.run("--confirm", "release-deploy")
    desk.world.pass_time(60)

    to = ("rollback", "--environment-id", "stage", "--to-release", bad, *UNUSUAL)
    retry(desk, to, "rollback")

    _, first, second = requests
    assert without_release(first) == without_release(second)


def test_suggested_command_names_the_project_from_the_environment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".wellcome_project").write_text(TWO_PROJECTS)
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_ID", "shop")
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "--output", "json", "release-deploy")

    assert suggested(ran.json, "confirm-deploy")[:2] == ["--project-id", "shop"]


FROM_VARIABLES = {
    "WECO_DEPLOY_PROJECT_ID": "shop",
    "WECO_DEPLOY_CONFIRMATION_WAIT_FOR": "900",
    "WECO_DEPLOY_BOARD": "site",
    "WECO_DEPLOY_FORCE_REDEPLOY": "1",
}


def fail_with_variables(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Ran:
    Path(".wellcome_project").write_text(TWO_PROJECTS)
    for name, value in FROM_VARIABLES.items():
        monkeypatch.setenv(name, value)
    desk.world.push("search", crash())
    ran = desk.run("--confirm", "release-deploy", "--wait-for-lock", "60")
    assert ran.code == 1
    return ran


def deploys_again(ran: Ran) -> str:
    (line,) = [
        line for line in ran.out.splitlines() if "weco-deploy" in line and " deploy --release-id" in line
    ]
    return line


def test_suggested_command_at_a_terminal_leaves_out_what_variables_set_except_how_it_deploys(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    line = deploys_again(fail_with_variables(desk, monkeypatch))

    assert line.strip().startswith("weco-deploy deploy --release-id")
    assert line.endswith("--wait-for-lock 60 --force-redeploy")


@pytest.mark.parametrize("ci", ["", "true"], ids=["file", "terminal of a build"])
def test_suggested_command_in_a_log_repeats_what_variables_set(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: bool(ci))

    line = deploys_again(fail_with_variables(desk, monkeypatch))

    assert line.strip().startswith("weco-deploy --project-id shop deploy --release-id")
    assert line.endswith("--confirmation-wait-for 900 --wait-for-lock 60 --board site --force-redeploy")


def test_error_at_a_terminal_leaves_out_the_project_that_a_variable_names(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".wellcome_project").write_text(TWO_PROJECTS)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_ID", "shop")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert "make one with: weco-deploy prepare" in desk.run("show-release").err
    assert (
        "make one with: weco-deploy --project-id shop prepare" in desk.run("-i", "shop", "show-release").err
    )


def test_suggested_command_names_the_project_that_the_user_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".wellcome_project").write_text(TWO_PROJECTS)
    monkeypatch.setattr(prompts, "may_ask", lambda _: True)
    monkeypatch.setattr(prompts, "value", lambda *_, **__: "bakery")
    invocation = Invocation(Signals(print), Settings(role_arn="arn:aws:iam::123456789012:role/deployer"))

    opened = ProjectContext(invocation, "deploy")

    words = ("--project-id", "bakery", "--role-arn", "arn:aws:iam::123456789012:role/deployer")
    assert opened.options == invocation.settings.project_options == words


def test_suggested_command_does_not_name_the_only_project(desk: Desk) -> None:
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "--output", "json", "release-deploy")

    assert suggested(ran.json, "confirm-deploy")[0] == "confirm-deploy"


def test_document_of_a_failure_has_links_and_commands(desk: Desk) -> None:
    desk.world.push("search", crash())

    deployment = desk.run("--confirm", "--output", "json", "release-deploy").json["deployment"]

    (failed,) = [service for service in deployment["services"] if service["status"] == "failed"]
    assert failed["console_url"] is None or failed["links"]["service"] == failed["console_url"]
    assert [set(step) for step in deployment["next"]] == [{"when", "command"}] * len(deployment["next"])
    assert deployment["next"]


def test_internal_error_suggests_confirm_deploy(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.fail("store.note", ZeroDivisionError())

    ran = desk.run("--confirm", "-i", "shop", "release-deploy")

    assert ran.err.endswith(
        "\nwatch it: weco-deploy --project-id shop confirm-deploy --environment-id stage\n"
    )


def test_internal_error_suggests_confirm_deploy_in_json(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.fail("store.note", ZeroDivisionError())

    ran = desk.run("--confirm", "--output", "json", "-i", "shop", "release-deploy")

    assert suggested(ran.json, "confirm-deploy") == [
        *("--project-id", "shop"),
        *("confirm-deploy", "--environment-id", "stage"),
    ]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("show-release",), "make one with: weco-deploy --project-id shop prepare"),
        (
            ("rollback", "--environment-id", "prod"),
            "look with: weco-deploy --project-id shop show-deployments --environment-id prod; name one with --to-release",
        ),
        (
            ("publish", "--image-id", "search", "--label", "env.prod"),
            "publish under another label, and deploy that: "
            "weco-deploy --project-id shop release-deploy --from-label LABEL",
        ),
    ],
)
def test_hint_of_an_error_names_the_project(desk: Desk, arguments: tuple[str, ...], hint: str) -> None:
    Path(".wellcome_project").write_text(TWO_PROJECTS)

    text = desk.run("-i", "shop", *arguments)
    document = desk.run("-i", "shop", "--output", "json", *arguments)

    assert text.err.endswith(f"; {hint}\n")
    assert document.error["hint"] == hint


def test_suggested_unlock_releases_somebody_elses_lock(desk: Desk) -> None:
    Path(".wellcome_project").write_text(TWO_PROJECTS)
    desk.world.somebody_locks("stage", holder="ada", reason="an audit")

    refused = desk.run("-i", "shop", "--confirm", "--output", "json", "release-deploy")

    line = refused.error["hint"].partition("with: ")[2].partition(" (")[0]
    assert line == "weco-deploy --project-id shop unlock --environment-id stage"
    assert desk.run("--confirm", *shlex.split(line)[1:], "--force").code == 0


def test_recorded_reason_has_no_command_and_the_result_has_it(desk: Desk) -> None:
    desk.run("--confirm", "release-deploy")
    desk.world.pass_time(60)
    desk.world.push("search", crash())

    for _ in range(2):  # the second time, the tag already points at the image that fails
        ran = desk.run("--confirm", "--output", "json", "release-deploy")
        desk.world.pass_time(60)
        assert "weco-deploy" not in ran.json["deployment"]["reason"]
        assert "`rollback` moves it back" in ran.json["deployment"]["reason"]
        assert suggested(ran.json, "rollback")[:3] == ["rollback", "--environment-id", "stage"]


def test_suggested_command_watches_the_rollout_that_goes_on(desk: Desk) -> None:
    desk.world.push("search", slow(300))

    ran = desk.run("--confirm", "--output", "json", "release-deploy", "--confirmation-wait-for", "30")

    assert ran.json["deployment"]["reason"].endswith("`confirm-deploy` tells how that ends")
    assert "weco-deploy" not in ran.json["deployment"]["reason"]
    assert desk.run(*suggested(ran.json, "confirm-deploy")).code == 3


# The commands of the sandbox and `schema` need no project.
NAMED = re.compile(r"weco-deploy (?!sandbox|schema)(" + "|".join(WecoDeploy.modules) + r")\b")
SOURCES = sorted(Path(weco_deploy.__file__).parent.rglob("*.py"))


def texts(tree: ast.AST) -> set[str]:
    """All texts in the code except docstrings."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
    }


def test_no_text_in_the_code_has_a_command_without_the_projects_options() -> None:
    named = {
        f"{path.name}: {text}"
        for path in SOURCES
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if NAMED.search(text)
    }
    assert named == set()


def test_every_suggested_command_exists() -> None:
    named = {
        call.args[0].value
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Command"
        and isinstance(call.args[0], ast.Constant)
    }
    assert named
    assert named <= set(WecoDeploy.modules)
