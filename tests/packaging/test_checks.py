"""GitHub's workflow and the hooks before a commit run what .ci/run and the Makefile have."""

from __future__ import annotations

import re

import yaml

from tests.packaging.action_file import ROOT

TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def ci_steps() -> list[str]:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    return [line.partition(" #")[0].strip() for line in lines if line.startswith(("make ", "bash "))]


def test_the_workflow_runs_the_steps_of_ci_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())

    steps = workflow["jobs"]["checks"]["steps"]

    assert [step["run"] for step in steps if "run" in step] == ci_steps()
    assert len(ci_steps()) > 5


def test_the_hooks_run_targets_of_the_makefile() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

    assert {hook["entry"].removeprefix("make ") for hook in hooks} <= TARGETS


def test_the_workflow_and_pyproject_name_the_same_pythons() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())
    pythons = workflow["jobs"]["checks"]["strategy"]["matrix"]["python"]

    project = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={pythons[0]}"' in project
    assert re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project) == pythons
