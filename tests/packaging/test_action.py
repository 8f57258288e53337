"""The GitHub Action: its inputs are the tool's options, and its last step does what it says."""

from __future__ import annotations

import json
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
from weco_deploy.sandbox.behaviour import parse

NOT_OPTIONS = {"command", "python-version", "working-directory"}
COMMANDS = ("release-deploy", "deploy", "promote", "rollback", "confirm-deploy", "prepare", "plan")
SOON = "0.3"


def options() -> dict[str, set[str]]:
    """Environment variable → the long names of the options that it gives, over all commands of the action."""
    group = click.Context(weco_deploy)
    commands = [weco_deploy, *(weco_deploy.get_command(group, name) for name in COMMANDS)]
    found: dict[str, set[str]] = {}
    for command in commands:
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter.envvar, str):
                names = (name.removeprefix("--") for name in parameter.opts if name.startswith("--"))
                found.setdefault(parameter.envvar, set()).update(names)
    return found


def given_options(action: Action) -> dict[str, str]:
    """Environment variable of the tool → what the last step puts there if it is given."""
    return {
        variable.replace("GIVEN_", "WECO_DEPLOY_"): text
        for variable, text in action.last["env"].items()
        if variable.startswith("GIVEN_")
    }


def test_each_input_gives_the_option_of_its_name() -> None:
    action, known = Action(), options()

    given = given_options(action)
    for variable, text in given.items():
        expression = EXPRESSION.fullmatch(text)
        assert expression is not None
        assert expression["source"].removeprefix("inputs.") in known[variable]
    assert len(given) == len(action.inputs) - len(NOT_OPTIONS)


def test_every_option_of_its_commands_is_an_input() -> None:
    # What the action decides itself, and what only shows or helps a person.
    ours = {
        "WECO_DEPLOY_CONFIRM",
        "WECO_DEPLOY_OUTPUT",
        "WECO_DEPLOY_VERBOSE",
        "WECO_DEPLOY_DETAILED_EXITCODE",
    }

    assert set(options()) - ours == set(given_options(Action()))


def test_its_commands_exist_and_all_of_them_are_named() -> None:
    described = Action().inputs["command"]["description"]

    assert all(name in weco_deploy.list_commands(click.Context(weco_deploy)) for name in COMMANDS)
    assert all(name in described for name in COMMANDS)


def test_no_input_is_put_into_a_script() -> None:
    assert not [step for step in Action().steps if "${{" in step.get("run", "")]


def test_each_output_is_written_by_the_step_that_it_names(provisioned: Provisioned, tmp_path: Path) -> None:
    action = Action()
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)

    ran = action.run(tmp_path, sandbox.environment(), command="plan", environment_id="stage")

    named = {name: each["value"] for name, each in action.content["outputs"].items()}
    assert named == {name: f"${{{{ steps.{action.last['id']}.outputs.{name} }}}}" for name in ran.outputs}


def test_a_deployment_is_told_in_outputs_and_in_the_summary(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    pushed = sandbox.push("web")

    ran = Action().run(
        tmp_path,
        sandbox.environment(),
        environment_id="stage",
        description="From `main` | $(touch harm)",
        confirmation_interval=SOON,
        rollback_on_failure="false",
    )

    assert ran.code == 0, ran.log
    document = json.loads(Path(ran.outputs["document"]).read_text())
    deployment = document["deployment"]
    assert deployment["description"] == "From `main` | $(touch harm)"
    assert (ran.outputs["exit-code"], ran.outputs["status"]) == ("0", "succeeded")
    assert ran.outputs["release-id"] == deployment["release_id"]
    assert ran.outputs["deployment-id"] == deployment["deployment_id"]
    assert "weco-deploy: done" in ran.summary
    assert pushed.ref in ran.summary
    assert "| web-api | succeeded |" in ran.summary
    assert not (tmp_path / "harm").exists()


def test_a_failure_fails_the_step_and_is_explained(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    sandbox.push("web", parse("crash=3,lines=no <b>index</b>"))

    ran = Action().run(
        tmp_path,
        sandbox.environment(),
        environment_id="stage",
        confirmation_interval=SOON,
        rollback_on_failure="true",
    )

    assert (ran.code, ran.outputs["exit-code"], ran.outputs["status"]) == (1, "1", "rolled_back")
    assert "exit code 3" in ran.summary
    assert "    no <b>index</b>" in ran.summary.splitlines()
    assert "#### Rolled back" in ran.summary


def test_an_error_before_any_deployment_is_told_too(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)

    ran = Action().run(tmp_path, provisioned(WEB).environment(), command="rollback")

    assert (ran.code, ran.outputs["status"], ran.outputs["deployment-id"]) == (2, "usage", "")
    assert "--environment-id" in ran.summary


def test_what_the_job_says_counts_where_no_input_does(provisioned: Provisioned, tmp_path: Path) -> None:
    write_project_file(WEB, tmp_path)
    job = {"WECO_DEPLOY_DRY_RUN": "true", "WECO_DEPLOY_ENVIRONMENT_ID": "prod"}

    ran = Action().run(tmp_path, {**provisioned(WEB).environment(), **job}, environment_id="stage")

    assert ran.code == 0, ran.log
    document = json.loads(Path(ran.outputs["document"]).read_text())
    assert document["plan"]["environment"] == "stage"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_cancelled_is_settled_and_told(
    provisioned: Provisioned, tmp_path: Path, number: signal.Signals
) -> None:
    write_project_file(WEB, tmp_path)
    sandbox = provisioned(WEB)
    sandbox.push("web", parse("slow=600"))
    running = Action().begin(
        tmp_path, sandbox.environment(), environment_id="stage", confirmation_interval=SOON
    )
    eventually(lambda: "new running" in running.log)

    running.process.send_signal(number)  # to the shell alone, as GitHub's runner does

    ran = running.ended()
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["status"]) == (130, "130", "interrupted"), ran.log
    assert "weco-deploy: interrupted" in ran.summary
