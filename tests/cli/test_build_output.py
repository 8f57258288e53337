"""In a job of a build system, the result goes there, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.world import crash

DEPLOY = ("--confirm", "release-deploy", "--environment-id", "stage")


def test_failed_deployment_is_annotated_summarized_and_output(desk: Desk, summary: Path) -> None:
    assert desk.run(*DEPLOY).code == 0
    desk.world.push("search", crash())

    ran = desk.run(*DEPLOY)

    assert ran.code == 1
    assert "::group::Deploying release " in ran.err
    annotations = [line for line in ran.err.splitlines() if line.startswith("::error ")]
    assert len(annotations) == 1
    assert annotations[0].startswith("::error title=search-api::search-api (")
    assert "exit code 1" in annotations[0]
    assert ran.err.splitlines()[-1] == annotations[0]
    assert "failed" in summary.read_text().splitlines()[-1] or "### ✗ Release" in summary.read_text()
    outputs = (summary.parent / "outputs").read_text().splitlines()
    assert outputs[-3] == "status=failed"
    assert outputs[-1] != "deployment-id="


def test_json_on_stdout_stays_a_single_document(desk: Desk, summary: Path) -> None:
    ran = desk.run("--output", "json", *DEPLOY)

    assert ran.json["deployment"]["status"] == "succeeded"
    assert summary.read_text().startswith("### ✓ Release ")


def test_error_before_a_deployment_is_annotated_and_summarized(desk: Desk, summary: Path) -> None:
    ran = desk.run("--confirm", "deploy", "--environment-id", "qa")

    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("::error title=weco-deploy::")
    assert "nothing was deployed" in summary.read_text()
    assert "status=not_found" in (summary.parent / "outputs").read_text()


@pytest.mark.parametrize("arguments", [("--confirm", "prepare"), ("--dry-run", *DEPLOY)])
def test_releases_and_plans_are_summarized(desk: Desk, summary: Path, arguments: tuple[str, ...]) -> None:
    assert desk.run(*arguments).code == 0
    assert summary.read_text().startswith(("### Release ", "### Plan for stage: "))


def test_build_that_can_not_be_reported_to_is_a_warning(
    desk: Desk, summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary.parent))

    ran = desk.run(*DEPLOY)

    assert ran.code == 0
    assert ran.err.splitlines()[-1].startswith("warning: the build did not get the whole result: ")


def test_gitlab_job_gets_variables_for_later_jobs(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))

    assert desk.run(*DEPLOY).code == 0

    assert (tmp_path / "weco-deploy.env").read_text().startswith("DEPLOYMENT_STATUS=succeeded\nRELEASE_ID=")


def test_nothing_is_reported_outside_of_builds(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))

    ran = desk.run(*DEPLOY)

    assert "::" not in ran.err
    assert not (tmp_path / "summary").exists()
