"""`action.yml` as GitHub reads it, and its last step run as GitHub runs it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXPRESSION = re.compile(r"\$\{\{ *(?P<source>[\w.-]+) *\}\}")
_ENDS_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[bytes]
    directory: Path

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def ended(self) -> Ran:
        try:
            code = self.process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        lines = (self.directory / "outputs").read_text().splitlines()
        told = dict(line.split("=", 1) for line in lines)
        return Ran(code, self.log, told, (self.directory / "summary").read_text())


def _install(directory: Path) -> None:
    """As the step before the last leaves it, with this very interpreter."""
    directory.mkdir(parents=True)
    python = shlex.quote(sys.executable)
    for name, command in {"python": python, "weco-deploy": f"{python} -m weco_deploy"}.items():
        (directory / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (directory / name).chmod(0o755)


class Action:
    def __init__(self) -> None:
        self.content: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())

    @property
    def inputs(self) -> Mapping[str, Mapping[str, str]]:
        found: Mapping[str, Mapping[str, str]] = self.content["inputs"]
        return found

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self.content["runs"]["steps"]
        return found

    @property
    def last(self) -> Mapping[str, Any]:
        return self.steps[-1]

    def run(self, directory: Path, environment: Mapping[str, str], **given: str) -> Ran:
        """The last step in `directory`, with these inputs (`_` for `-`) and the defaults of the others."""
        return self.begin(directory, environment, **given).ended()

    def begin(self, directory: Path, environment: Mapping[str, str], **given: str) -> Running:
        """The same, without waiting for its end."""
        defaults = {name: each.get("default", "") for name, each in self.inputs.items()}
        inputs = defaults | {name.replace("_", "-"): value for name, value in given.items()}
        runner = directory / "runner"
        _install(runner / "weco-deploy" / "bin")
        log = runner / "log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", self.last["run"]],
                cwd=directory,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(directory),
                    "PYTHONPATH": str(ROOT / "src"),
                    "RUNNER_TEMP": str(runner),
                    "GITHUB_OUTPUT": str(runner / "outputs"),
                    "GITHUB_STEP_SUMMARY": str(runner / "summary"),
                    **environment,
                    **{name: self._value(text, inputs) for name, text in self.last["env"].items()},
                },
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Running(process, runner)

    def _value(self, text: str, inputs: Mapping[str, str]) -> str:
        """GitHub puts values where expressions are."""

        def found(match: re.Match[str]) -> str:
            source = match["source"]
            return str(ROOT) if source == "github.action_path" else inputs[source.removeprefix("inputs.")]

        return EXPRESSION.sub(found, text)
