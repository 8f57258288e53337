"""Runs the tool as a process, against a sandbox behind a proxy."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weco_deploy.model.project import Project
from weco_deploy.sandbox.running import Sandbox

TIMEOUT_SECONDS = 300.0
_SOURCES = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of progress, and when it was written, in seconds since the epoch."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedRun:
    """A run of the tool that has ended. `code` is negative if a signal killed it."""

    code: int
    out: str
    progress: tuple[Line, ...]
    ended: float

    @property
    def document(self) -> Mapping[str, Any]:
        """The JSON document on stdout."""
        document: Mapping[str, Any] = json.loads(self.out)
        return document

    @property
    def status(self) -> str:
        """The deployment's status or the error's code; `killed` without output."""
        if not self.out:
            return "killed"
        document = self.document
        return str(
            document["deployment"]["status"] if "deployment" in document else document["error"]["code"]
        )

    @property
    def log(self) -> str:
        """Exit code, status and progress, for the message of an assertion."""
        return "\n".join((f"exit {self.code} {self.status}", *(line.text for line in self.progress)))


class RunningTool:
    """A run of the tool that has not ended yet."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.progress: list[Line] = []
        assert process.stdout is not None
        self._out = asyncio.ensure_future(process.stdout.read())
        self._err = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.progress.append(Line(time.time(), line.decode().rstrip("\n")))

    async def wait(self) -> CompletedRun:
        """Wait until the run has ended. Kills a run that takes too long, and fails the test."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                code, out, _ = await asyncio.gather(self.process.wait(), self._out, self._err)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            log = "\n".join(line.text for line in self.progress)
            raise AssertionError(f"it did not end within {TIMEOUT_SECONDS:g} s:\n{log}") from None
        return CompletedRun(code=code, out=out.decode(), progress=tuple(self.progress), ended=time.time())


PYTHON_M = (sys.executable, "-m", "weco_deploy")


async def start(
    sandbox: Sandbox, endpoint: str, directory: Path, *arguments: str, program: Sequence[str] = PYTHON_M
) -> RunningTool:
    """Start `weco-deploy --confirm --output json ARGUMENTS` in a directory with a project file."""
    process = await asyncio.create_subprocess_exec(
        *program,
        "--confirm",
        "--output",
        "json",
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd=directory,
        env=_environment(sandbox, endpoint),
        limit=1024 * 1024,
    )
    return RunningTool(process)


def write_project_file(project: Project, directory: Path) -> None:
    """Writes a project file that the tool finds in the directory."""
    content = {
        "name": project.name,
        **({"role_arn": project.role_arn} if project.role_arn else {}),
        "environments": [
            {"id": environment.id, "name": environment.name} for environment in project.environments
        ],
        "image_repositories": [
            {"id": image.id, "services": list(image.services)} for image in project.images
        ],
    }
    (directory / ".wellcome_project").write_text(json.dumps({project.id: content}))  # JSON is YAML


def upstreams(sandbox: Sandbox) -> Mapping[str, str]:
    """What a proxy in front of the sandbox forwards to."""
    simulation = sandbox.state.simulation_endpoint
    return {"": sandbox.endpoint, "ecs": simulation, "logs": simulation, "sts": simulation, "tag": simulation}


def _environment(sandbox: Sandbox, endpoint: str) -> dict[str, str]:
    removed = ("WECO_DEPLOY_", "AWS_", "PYTEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(removed)}
    sources = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
    endpoints = dict.fromkeys(sandbox.state.endpoints, endpoint)
    return inherited | sandbox.environment() | endpoints | {"PYTHONPATH": sources}
