"""The tool as a process, on a sandbox behind a proxy."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weco_deploy.model.project import Project
from weco_deploy.sandbox.running import Sandbox

ENDS_WITHIN = 300.0
_SOURCES = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of progress, and when it was written: seconds since the epoch."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that ended, however it ended. `code` is negative where a signal killed it."""

    code: int
    out: str
    progress: tuple[Line, ...]
    ended: float

    @property
    def document(self) -> Mapping[str, Any]:
        """The one document on stdout. Any: tests read what they look for."""
        document: Mapping[str, Any] = json.loads(self.out)
        return document

    @property
    def status(self) -> str:
        """The deployment's status, or the error's code; `killed` where nothing was said."""
        if not self.out:
            return "killed"
        document = self.document
        return str(
            document["deployment"]["status"] if "deployment" in document else document["error"]["code"]
        )

    @property
    def told(self) -> str:
        """All that it said, for the message of an assertion."""
        return "\n".join((f"exit {self.code} {self.status}", *(line.text for line in self.progress)))


class Running:
    """A run that goes on."""

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

    async def ended(self) -> Ran:
        """Wait for its end; a run that does not end in time is killed, and fails the test."""
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                code, out, _ = await asyncio.gather(self.process.wait(), self._out, self._err)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            said = "\n".join(line.text for line in self.progress)
            raise AssertionError(f"it did not end within {ENDS_WITHIN:g} s:\n{said}") from None
        return Ran(code=code, out=out.decode(), progress=tuple(self.progress), ended=time.time())


async def begin(sandbox: Sandbox, endpoint: str, directory: Path, *arguments: str) -> Running:
    """Start `weco-deploy --confirm --output json ARGUMENTS` in a directory with a project file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "weco_deploy",
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
    return Running(process)


def write_project_file(project: Project, directory: Path) -> None:
    """The project as a file that the tool finds there. JSON is YAML."""
    described = {
        "name": project.name,
        "environments": [{"id": one.id, "name": one.name} for one in project.environments],
        "image_repositories": [
            {"id": image.id, "services": list(image.services)} for image in project.images
        ],
    }
    (directory / ".wellcome_project").write_text(json.dumps({project.id: described}))


def _environment(sandbox: Sandbox, endpoint: str) -> dict[str, str]:
    ours = ("WECO_DEPLOY_", "AWS_", "PYTEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    sources = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
    return inherited | sandbox.environment() | {"AWS_ENDPOINT_URL": endpoint, "PYTHONPATH": sources}
