"""Reads `action.yml`, and runs its last step like GitHub."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import preloaded

ROOT = Path(__file__).parents[2]
EXPRESSION = re.compile(r"\$\{\{ *(?P<source>[\w.-]+) *\}\}")
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class CompletedRun:
    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


@dataclass(frozen=True, slots=True)
class RunningStep:
    process: subprocess.Popen[bytes]
    directory: Path

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def wait(self) -> CompletedRun:
        try:
            code = self.process.wait(_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        lines = (self.directory / "outputs").read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return CompletedRun(code, self.log, outputs, (self.directory / "summary").read_text())


def _install(script: str, directory: Path) -> None:
    directory.mkdir(parents=True)
    tool = directory / "weco-deploy"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


class Action:
    """The action. `tool` is the shell script that is run as the tool, by default as a process whose imports were made before."""

    def __init__(self, tool: str | None = None) -> None:
        self.content: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
        self._tool = tool

    @property
    def inputs(self) -> Mapping[str, Mapping[str, str]]:
        inputs: Mapping[str, Mapping[str, str]] = self.content["inputs"]
        return inputs

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        steps: list[Mapping[str, Any]] = self.content["runs"]["steps"]
        return steps

    @property
    def last_step(self) -> Mapping[str, Any]:
        return self.steps[-1]

    def run(self, directory: Path, environment: Mapping[str, str], **given: str) -> CompletedRun:
        """Run the last step in `directory` with these inputs (`_` for `-`), and defaults for the others."""
        return self.start(directory, environment, **given).wait()

    def start(self, directory: Path, environment: Mapping[str, str], **given: str) -> RunningStep:
        """Like `run`, but does not wait."""
        defaults = {name: definition.get("default", "") for name, definition in self.inputs.items()}
        inputs = defaults | {name.replace("_", "-"): value for name, value in given.items()}
        runner = directory / "runner"
        _install(
            self._tool or f'exec {shlex.join(preloaded.program("weco_deploy"))} "$@"',
            runner / "weco-deploy" / "bin",
        )
        log = runner / "log"
        with log.open("wb") as log_file:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", self.last_step["run"]],
                cwd=directory,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(directory),
                    "PYTHONPATH": str(ROOT / "src"),
                    "RUNNER_TEMP": str(runner),
                    "GITHUB_ACTIONS": "true",
                    "GITHUB_OUTPUT": str(runner / "outputs"),
                    "GITHUB_STEP_SUMMARY": str(runner / "summary"),
                    **environment,
                    **{name: self._value(text, inputs) for name, text in self.last_step["env"].items()},
                },
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return RunningStep(process, runner)

    def _value(self, text: str, inputs: Mapping[str, str]) -> str:
        """Replaces expressions by their values, like GitHub."""

        def value_of(match: re.Match[str]) -> str:
            source = match["source"]
            return str(ROOT) if source == "github.action_path" else inputs[source.removeprefix("inputs.")]

        return EXPRESSION.sub(value_of, text)
