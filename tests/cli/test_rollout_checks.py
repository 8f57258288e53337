"""Checks after a rollout, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.operations.test_rollout_checks import SMOKE, checked
from tests.world.machine import Behaves

PROJECT_FILE = """
sample:
  environments:
    - id: stage
      checks:
        - {id: smoke, run: [./smoke-test, --quick]}
    - id: prod
  image_repositories:
    - {id: search, services: [search-api]}
    - {id: items, services: [items-api]}
"""


def test_failed_check_is_told_with_its_output_which_the_record_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".wellcome_project").write_text(PROJECT_FILE)
    monkeypatch.chdir(tmp_path)
    world = checked(SMOKE)
    desk = Desk(world, monkeypatch, capsys)
    world.push("search")
    world.machine.next = [Behaves(code=3, lines=("no answer",))]

    ran = desk.run("--confirm", "release-deploy")

    assert ran.code == 1
    assert "Checks when all services have settled (1):" in ran.err
    assert "smoke | no answer" in ran.err
    assert "smoke did not succeed: exit code 3" in ran.out
    assert "✗ smoke (checks) failed after" in ran.out
    assert "| no answer" in ran.out
    shown = desk.run("show-deployment")
    assert "✗ smoke (checks) failed after" in shown.out
    assert "no answer" not in shown.out
