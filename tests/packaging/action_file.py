"""`action.yml` as GitHub reads it, and its last step run as GitHub runs it."""

from __future__ import annotations

import os
import re
import shlex
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
        defaults = {name: each.get("default", "") for name, each in self.inputs.items()}
        inputs = defaults | {name.replace("_", "-"): value for name, value in given.items()}
        runner = directory / "runner"
        runner.mkdir()
        (runner / "weco-deploy").write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m weco_deploy "$@"\n'
        )
        (runner / "weco-deploy").chmod(0o755)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", self.last["run"]],
            cwd=directory,
            env={
                "PATH": f"{runner}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(directory),
                "PYTHONPATH": str(ROOT / "src"),
                "RUNNER_TEMP": str(runner),
                "GITHUB_OUTPUT": str(runner / "outputs"),
                "GITHUB_STEP_SUMMARY": str(runner / "summary"),
                **environment,
                **{name: self._value(text, inputs) for name, text in self.last["env"].items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_ENDS_WITHIN,
        )
        lines = (runner / "outputs").read_text().splitlines()
        return Ran(
            done.returncode,
            done.stdout,
            dict(line.split("=", 1) for line in lines),
            (runner / "summary").read_text(),
        )

    def _value(self, text: str, inputs: Mapping[str, str]) -> str:
        """GitHub puts values where expressions are."""

        def found(match: re.Match[str]) -> str:
            source = match["source"]
            return str(ROOT) if source == "github.action_path" else inputs[source.removeprefix("inputs.")]

        return EXPRESSION.sub(found, text)
