"""Usage errors and options that are checked before anything is done."""

from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk

TWO_PROJECTS = PROJECT_FILE + PROJECT_FILE.replace("shop:", "bakery:").replace(
    "id: search", "id: oven"
).replace("id: items", "id: bread")
NO_STAGE = PROJECT_FILE.replace("stage", "test")
ONLY_PROD = PROJECT_FILE.replace("    - {id: stage, name: Staging}\n", "")


def project_file(text: str) -> None:
    Path(".wellcome_project").write_text(text)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(["--no-such-option"], "--no-such-option", id="an unknown global option"),
        pytest.param(["no-such-command"], "no-such-command", id="an unknown command"),
        pytest.param([], "a command is missing", id="no command"),
        pytest.param(["sandbox"], "Missing command", id="no command of the sandbox"),
        pytest.param(["--output", "xml", "show-releases"], "--output", id="an unknown output"),
        pytest.param(["deploy", "--nonsense"], "--nonsense", id="an unknown option"),
        pytest.param(["deploy", "--confirmation-wait-for", "nan"], "--confirmation-wait-for", id="no number"),
        pytest.param(["deploy", "--confirmation-interval", "0"], "--confirmation-interval", id="no interval"),
        pytest.param(["deploy", "--lock-lease", "0"], "--lock-lease", id="no lease"),
        pytest.param(["show-releases", "--limit", "0"], "--limit", id="no releases"),
        pytest.param(["update", "--image-ids", ","], "--image-ids", id="no images"),
        pytest.param(["update"], "--image-ids", id="images, which have no default"),
        pytest.param(["promote", "--to", "prod"], "--from", id="where from, unseen"),
        pytest.param(["-y", "promote", "--from", "stage"], "--to is missing", id="where to, unseen"),
        pytest.param(["promote", "--from", "prod", "--to", "prod"], "both prod", id="promotion to itself"),
        pytest.param(["-y", "rollback"], "--environment-id", id="what to roll back"),
        pytest.param(["deploy", "--override-gate", ""], "--override-gate", id="no reason"),
        pytest.param(["promote", "--override-gate", " "], "--override-gate", id="a reason of blanks"),
        pytest.param(["deploy", "--release-id", ""], "--release-id", id="a release without a name"),
        pytest.param(["-y", "rollback", "--to-release", ""], "--to-release", id="back to nothing"),
        pytest.param(["prepare", "--from-label", ""], "--from-label", id="a label without a name"),
        pytest.param(
            ["deploy", "--environment-id", ""], "--environment-id", id="an environment without a name"
        ),
        pytest.param(["promote", "--from", "", "--to", "prod"], "--from", id="from nowhere"),
        pytest.param(["show-release", ""], "RELEASE", id="an argument that is empty"),
        pytest.param(["deploy", "\udcff"], "UTF-8", id="bytes that are no text"),
        pytest.param(
            ["-f", "elsewhere.yml", "show-releases"], "elsewhere.yml", id="a file that is not there"
        ),
        pytest.param(["-i", "bakery", "show-releases"], "bakery", id="a project that is not there"),
        pytest.param(["promote"], "--from and --to are missing", id="both environments of a promotion"),
        pytest.param(
            ["deploy", "--output", "text"],
            "weco-deploy --output … deploy",
            id="a global option after the command",
        ),
        pytest.param(["sandbox", "push"], "IMAGE_ID", id="a missing argument"),
    ],
)
def test_bad_usage_is_exit_code_2_without_a_call_to_aws(desk: Desk, arguments: list[str], names: str) -> None:
    ran = desk.run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert names in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err
    assert desk.world.calls == []


def test_project_with_one_environment_has_nothing_to_promote(desk: Desk) -> None:
    project_file(ONLY_PROD)

    ran = desk.run("promote")

    assert ran.code == 2
    assert "project shop has only the environment prod: there is nothing to promote" in ran.err


