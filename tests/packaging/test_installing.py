"""The action's step and the Dockerfile's commands install, from the package index, exactly what constraints.txt pins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.packaging.action_file import ROOT, Action
from tests.packaging.requirements import pins, product
from tests.packaging.test_dockerfile import INSTRUCTIONS, copied

pytestmark = pytest.mark.packaging


def bash(script: str, directory: Path, **variables: str) -> None:
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        cwd=directory,
        env={**os.environ, **variables},
        check=True,
        timeout=600,
    )


def installed(environment: Path) -> dict[str, Version]:
    """What is in a virtual environment, but for weco-deploy itself, which must start."""
    python = environment / "bin" / "python"
    subprocess.run([environment / "bin" / "weco-deploy", "--version"], check=True, timeout=60)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True, timeout=60
    )
    return {
        canonicalize_name(package["name"]): Version(package["version"])
        for package in json.loads(listed.stdout)
        # setuptools comes with a virtual environment of Python 3.11, and is not used.
        if package["name"] not in {"weco-deploy", "setuptools"}
    }


def test_the_action_installs_what_the_constraints_pin(tmp_path: Path) -> None:
    step = Action().steps[-2]

    bash(step["run"], tmp_path, PYTHON=sys.executable, SOURCE=str(ROOT), RUNNER_TEMP=str(tmp_path))

    found = installed(tmp_path / "weco-deploy")
    assert found.items() <= pins("constraints.txt").items()
    assert "boto3" in found
    assert "jinja2" not in found


def test_the_action_installs_what_the_board_needs_if_it_is_to_update_one(tmp_path: Path) -> None:
    step = Action().steps[-2]

    bash(
        step["run"],
        tmp_path,
        PYTHON=sys.executable,
        SOURCE=str(ROOT),
        RUNNER_TEMP=str(tmp_path),
        BOARD="s3://boards",
    )

    found = installed(tmp_path / "weco-deploy")
    assert found.items() <= pins("constraints.txt").items()
    assert "jinja2" in found


def test_the_dockerfile_installs_what_the_constraints_pin_with_publish_and_board(tmp_path: Path) -> None:
    (command,) = (line for line in INSTRUCTIONS if line.startswith("RUN ") and "pip install" in line)
    context, programs = tmp_path / "context", tmp_path / "programs"
    programs.mkdir()
    (programs / "python").symlink_to(sys.executable)
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            context.mkdir(exist_ok=True)
            shutil.copy(source, context / name)

    script = command.removeprefix("RUN ").replace("/opt/weco-deploy", str(tmp_path / "installed"))
    bash(script, context, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")

    found = installed(tmp_path / "installed")
    assert found.items() <= pins("constraints.txt").items()
    assert {canonicalize_name(requirement.name) for requirement in product()} <= found.keys()
