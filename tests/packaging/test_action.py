"""The GitHub Action: its inputs are the tool's options, and its last step runs the tool and reports the result."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import click
import pytest

from tests.packaging.action_file import EXPRESSION, Action
from tests.proxy.tool import write_project_file
from tests.sandbox.projects import WEB
from tests.sandbox.rollouts import eventually
from tests.sandboxes import Provisioned
from weco_deploy.cli.main import weco_deploy

NOT_OPTIONS = {"command", "python-version", "extras", "working-directory"}
COMMANDS = (
    "release-deploy",
    "deploy",
    "promote",
    "rollback",
    "confirm-deploy",
    "prepare",
    "update",
    "plan",
)
SHORT_INTERVAL = "0.3"


def options() -> dict[str, set[str]]:
    """Environment variable → the long names of its options, in all commands of the action."""
    group = click.Context(weco_deploy)
    commands = [weco_deploy, *(weco_deploy.get_command(group, name) for name in COMMANDS)]
    found: dict[str, set[str]] = {}
    for command in commands:
        assert command is not None
        for parameter in command.params:
            variables = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
            for variable in variables[:1]:  # others are of names from 5.x
                names = (name.removeprefix("--") for name in parameter.opts if name.startswith("--"))
                found.setdefault(variable, set()).update(names)
    return found


def given_options(action: Action) -> dict[str, str]:
    """Environment variable of the tool → the value that the last step sets."""
    return {
        variable.replace("GIVEN_", "WECO_DEPLOY_"): text
        for variable, text in action.last_step["env"].items()
        if variable.startswith("GIVEN_")
    }


def test_each_input_sets_the_option_with_its_name() -> None:
    action, known = Action(), options()

    given = given_options(action)
    for variable, text in given.items():
        expression = EXPRESSION.fullmatch(text)
        assert expression is not None
        assert expression["source"].removeprefix("inputs.") in known[variable]
    assert len(given) == len(action.inputs) - len(NOT_OPTIONS)


def test_every_option_of_the_commands_is_an_input() -> None:
    # The action decides these itself, or they only help a person at a terminal.
    excluded = {
        "WECO_DEPLOY_CONFIRM",
        "WECO_DEPLOY_OUTPUT",
        "WECO_DEPLOY_OUTPUT_FILE",
        "WECO_DEPLOY_VERBOSE",
    }

    assert set(options()) - excluded == set(given_options(Action()))


def test_all_commands_of_the_action_exist_and_are_described() -> None:
    description = Action().inputs["command"]["description"]

    assert all(name in weco_deploy.list_commands(click.Context(weco_deploy)) for name in COMMANDS)
    assert all(name in description for name in COMMANDS)


def test_no_script_contains_an_input() -> None:
    assert not [step for step in Action().steps if "${{" in step.get("run", "")]


def test_each_output_is_written_by_its_step(provisioned: Provisioned, tmp_path: Path) -> None:
    action = Action()
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)

    run = action.run(tmp_path, sandbox.environment(), command="plan", environment_id="stage")

    values = {name: output["value"] for name, output in action.content["outputs"].items()}
    assert values == {
        name: f"${{{{ steps.{action.last_step['id']}.outputs.{name} }}}}" for name in run.outputs
    }


def test_deployment_is_reported_in_outputs_and_summary(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    pushed = sandbox.push("web")

    run = Action().run(
        tmp_path,
        sandbox.environment(),
        environment_id="stage",
        description="From `main` | $(touch harm)",
        confirmation_interval=SHORT_INTERVAL,
        rollback_on_failure="false",
    )

    assert run.code == 0, run.log
    document = json.loads(Path(run.outputs["document"]).read_text())
    deployment = document["deployment"]
    assert deployment["description"] == "From `main` | $(touch harm)"
    assert (run.outputs["exit-code"], run.outputs["status"]) == ("0", "succeeded")
    assert run.outputs["release-id"] == deployment["release_id"]
    assert run.outputs["deployment-id"] == deployment["deployment_id"]
    assert run.summary.startswith("### ✓ Release ")
    assert pushed.ref.removeprefix("ref.")[:7] in run.summary
    assert "| web\\-api | succeeded |" in run.summary
    assert "::group::Deploying release " in run.log
    assert not (tmp_path / "harm").exists()


def test_failed_deployment_fails_the_step_with_an_explanation(
    provisioned: Provisioned, tmp_path: Path
) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    sandbox.push("web", "crash=3,lines=no <b>index</b>")

    run = Action().run(
        tmp_path,
        sandbox.environment(),
        environment_id="stage",
        confirmation_interval=SHORT_INTERVAL,
        rollback_on_failure="true",
    )

    assert (run.code, run.outputs["exit-code"], run.outputs["status"]) == (1, "1", "rolled_back")
    assert "container web: Essential container in task exited" in run.summary
    assert "exit code 3" in run.summary
    assert "    no <b>index</b>" in run.summary.splitlines()
    assert "#### Rollback" in run.summary
    [annotation] = [line for line in run.log.splitlines() if line.startswith("::error ")]
    assert annotation.startswith("::error title=web-api::")
    assert "exit code 3" in annotation


def test_error_before_a_deployment_is_reported(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)

    run = Action().run(tmp_path, provisioned(WEB).environment(), command="rollback")

    assert (run.code, run.outputs["status"], run.outputs["deployment-id"]) == (2, "usage", "")
    assert "--environment-id" in run.summary


def test_variables_of_the_job_apply_without_an_input(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)
    job = {"WECO_DEPLOY_DRY_RUN": "true", "WECO_DEPLOY_ENVIRONMENT_ID": "prod"}

    run = Action().run(tmp_path, {**provisioned(WEB).environment(), **job}, environment_id="stage")

    assert run.code == 0, run.log
    document = json.loads(Path(run.outputs["document"]).read_text())
    assert document["plan"]["environment"] == "stage"


def test_plan_with_changes_does_not_fail_the_step_but_an_error_does(
    provisioned: Provisioned, tmp_path: Path
) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    sandbox.push("web")
    given = {"command": "plan", "detailed_exitcode": "true", "environment_id": "stage"}
    assert Action().run(tmp_path / "prepare", sandbox.environment(), command="prepare").code == 0

    changes = Action().run(tmp_path / "plan", sandbox.environment(), **given)
    error = Action().run(tmp_path / "error", sandbox.environment(), release_id="nothing", **given)

    assert (changes.code, changes.outputs["exit-code"]) == (0, "2"), changes.log
    assert (error.code, error.outputs["exit-code"]) == (5, "5"), error.log


def test_tool_that_prints_something_else_and_dies_is_reported(tmp_path: Path) -> None:
    run = Action("echo not json; kill -9 $$").run(tmp_path, {}, command="plan")

    assert (run.code, run.outputs["exit-code"]) == (137, "137")
    assert run.summary == (
        "### ✗ weco-deploy ended with exit code 137, without a result: the log of the job says why\n"
    )


def test_action_for_python_is_pinned_by_commit() -> None:
    [uses] = [step["uses"] for step in Action().steps if "uses" in step]
    assert re.fullmatch(r"actions/setup-python@[0-9a-f]{40}", uses)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_run_is_settled_and_reported(
    provisioned: Provisioned, tmp_path: Path, number: signal.Signals
) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    sandbox.push("web", "slow=18000")
    running = Action().start(
        tmp_path, sandbox.environment(), environment_id="stage", confirmation_interval=SHORT_INTERVAL
    )
    eventually(lambda: "new running" in running.log)

    running.process.send_signal(number)  # only to the shell, like GitHub's runner

    run = running.wait()
    assert (run.code, run.outputs["exit-code"], run.outputs["status"]) == (130, "130", "interrupted"), run.log
    assert "was interrupted" in run.summary
