"""The exit codes of command lines that end with an error, and the stream of the report."""

import json
import re
from dataclasses import dataclass, field

import pytest

from tests.report.samples import deployment
from weco_deploy import exit_codes
from weco_deploy.cli.main import run
from weco_deploy.errors import (
    AccessDenied,
    AwsError,
    Declined,
    DeployError,
    EnvironmentLocked,
    Interrupted,
    ProjectFileError,
    UsageError,
)
from weco_deploy.model.deployment import DeploymentStatus

DETAILED = "WECO_DEPLOY_DETAILED_EXITCODE"
OUTPUT = "WECO_DEPLOY_OUTPUT"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A command line in a directory without a project file, so that it ends with an error."""

    words: str
    code: int
    json: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = " ".join(
            f"{name.removeprefix('WECO_DEPLOY_')}={value}" for name, value in self.environment.items()
        )
        return f"{settings} {self.words}".strip()


LINES = [
    # Without the flag, every error has its own exit code.
    Line(words="plan", code=2),
    Line(words="plan --bogus", code=2),
    Line(words="plan", environment={DETAILED: "0"}, code=2),
    Line(words="plan", environment={DETAILED: ""}, code=2),
    # With the flag, 2 means changes, so every error is 5, also an error in the arguments.
    Line(words="plan --detailed-exitcode", code=5),
    Line(words="plan --bogus --detailed-exitcode", code=5),
    Line(words="plan --detailed-exitcode=yes", code=5),
    Line(words="plan --detailed-exitcode --confirmation-wait-for", code=5),
    Line(words="plan --detailed-exitcode \udcff", code=5),
    Line(words="plan", environment={DETAILED: "1"}, code=5),
    Line(words="plan --bogus", environment={DETAILED: "true"}, code=5),
    Line(words="plan", environment={DETAILED: "perhaps"}, code=5),
    # The value of another option is not the flag, and neither are arguments after `--`.
    Line(words="plan --description --detailed-exitcode", code=2),
    Line(words="plan -- --detailed-exitcode", code=2),
    # No other command has the flag.
    Line(words="lock --environment-id prod --reason plan", environment={DETAILED: "1"}, code=2),
    Line(words="-i plan deploy", environment={DETAILED: "1"}, code=2),
    Line(words="-i plan deploy --detailed-exitcode", code=2),
    Line(words="show-release plan", environment={DETAILED: "1"}, code=2),
    # The flag before the command is not the command's.
    Line(words="--bogus plan --detailed-exitcode", code=2),
    Line(words="paln --detailed-exitcode", environment={DETAILED: "1"}, code=2),
    Line(words="-i \udcff plan --detailed-exitcode", code=2),
    Line(words="", environment={DETAILED: "1"}, code=2),
    # The output is JSON if --output json is given, even if click can't parse the other arguments.
    Line(words="--output json plan", code=2, json=True),
    Line(words="--output=json plan --bogus --detailed-exitcode", code=5, json=True),
    Line(words="--bogus --output json plan", code=2, json=True),
    Line(words="--output json paln", code=2, json=True),
    Line(words="--output json", code=2, json=True),
    Line(words="plan --output json", code=2, json=True),
    Line(words="plan --bogus --output=json", code=2, json=True),
    Line(words="paln --output json", code=2, json=True),
    Line(words="sandbox --output json", code=2, json=True),
    Line(words="sandbox push --output json", code=2, json=True),
    Line(words="plan", environment={OUTPUT: "json"}, code=2, json=True),
    Line(words="--bogus plan", environment={OUTPUT: "json"}, code=2, json=True),
    Line(words="plan --bogus", environment={OUTPUT: "json"}, code=2, json=True),
    # The command line overrides the environment, and the last option the first.
    Line(words="--output text plan --bogus", environment={OUTPUT: "json"}, code=2),
    Line(words="--output text --bogus plan", environment={OUTPUT: "json"}, code=2),
    Line(words="--bogus --output json --output text", code=2),
    Line(words="--output xml plan", environment={OUTPUT: "json"}, code=2),
    # The value of another option is not --output.
    Line(words="lock --environment-id prod --reason --output=json", code=2),
    Line(words="plan -- --output json", code=2),
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=str)
def test_error_has_the_exit_code_and_stream_of_its_command_line(
    line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in line.environment.items():
        monkeypatch.setenv(name, value)

    code = run(line.words.split())

    out, err = capsys.readouterr()
    assert code == line.code
    assert err.splitlines()[-1].startswith("error: ")
    if line.json:
        assert set(json.loads(out)) == {"error"}
    else:
        assert out == ""


@pytest.mark.parametrize("asked", [None, 5])
@pytest.mark.parametrize(
    ("error", "own"),
    [
        (AwsError("ecs:UpdateService", "no"), 1),
        (AccessDenied("ecs:UpdateService", "no"), 1),
        (UsageError("no"), 2),
        (ProjectFileError("no"), 2),
        (EnvironmentLocked("no"), 4),
        (Declined("no"), 1),
    ],
)
def test_error_has_its_own_exit_code_or_that_of_its_command(
    error: DeployError, own: int, asked: int | None
) -> None:
    assert exit_codes.of_error(error, asked) == (asked or own)


def test_interruption_is_130_even_if_the_command_answers_by_exit_code() -> None:
    assert exit_codes.of_error(Interrupted("no"), 5) == 130


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (DeploymentStatus.SUCCEEDED, 0),
        (DeploymentStatus.FAILED, 1),
        (DeploymentStatus.ROLLED_BACK, 1),
        (DeploymentStatus.UNVERIFIED, 1),
        (DeploymentStatus.TIMED_OUT, 3),
        (DeploymentStatus.IN_PROGRESS, 3),
        (DeploymentStatus.INTERRUPTED, 130),
    ],
)
def test_only_a_successful_deployment_is_exit_code_0(status: DeploymentStatus, code: int) -> None:
    assert exit_codes.of_deployment(deployment(status=status)) == code


def test_every_status_has_an_exit_code() -> None:
    assert [exit_codes.of_deployment(deployment(status=status)) == 0 for status in DeploymentStatus].count(
        True
    ) == 1


def test_help_names_every_exit_code() -> None:
    codes = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    named = {int(number) for number in re.findall(r"\b\d+\b", exit_codes.IN_WORDS)}
    assert named == codes
