"""Runs the published weco-deploy 5.7.4 as a process against a sandbox, isolated from the rest of the machine.

At each start it asks the package index for newer versions, adds a line to the system's git configuration, and writes
into the home directory. This turns the first off, and redirects the others to a directory of the test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weco_deploy.model.project import Project

VERSION = "5.7.4"
PYTHON_VARIABLE = "PUBLISHED_5X_PYTHON"
"""The variable with the Python in which 5.7.4 is installed. It needs distutils: Python 3.11, or setuptools."""

_TIMEOUT_SECONDS = 180.0
_IDENTITY = ("-c", "user.name=Anybody", "-c", "user.email=anybody@example.com")

_RUN_SCRIPT = """
import sys
import deploy
started = sys.modules["deploy.deploy"]
started.warn_if_not_latest_version = lambda: None
deploy.main()
"""

_OPTIONS_SCRIPT = """
import json, sys
import click, deploy
tool = sys.modules["deploy.deploy"].cli
def options(command):
    return [
        {"names": list(parameter.opts), "flag": bool(getattr(parameter, "is_flag", False)),
         "argument": isinstance(parameter, click.Argument)}
        for parameter in command.params
    ]
commands = {name: options(command) for name, command in tool.commands.items()}
print(json.dumps({"global": options(tool), "commands": commands}))
"""


class Published:
    """The published 5.7.4.

    Args:
        python: the Python in which it is installed.
        environment: the variables that make it use a sandbox.
        directory: where it runs; `open` makes a git repository there.

    """

    def __init__(self, python: Path, environment: Mapping[str, str], directory: Path) -> None:
        self._python = python
        self._directory = directory
        self._environment = _isolated(environment, directory)

    def open(self, project: Project) -> None:
        """Write the project file, in a git repository as the tool expects."""
        write_project_file(project, self._directory)
        self._git("init", "--quiet")
        self._git(*_IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "First")
        self._git("remote", "add", "origin", str(self._directory))

    def run(self, *arguments: str) -> str:
        """Run `weco-deploy --confirm ARGUMENTS`, which must succeed; returns its output."""
        return self._python_code(_RUN_SCRIPT, "--confirm", *arguments)

    def release(self, *arguments: str) -> str:
        """Run a command that makes a release; returns the release id."""
        made = re.search(r"Created release ([0-9a-f-]{36})", self.run(*arguments))
        assert made is not None
        return made[1]

    def options(self) -> Mapping[str, Any]:
        """The options and arguments of its command line."""
        options: Mapping[str, Any] = json.loads(self._python_code(_OPTIONS_SCRIPT))
        return options

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self._directory, env=self._environment, check=True)

    def _python_code(self, code: str, *arguments: str) -> str:
        completed = subprocess.run(
            [self._python, "-W", "ignore", "-c", code, *arguments],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
        assert completed.returncode == 0, f"{arguments}: {completed.stdout}"
        return completed.stdout


def write_project_file(project: Project, directory: Path) -> Path:
    """Write a project file that every version of the tool reads."""
    content = {
        "name": project.name,
        "role_arn": project.role_arn,
        "environments": [
            {"id": environment.id, "name": environment.name} for environment in project.environments
        ],
        "image_repositories": [
            {"id": image.id, "services": [{"id": service} for service in image.services]}
            for image in project.images
        ],
    }
    file = directory / ".wellcome_project"
    file.write_text(json.dumps({project.id: content}))  # JSON is YAML
    return file


def _isolated(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    return {
        **environment,
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_SYSTEM": str(directory / "system-git-config"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
    }
