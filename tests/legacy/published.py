"""weco-deploy 5.7.4 as it was published, run as a process on a sandbox, in a place where it can do no harm.

It asks the package index for newer versions at each start, adds a line to the system's git configuration, and writes
into the home directory: the first is switched off, the others go to a directory of the test's.
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
"""Names the Python that it is installed for. It needs distutils: before 3.12, or with setuptools."""

_ENDS_WITHIN = 180.0
_SOMEBODY = ("-c", "user.name=Anybody", "-c", "user.email=anybody@example.com")

_RUN = """
import sys
import deploy
started = sys.modules["deploy.deploy"]
started.warn_if_not_latest_version = lambda: None
deploy.main()
"""

_OPTIONS = """
import json, sys
import click, deploy
tool = sys.modules["deploy.deploy"].cli
def told(command):
    return [
        {"names": list(each.opts), "flag": bool(getattr(each, "is_flag", False)),
         "argument": isinstance(each, click.Argument)}
        for each in command.params
    ]
print(json.dumps({"global": told(tool), "commands": {name: told(each) for name, each in tool.commands.items()}}))
"""


class Published:
    """`environment`: the variables that make it use a sandbox. It runs in a git repository made in `directory`."""

    def __init__(self, python: Path, environment: Mapping[str, str], directory: Path) -> None:
        self._python = python
        self._directory = directory
        self._environment = _harmless(environment, directory)

    def open(self, project: Project) -> None:
        """Write the project file, and make the git repository that the tool expects around it."""
        write_project_file(project, self._directory)
        self._git("init", "--quiet")
        self._git(*_SOMEBODY, "commit", "--quiet", "--allow-empty", "--message", "First")
        self._git("remote", "add", "origin", str(self._directory))

    def run(self, *arguments: str) -> str:
        """`weco-deploy --confirm ARGUMENTS`, which has to end well; answers what it said."""
        return self._python_code(_RUN, "--confirm", *arguments)

    def release(self, *arguments: str) -> str:
        """As `run`, of a command that makes a release; answers its id."""
        made = re.search(r"Created release ([0-9a-f-]{36})", self.run(*arguments))
        assert made is not None
        return made[1]

    def options(self) -> Mapping[str, Any]:
        """What its command line accepts. Any: the document is compared whole."""
        told: Mapping[str, Any] = json.loads(self._python_code(_OPTIONS))
        return told

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self._directory, env=self._environment, check=True)

    def _python_code(self, code: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._python, "-W", "ignore", "-c", code, *arguments],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_ENDS_WITHIN,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}"
        return done.stdout


def write_project_file(project: Project, directory: Path) -> Path:
    """The project as a file that any version of the tool reads. JSON is YAML."""
    described = {
        "name": project.name,
        "role_arn": project.role_arn,
        "environments": [{"id": each.id, "name": each.name} for each in project.environments],
        "image_repositories": [
            {"id": image.id, "services": [{"id": service} for service in image.services]}
            for image in project.images
        ],
    }
    file = directory / ".wellcome_project"
    file.write_text(json.dumps({project.id: described}))
    return file


def _harmless(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    return {
        **environment,
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_SYSTEM": str(directory / "system-git-config"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
    }