@pytest.mark.parametrize("place", ["before the command", "after it", "in the environment"])
def test_bad_usage_is_a_json_document_with_output_json(
    desk: Desk, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["deploy", "--nonsense"]
    if place == "before the command":
        arguments = ["--output=json", *arguments]
    elif place == "after it":
        arguments = [*arguments, "--output", "json"]
    else:
        monkeypatch.setenv("WECO_DEPLOY_OUTPUT", "json")

    ran = desk.run(*arguments)

    assert ran.code == 2
    assert ran.error["code"] == "usage"
    assert "--nonsense" in ran.error["message"]
    assert ran.error["hint"] == "see weco-deploy deploy --help"


def test_error_is_a_line_with_a_hint(desk: Desk) -> None:
    ran = desk.run("show-release")

    assert ran.code == 1
    assert ran.err == ("error: project shop has no release yet; make one with: weco-deploy prepare\n")


def test_help_is_shown_without_a_command(desk: Desk) -> None:
    ran = desk.run()

    assert "Usage: weco-deploy" in ran.err
    assert "release-deploy" in ran.err


def test_project_file_is_found_upwards(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    below = Path("src/deep")
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert desk.run("show-releases").code == 0


def test_missing_project_file_is_exit_code_2(desk: Desk) -> None:
    Path(".wellcome_project").unlink()

    ran = desk.run("--output", "json", "show-releases")

    assert ran.code == 2
    assert ran.error["code"] == "project_file"


def test_invalid_project_file_is_reported_with_a_line_for_each_problem(desk: Desk) -> None:
    project_file("shop:\n  environments: [{id: 'a b'}, {id: 'c d'}]\n")

    ran = desk.run("show-releases")

    assert ran.code == 2
    assert ran.err.startswith("error: the project file ")
    assert sum(line.startswith("  line ") for line in ran.err.splitlines()) >= 2


def test_project_file_warnings_are_written_once_to_stderr(desk: Desk) -> None:
    project_file(PROJECT_FILE.replace("name: Shop", "nmae: Shop"))

    ran = desk.run("--output", "json", "show-releases")

    assert ran.json == {"releases": []}
    assert ran.err.count("warning: ") == 1
    assert "nmae" in ran.err


def test_only_project_needs_no_id(desk: Desk) -> None:
    desk.run("show-releases")

    assert [connection.project.id for connection in desk.connections] == ["shop"]


def test_project_id_is_needed_without_a_terminal_if_there_are_several(desk: Desk) -> None:
    project_file(TWO_PROJECTS)

    ran = desk.run("show-releases")

    assert ran.code == 2
    assert "--project-id" in ran.err
    assert desk.run("-i", "bakery", "show-releases").code == 0
    assert desk.connections[-1].project.id == "bakery"


def test_region_and_role_options_replace_those_of_the_project_but_not_of_an_environment(desk: Desk) -> None:
    own = "arn:aws:iam::123456789012:role/prod"
    project_file(
        PROJECT_FILE.replace("{id: prod,", f"{{id: prod, role_arn: '{own}', region_name: us-east-1,")
    )
    role = "arn:aws:iam::210987654321:role/mine"

    desk.run("--region-name", "eu-west-2", "--role-arn", role, "show-releases")

    project = desk.connections[0].project
    assert (project.region_name, project.role_arn) == ("eu-west-2", role)
    prod = project.environment("prod")
    assert (prod.region_name, prod.role_arn) == ("us-east-1", own)


def test_option_may_come_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECO_DEPLOY_ENVIRONMENT_ID", "nowhere")

    ran = desk.run("show-deployments")

    assert ran.code == 1
    assert "nowhere" in ran.err


def test_option_on_the_command_line_overrides_the_environment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WECO_DEPLOY_ENVIRONMENT_ID", "nowhere")

    assert desk.run("show-deployments", "--environment-id", "prod").code == 0


@pytest.mark.parametrize("command", ["deploy", "plan"])
def test_environment_that_is_not_there_is_refused_without_a_call_to_aws(desk: Desk, command: str) -> None:
    ran = desk.run("--confirm", command, "--environment-id", "prdo")

    assert ran.code == 1
    assert "prdo" in ran.err
    assert desk.world.calls == []


def test_only_environment_of_a_project_is_the_default(desk: Desk) -> None:
    project_file(ONLY_PROD)
    desk.run("prepare")

    assert "to prod" in desk.run("plan").out


@pytest.mark.parametrize("command", ["rollback", "lock", "unlock"])
def test_only_environment_is_no_default_where_there_is_none(desk: Desk, command: str) -> None:
    project_file(ONLY_PROD)

    assert desk.run("--confirm", command).code == 2


@pytest.mark.parametrize("command", ["deploy", "release-deploy", "plan", "confirm-deploy"])
def test_environment_id_is_needed_if_the_project_has_no_stage(desk: Desk, command: str) -> None:
    project_file(NO_STAGE)

    ran = desk.run("--confirm", command)

    assert ran.code == 2
    assert "--environment-id" in ran.err
    assert "test, prod" in ran.err
    assert desk.connections == []


def test_unknown_environment_is_not_found_before_any_call_to_aws(desk: Desk) -> None:
    ran = desk.run("--output", "json", "--confirm", "deploy", "--environment-id", "nowhere")

    assert ran.code == 1
    assert ran.error["code"] == "not_found"
    assert desk.connections == []


def test_unknown_image_is_not_found_before_any_call_to_aws(desk: Desk) -> None:
    ran = desk.run("--output", "json", "update", "--service-ids", "items,sarch")

    assert ran.code == 1
    assert "sarch" in ran.error["message"]
    assert desk.connections == []


def test_verbose_traces_the_calls(desk: Desk) -> None:
    desk.run("--verbose", "show-releases")
    desk.run("show-releases")

    assert [connection.traced for connection in desk.connections] == [True, False]


def test_command_names_its_purpose_for_cloudtrail(desk: Desk) -> None:
    desk.run("show-releases")

    assert desk.connections[0].purpose == "show-releases shop"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("show-images", "--label", ""), "--label"),
        (("show-images", "--label", "a b"), "'a b' is not a tag"),
        (("prepare", "--from-label", "x" * 129), "is not a tag"),
        (("--role-arn", "foo", "show-releases"), "--role-arn 'foo': expected the ARN of a role"),
        (("--region-name", "eu west", "show-releases"), "--region-name 'eu west': expected a region"),
    ],
)
def test_value_that_aws_would_refuse_is_bad_usage_before_any_call(
    desk: Desk, arguments: tuple[str, ...], expected: str
) -> None:
    ran = desk.run("--confirm", "--output", "json", *arguments)

    assert ran.code == 2
    assert ran.error["code"] == "usage"
    assert expected in ran.error["message"]
    assert desk.connections == []
