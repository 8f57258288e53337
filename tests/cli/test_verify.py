"""`verify` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.cli.test_rollout_checks import PROJECT_FILE
from tests.operations.test_rollout_checks import SMOKE, checked
from tests.world.machine import Behaves


@pytest.fixture
def deployed_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A command line in a directory with a project whose stage has a check, and a release that passed it."""
    (tmp_path / ".wellcome_project").write_text(PROJECT_FILE)
    monkeypatch.chdir(tmp_path)
    desk = Desk(checked(SMOKE), monkeypatch, capsys)
    assert desk.run("--confirm", "release-deploy").code == 0
    return desk


def test_passed_checks_are_told(deployed_desk: Desk) -> None:
    ran = deployed_desk.run("verify")
    assert ran.code == 0
    assert ran.out.startswith("✓ stage with release ")
    assert ": verified\n  ✓ smoke (checks) succeeded after " in ran.out


def test_failed_check_is_told_with_its_output_and_the_exit_code_is_1(deployed_desk: Desk) -> None:
    deployed_desk.world.machine.next = [Behaves(code=3, lines=("no answer",))] * 2

    ran = deployed_desk.run("verify")
    document = deployed_desk.run("--output", "json", "verify").json["verification"]

    assert ran.code == 1
    assert ": smoke did not succeed\n  ✗ smoke (checks) failed after " in ran.out
    assert "| no answer" in ran.out
    assert (document["environment"], document["passed"]) == ("stage", False)
    (check,) = document["checks"]
    assert (check["exit_code"], check["log_lines"]) == (3, ["no answer"])


def test_dry_run_is_refused_because_the_checks_would_run(deployed_desk: Desk) -> None:
    ran = deployed_desk.run("--dry-run", "verify")
    assert ran.code == 2
    assert "verify has no dry run" in ran.err
    assert len(deployed_desk.world.machine.started) == 1
