from __future__ import annotations

from pathlib import Path

import pytest

from weco_deploy.local import build_systems


def agent(directory: Path, script: str) -> dict[str, str]:
    """The environment of a Buildkite job whose agent is this shell script."""
    program = directory / "buildkite-agent"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"BUILDKITE": "true", "BUILDKITE_JOB_ID": "job-7", "PATH": f"{directory}:/usr/bin:/bin"}


def test_build_systems_are_known_by_their_variables(tmp_path: Path) -> None:
    assert build_systems.at_github({"GITHUB_ACTIONS": "true"})
    assert build_systems.at_gitlab({"GITLAB_CI": "true"})
    assert build_systems.at_buildkite(agent(tmp_path, ""))
    assert not build_systems.at_buildkite({"BUILDKITE": "true", "PATH": "/nowhere"})
    assert not any(
        known({}) for known in (build_systems.at_github, build_systems.at_buildkite, build_systems.at_gitlab)
    )


def test_github_summary_and_outputs_are_added_to_their_files(tmp_path: Path) -> None:
    environ = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for name in environ:
        (tmp_path / name).write_text("before\n")
    build_systems.add_github_summary("### done\n", environ)
    build_systems.set_github_outputs({"status": "failed", "release-id": ""}, environ)
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text() == "before\n### done\n"
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "before\nstatus=failed\nrelease-id=\n"


def test_github_without_files_gets_nothing() -> None:
    build_systems.add_github_summary("text", {})
    build_systems.set_github_outputs({"status": ""}, {})


def test_buildkite_gets_an_annotation_for_each_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = agent(tmp_path, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/markdown')
    monkeypatch.setenv("PATH", environ["PATH"])
    build_systems.annotate_buildkite("### ✗ failed\n", "error", environ)
    assert (tmp_path / "arguments").read_text() == "annotate --style error --context weco-deploy-job-7\n"
    assert (tmp_path / "markdown").read_text() == "### ✗ failed\n"


def test_agent_that_fails_is_an_error_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = agent(tmp_path, "cat > /dev/null; echo no such job >&2; exit 1")
    monkeypatch.setenv("PATH", environ["PATH"])
    with pytest.raises(OSError, match="buildkite-agent failed: no such job"):
        build_systems.annotate_buildkite("text", "error", environ)


def test_gitlab_gets_a_file_in_the_projects_directory(tmp_path: Path) -> None:
    build_systems.write_gitlab_variables("RELEASE_ID=1\n", {"CI_PROJECT_DIR": str(tmp_path)})
    assert (tmp_path / "weco-deploy.env").read_text() == "RELEASE_ID=1\n"
