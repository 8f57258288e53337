"""`--output-file` writes the JSON document to a file, while text goes to the terminal."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import Desk
from tests.cli.test_process import IN_TIME, process_at

FILE = Path("result.json")
DEPLOY = ("--confirm", "release-deploy", "--environment-id", "stage", "--output-file", str(FILE))


def written() -> Any:
    return json.loads(FILE.read_text())


def test_text_goes_to_stdout_and_the_document_to_the_file(desk: Desk) -> None:
    ran = desk.run(*DEPLOY)

    assert ran.code == 0
    assert "succeeded" in ran.out
    assert not ran.out.startswith("{")
    assert written()["deployment"]["status"] == "succeeded"


def test_file_has_the_document_of_stdout_with_output_json(desk: Desk) -> None:
    assert desk.run("--output", "json", *DEPLOY).json == written()


def test_document_of_an_earlier_run_is_replaced(desk: Desk) -> None:
    FILE.write_text("an earlier result " * 10_000)

    desk.run(*DEPLOY)

    assert written()["deployment"]["status"] == "succeeded"


@pytest.mark.parametrize("arguments", [("--dry-run", *DEPLOY), ("plan", *DEPLOY[2:])])
def test_plan_is_written_to_the_file(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk.run("--confirm", "prepare").code == 0

    assert desk.run(*arguments).code == 0
    assert written()["plan"]["environment"] == "stage"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deploy", "--release-id", "nothing"), "not_found"),
        (("deploy", "--environment-id", "qa"), "not_found"),
        (("deploy", "--confirmation-wait-for", "soon"), "usage"),
    ],
)
def test_error_is_written_to_the_file(desk: Desk, arguments: tuple[str, ...], code: str) -> None:
    ran = desk.run("--confirm", *arguments, "--output-file", str(FILE))

    assert ran.code != 0
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert written()["error"]["code"] == code


@pytest.mark.parametrize("path", ["missing/result.json", "."])
def test_path_that_cant_be_written_is_an_error_before_anything_changes(desk: Desk, path: str) -> None:
    ran = desk.run("--output", "json", "--confirm", "release-deploy", "--output-file", path)

    assert ran.code == 2
    assert ran.error["code"] == "usage"
    assert f"can't write {path}" in ran.error["message"]
    assert desk.connections == []


def test_file_that_cant_be_written_at_the_end_is_an_error_after_the_result(desk: Desk) -> None:
    ran = desk.run("--confirm", "release-deploy", "--output-file", "/dev/full")

    assert ran.code == 1
    assert "succeeded" in ran.out
    assert "could not be written to /dev/full" in ran.err


def test_interrupted_deployment_is_written_to_the_file() -> None:
    with process_at("store.note", *DEPLOY) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=IN_TIME)

    assert process.returncode == 130
    assert written()["deployment"]["status"] == "interrupted"


def test_interruption_before_anything_is_recorded_is_written_to_the_file() -> None:
    with process_at("runtime.describe", *DEPLOY) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=IN_TIME)

    assert process.returncode == 130
    assert written()["error"]["code"] == "interrupted"
